"""Reads the lines that the tests print; they are in Unity's format, but need no Unity library."""

from platformio.public import UnityTestRunner


class CustomTestRunner(UnityTestRunner):
    """Unity's reader, without fetching Unity; the golden test sees every op's output through the hook."""

    EXTRA_LIB_DEPS = None

    def configure_build_env(self, env):
        """Let the generated code call the test after every op."""
        env.Append(CPPDEFINES=["BNNCL_TRACE_HOOK"])
        return env

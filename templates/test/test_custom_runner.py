"""Reads the lines that the tests print; they are in Unity's format, but need no Unity library."""

from platformio.public import UnityTestRunner


class CustomTestRunner(UnityTestRunner):
    """Unity's reader, without fetching Unity and without configuring the build for it."""

    EXTRA_LIB_DEPS = None

    def configure_build_env(self, env):
        """Leave the build as it is."""
        return env

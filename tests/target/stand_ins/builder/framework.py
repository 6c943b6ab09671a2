"""Adds what the vendor's framework adds: flags for the core, sources in the vendor's dialect, memory."""

from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()
build = env.BoardConfig().get("build")
core = build["core_flags"]
memory = [f"-Wl,--defsym=__{name}={value}" for name, value in build["memory"].items()]
env.Append(
    CCFLAGS=[*core, "-Os", "-ffunction-sections", "-fdata-sections", "-Wall", "--specs=picolibc.specs"],
    LINKFLAGS=[*core, "-Os", "-Wl,--gc-sections", "--specs=picolibc.specs", *memory],
)
env.BuildSources("$BUILD_DIR/framework", env.PioPlatform().get_dir() + "/framework")

"""Builds for the core that the board file describes, and writes the script that runs it in QEMU.

`$BUILD_DIR/program` is what `pio test` and `pio run -t exec` start. It runs the emulator under a time
limit, since PlatformIO has none.
"""

import shlex
import stat
from pathlib import Path

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
build = env.BoardConfig().get("build")

env.Replace(
    CC=build["cc"],
    LINK=build["cc"],
    AS=build["cc"],
    AR=build["ar"],
    RANLIB=build["ranlib"],
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
)
env.Append(CCFLAGS=build["core_flags"], LINKFLAGS=[*build["core_flags"], *build["link_flags"]])


def write_runner(target, source, env):
    """Write the shell script `target` that runs the program `source`."""
    command = shlex.join(["timeout", str(build["time_limit_s"]), *build["emulator"]])
    script = Path(str(target[0]))
    script.write_text(f'#!/bin/sh\nexec {command} -kernel "${{0%/*}}/{Path(str(source[0])).name}"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


program = env.BuildProgram()
runner = env.Command(
    "$BUILD_DIR/program",
    [program, env.Value(build["emulator"])],
    env.VerboseAction(write_runner, "Writing the script $TARGET"),
)
Default([program, runner])
AlwaysBuild(
    env.Alias("exec", runner, env.VerboseAction('"$BUILD_DIR/program"', "Executing $BUILD_DIR/program"))
)
env.Alias("buildprog", [program, runner])

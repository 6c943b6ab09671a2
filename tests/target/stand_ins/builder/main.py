"""Builds for a board as its vendor's platform does, with the system's compiler and picolibc."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
build = env.BoardConfig().get("build")
prefix = build["prefix"]
env.Replace(
    CC=f"{prefix}gcc",
    LINK=f"{prefix}gcc",
    AS=f"{prefix}gcc",
    AR=f"{prefix}ar",
    RANLIB=f"{prefix}ranlib",
    SIZETOOL=f"{prefix}size",
    SIZEPROGREGEXP=r"^(?:\.init|\.text|\.data|\.rodata)\s+(\d+).*",
    SIZEDATAREGEXP=r"^(?:\.data|\.bss)\s+(\d+).*",
    SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
)
program = env.BuildProgram()
env.Alias("buildprog", [program, env.Alias("checkprogsize")])
Default(["buildprog"])

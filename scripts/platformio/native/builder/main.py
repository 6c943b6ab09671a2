"""Builds a project with the machine's own compiler and runs it."""

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
env.Replace(PROGNAME="program")
program = env.BuildProgram()
Default([program])
AlwaysBuild(env.Alias("exec", program, env.VerboseAction("$PROG_PATH $PROGRAM_ARGS", "Executing $PROG_PATH")))
env.Alias("buildprog", program, program)

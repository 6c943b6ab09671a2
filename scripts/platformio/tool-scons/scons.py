"""Starts the SCons that pip installed beside PlatformIO."""

from SCons.Script import main

main()

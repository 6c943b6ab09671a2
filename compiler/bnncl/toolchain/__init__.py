"""Compilers, emulators, ELF files and PlatformIO: everything that runs on the user's machine."""

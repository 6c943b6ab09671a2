"""Bit-exact arithmetic in numpy, each file the twin of one C header of the runtime."""

"""Descriptors of the C kernels: one file per C function, and the registry that lists them."""

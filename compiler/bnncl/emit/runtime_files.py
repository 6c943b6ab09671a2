"""The C files of the runtime that a project takes along: the kernels it uses, and no others."""

from __future__ import annotations

from collections.abc import Iterable

from bnncl.kernels.base import KernelCall
from bnncl.resources import runtime_dir

PUBLIC_HEADERS = ("bnncl/info.h", "bnncl/static_assert.h", "bnncl/status.h")
"""What the public header of a project includes; the others are private to its sources."""

_ALWAYS = ("bnncl/trace.h",)


def runtime_files(used: Iterable[KernelCall]) -> dict[str, bytes]:
    """Path in the project and content of every runtime file that the kernel calls `used` need."""
    kernels = {call.kernel.symbol: call.kernel for call in used}
    headers = {*_ALWAYS}
    for kernel in kernels.values():
        headers |= {kernel.header, *kernel.includes}
    folder = runtime_dir()
    files = {f"include/{header}": folder / "include" / header for header in PUBLIC_HEADERS}
    files |= {f"src/{header}": folder / "include" / header for header in headers - {*PUBLIC_HEADERS}}
    for kernel in kernels.values():
        files[f"src/bnncl/{kernel.symbol}.c"] = folder / kernel.source
    return {path: files[path].read_bytes() for path in sorted(files)}

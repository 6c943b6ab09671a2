"""Command-line arguments of compilers and emulators, derived from a target's data alone."""

from __future__ import annotations

from typing import Final

from bnncl.targets.model import Target
from bnncl.targets.toolchains import TOOLCHAINS

LANGUAGE: Final = ("-std=c99", "-O3")

WARNINGS: Final = (
    "-pedantic",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wundef",
    "-Wcast-align",
    "-Wvla",
)

_STACK_BYTES: Final = 32 << 10

_SEMIHOSTING: Final = (
    *("-display", "none", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)


def core_flags(target: Target) -> tuple[str, ...]:
    """Flags that compiler and linker both need for the core of `target`."""
    return (*TOOLCHAINS[target.toolchain].cflags, *target.cflags)


def memory_flags(target: Target) -> tuple[str, ...]:
    """Linker flags that tell the C library's linker script the memory of the emulated machine."""
    emulator = target.emulator
    if emulator is None:
        return ()
    symbols = (
        ("__flash", emulator.flash_base),
        ("__flash_size", emulator.flash_bytes),
        ("__ram", emulator.ram_base),
        ("__ram_size", emulator.ram_bytes),
        ("__stack_size", _STACK_BYTES),
    )
    return tuple(f"-Wl,--defsym={name}={value:#x}" for name, value in symbols)


def link_flags(target: Target) -> tuple[str, ...]:
    """Flags that only the linker needs for `target`, memory included."""
    return (*TOOLCHAINS[target.toolchain].ldflags, *memory_flags(target))


def emulator_arguments(target: Target, icount: bool = False) -> tuple[str, ...]:
    """QEMU's arguments for `target`, up to the program; with `icount` each instruction takes 1 ns."""
    emulator = target.emulator
    assert emulator is not None, f"{target.name} needs no emulator"
    counting = ("-icount", "shift=0") if icount else ()
    return ("-M", emulator.machine, *emulator.arguments, *_SEMIHOSTING, *counting)


def counter_defines(target: Target) -> tuple[tuple[str, str], ...]:
    """Macros that the counter's C file needs to turn ticks of `target` into instructions."""
    counter = target.counter
    if counter.kind != "systick":
        return ()
    return (
        ("BNNCL_COUNT_NUMERATOR", f"{counter.numerator}u"),
        ("BNNCL_COUNT_DENOMINATOR", f"{counter.denominator}u"),
    )

"""What a target is: records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

CounterKind = Literal["systick", "minstret", "pmccntr", "callgrind"]

CONSTANT_TIME: Final = "constant_time"
"""A feature that no core has by itself: what stands under `runtime_c/port/constant_time/` is taken."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler with the C library and start-up code that belong to it.

    `cflags` and `ldflags` hold for every core; `apt_packages` are the Debian packages that bring
    the compiler and the library, `emulator_packages` those that bring the emulator.
    """

    name: str
    cc: str
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    apt_packages: tuple[str, ...]
    emulator_packages: tuple[str, ...]


@dataclass(frozen=True)
class Counter:
    """How executed instructions are counted.

    One tick of the counter stands for `numerator / denominator` instructions when the emulator
    gives every instruction one nanosecond. `source` is the C file under `runtime_c/port/qemu/`.
    """

    kind: CounterKind
    source: str
    numerator: int = 1
    denominator: int = 1


@dataclass(frozen=True)
class Emulator:
    """A QEMU machine that executes the target's code, with the memory that a program may use.

    Addresses and sizes are in bytes. The memory belongs to the machine, not to any board.
    """

    qemu: str
    machine: str
    arguments: tuple[str, ...]
    flash_base: int
    flash_bytes: int
    ram_base: int
    ram_bytes: int


@dataclass(frozen=True)
class Target:
    """A core, with what its compiler has to be told and where its code can be run.

    `word_bits` is the width of a general register. `features` name what kernels may ask for
    (`thumb2`, `dsp`, `mve`, `v6m`, ...). `toolchain` is a key of `TOOLCHAINS`. `emulator` is None
    where the machine that compiles also runs the code. `mpy_arch` is the architecture of MicroPython's native
    modules (ARCH of its dynruntime.mk) that every firmware for the core loads, empty where it has none.
    """

    name: str
    title: str
    word_bits: int
    features: tuple[str, ...]
    toolchain: str
    cflags: tuple[str, ...]
    emulator: Emulator | None
    counter: Counter
    pio_env: str
    mpy_arch: str

    def portable(self) -> Target:
        """The same core, of which kernels may ask for nothing: all its code is portable C."""
        return replace(self, features=())

    def constant_time(self) -> Target:
        """The same core, with code of the runtime that does not branch by numbers where there is such."""
        return replace(self, features=(CONSTANT_TIME, *self.features))

"""The targets, one literal each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from bnncl.diagnostics import Problem, UsageError
from bnncl.targets.model import Counter, Emulator, Target

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20


def _mps2(machine: str, flash_base: int = 0, ram_base: int = 0x2000_0000) -> Emulator:
    return Emulator("qemu-system-arm", machine, (), flash_base, 4 * _MIB, ram_base, 1 * _MIB)


def _systick(numerator: int, denominator: int = 1) -> Counter:
    return Counter("systick", "bnncl_count_systick.c", numerator, denominator)


_HOST: Final = Target(
    name="host",
    title="the machine that compiles",
    word_bits=64,
    features=("avx2",),
    toolchain="host",
    cflags=(),
    emulator=None,
    counter=Counter("callgrind", "bnncl_count_callgrind.c"),
    pio_env="native",
    mpy_arch="x64",
)

# QEMU's only ARMv6-M machine has 16 KiB of RAM; a Cortex-M3 executes the same instructions.
_CORTEX_M0PLUS: Final = Target(
    name="cortex-m0plus",
    title="Arm Cortex-M0+",
    word_bits=32,
    features=("thumb", "v6m"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m0plus",),
    emulator=_mps2("mps2-an385"),
    counter=_systick(40),
    pio_env="qemu_cortex_m0plus",
    mpy_arch="armv6m",
)

_CORTEX_M3: Final = Target(
    name="cortex-m3",
    title="Arm Cortex-M3",
    word_bits=32,
    features=("thumb", "thumb2"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m3",),
    emulator=_mps2("mps2-an385"),
    counter=_systick(40),
    pio_env="qemu_cortex_m3",
    mpy_arch="armv7m",
)

_CORTEX_M4: Final = Target(
    name="cortex-m4",
    title="Arm Cortex-M4F",
    word_bits=32,
    features=("thumb", "thumb2", "dsp"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    emulator=_mps2("mps2-an386"),
    counter=_systick(40),
    pio_env="qemu_cortex_m4",
    mpy_arch="armv7emsp",
)

_CORTEX_M7: Final = Target(
    name="cortex-m7",
    title="Arm Cortex-M7F",
    word_bits=32,
    features=("thumb", "thumb2", "dsp"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
    emulator=_mps2("mps2-an500"),
    counter=_systick(40),
    pio_env="qemu_cortex_m7",
    mpy_arch="armv7emdp",
)

_CORTEX_M33: Final = Target(
    name="cortex-m33",
    title="Arm Cortex-M33F",
    word_bits=32,
    features=("thumb", "thumb2", "dsp", "v8m"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
    emulator=_mps2("mps2-an505", 0x1000_0000, 0x3800_0000),
    counter=_systick(50),
    pio_env="qemu_cortex_m33",
    mpy_arch="armv7m",
)

_CORTEX_M55: Final = Target(
    name="cortex-m55",
    title="Arm Cortex-M55 with Helium",
    word_bits=32,
    features=("thumb", "thumb2", "dsp", "v8m", "mve"),
    toolchain="arm",
    cflags=("-mcpu=cortex-m55", "-mfloat-abi=hard"),
    emulator=Emulator("qemu-system-arm", "mps3-an547", (), 0, 512 * _KIB, 0x2000_0000, 512 * _KIB),
    counter=_systick(125, 4),
    pio_env="qemu_cortex_m55",
    mpy_arch="armv7emdp",
)

_RV32IMAC: Final = Target(
    name="rv32imac",
    title="32-bit RISC-V, IMAC",
    word_bits=32,
    features=("rv32", "rvm", "rvc"),
    toolchain="riscv",
    cflags=("-march=rv32imac", "-mabi=ilp32"),
    emulator=Emulator(
        "qemu-system-riscv32", "virt", ("-bios", "none"), 0x8000_0000, 4 * _MIB, 0x8040_0000, 1 * _MIB
    ),
    counter=Counter("minstret", "bnncl_count_minstret.c"),
    pio_env="qemu_rv32imac",
    mpy_arch="rv32imc",
)

# Any core will do; QEMU's default for this machine has 32 bits. Without a network card no boot ROM of one is
# looked for.
_AARCH64: Final = Target(
    name="aarch64",
    title="64-bit Arm with NEON",
    word_bits=64,
    features=("aarch64", "neon"),
    toolchain="aarch64",
    cflags=("-march=armv8-a",),
    emulator=Emulator(
        *("qemu-system-aarch64", "virt", ("-cpu", "cortex-a53", "-nic", "none")),
        *(0x4000_0000, 16 * _MIB, 0x4100_0000, 16 * _MIB),
    ),
    counter=Counter("pmccntr", "bnncl_count_pmccntr.c"),
    pio_env="qemu_aarch64",
    mpy_arch="",
)

TARGETS: Final[dict[str, Target]] = {
    each.name: each
    for each in (
        _CORTEX_M0PLUS,
        _CORTEX_M3,
        _CORTEX_M4,
        _CORTEX_M7,
        _CORTEX_M33,
        _CORTEX_M55,
        _RV32IMAC,
        _AARCH64,
        _HOST,
    )
}


def target(name: str) -> Target:
    """The target called `name`; `UsageError` with the slug `unknown-target` where there is none."""
    found = TARGETS.get(name)
    if found is not None:
        return found
    close = get_close_matches(name, TARGETS, n=3, cutoff=0.6)
    guess = f"Did you mean {' or '.join(close)}? " if close else ""
    raise UsageError(
        Problem(
            slug="unknown-target",
            message=f"there is no target called {name!r}",
            where="--target",
            hint=f"{guess}The targets are {', '.join(TARGETS)}.",
        )
    )

"""The compilers, one literal each."""

from __future__ import annotations

from typing import Final

from bnncl.targets.model import Toolchain

_SECTIONS: Final = ("-ffunction-sections", "-fdata-sections")
_PICOLIBC: Final = "--specs=picolibc.specs"
_SEMIHOSTING: Final = ("--oslib=semihost", "--crt0=semihost", "-Wl,--gc-sections")

_HOST: Final = Toolchain(
    name="host",
    cc="cc",
    cflags=_SECTIONS,
    ldflags=("-Wl,--gc-sections",),
    apt_packages=("gcc", "libc6-dev"),
    emulator_packages=(),
)

_ARM: Final = Toolchain(
    name="arm",
    cc="arm-none-eabi-gcc",
    cflags=("-mthumb", _PICOLIBC, *_SECTIONS),
    ldflags=_SEMIHOSTING,
    apt_packages=("gcc-arm-none-eabi", "picolibc-arm-none-eabi"),
    emulator_packages=("qemu-system-arm",),
)

_RISCV: Final = Toolchain(
    name="riscv",
    cc="riscv64-unknown-elf-gcc",
    cflags=(_PICOLIBC, *_SECTIONS),
    ldflags=_SEMIHOSTING,
    apt_packages=("gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"),
    emulator_packages=("qemu-system-misc",),
)

# Debian's only compiler for bare 64-bit Arm is the one for Linux, whose programs can lie anywhere in memory.
_AARCH64: Final = Toolchain(
    name="aarch64",
    cc="aarch64-linux-gnu-gcc",
    cflags=("-fno-pie", _PICOLIBC, *_SECTIONS),
    ldflags=_SEMIHOSTING,
    apt_packages=("gcc-aarch64-linux-gnu", "picolibc-aarch64-linux-gnu"),
    emulator_packages=("qemu-system-arm",),
)

TOOLCHAINS: Final[dict[str, Toolchain]] = {each.name: each for each in (_HOST, _ARM, _RISCV, _AARCH64)}

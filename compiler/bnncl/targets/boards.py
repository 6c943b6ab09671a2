"""Boards with their true memory sizes, one literal each."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bnncl.diagnostics import Problem, UsageError

_KIB: Final = 1 << 10

# The platform's default is GCC 7; this is the generation that bnncl's own tests compile with.
_GCC_12: Final = ("platformio/toolchain-gccarmnoneeabi@~1.120301.0",)


@dataclass(frozen=True)
class Board:
    """A board one can buy: `id` is PlatformIO's, `target` a key of `TARGETS`.

    `flash_bytes` is the memory that holds code and constants. `ram_bytes` is what one contiguous
    context can at best use. Both are what the platform's own linker script for the board gives to a
    program, which can be less than the chip has: `memory_note` says where. `packages` are PlatformIO
    packages that replace the platform's defaults.
    """

    id: str
    title: str
    target: str
    flash_bytes: int
    ram_bytes: int
    platform: str
    framework: str
    packages: tuple[str, ...] = ()
    memory_note: str = ""


_BOARDS: Final = (
    Board(
        id="nucleo_h743zi",
        title="ST Nucleo-H743ZI",
        target="cortex-m7",
        flash_bytes=2048 * _KIB,
        ram_bytes=512 * _KIB,
        platform="ststm32",
        framework="cmsis",
        packages=_GCC_12,
        memory_note="AXI SRAM; 128 KiB of DTCM and 416 KiB in other banks lie at other addresses",
    ),
    Board(
        id="nucleo_f446re",
        title="ST Nucleo-F446RE",
        target="cortex-m4",
        flash_bytes=512 * _KIB,
        ram_bytes=128 * _KIB,
        platform="ststm32",
        framework="cmsis",
        packages=_GCC_12,
    ),
    Board(
        id="nucleo_f103rb",
        title="ST Nucleo-F103RB",
        target="cortex-m3",
        flash_bytes=128 * _KIB,
        ram_bytes=20 * _KIB,
        platform="ststm32",
        framework="cmsis",
        packages=_GCC_12,
    ),
    Board(
        id="nucleo_l073rz",
        title="ST Nucleo-L073RZ",
        target="cortex-m0plus",
        flash_bytes=192 * _KIB,
        ram_bytes=20 * _KIB,
        platform="ststm32",
        framework="cmsis",
        packages=_GCC_12,
    ),
    Board(
        id="nucleo_l552ze_q",
        title="ST Nucleo-L552ZE-Q",
        target="cortex-m33",
        flash_bytes=512 * _KIB,
        ram_bytes=192 * _KIB,
        platform="ststm32",
        framework="cmsis",
        packages=_GCC_12,
        memory_note="SRAM1; 64 KiB of SRAM2 are left out by the platform",
    ),
    Board(
        id="hifive1-revb",
        title="SiFive HiFive1 Rev B",
        target="rv32imac",
        flash_bytes=0x6A120,
        ram_bytes=16 * _KIB,
        platform="sifive",
        framework="freedom-e-sdk",
        memory_note="the SDK's linker script uses 424 KiB of the 4 MiB of external SPI flash",
    ),
)

BOARDS: Final[dict[str, Board]] = {each.id: each for each in _BOARDS}


def board(id_: str) -> Board:
    """The board with PlatformIO's id `id_`; `UsageError` with the slug `unknown-board` if none."""
    found = BOARDS.get(id_)
    if found is not None:
        return found
    close = get_close_matches(id_, BOARDS, n=3, cutoff=0.6)
    guess = f"Did you mean {' or '.join(close)}? " if close else ""
    raise UsageError(
        Problem(
            slug="unknown-board",
            message=f"there is no board called {id_!r}",
            where="--board",
            hint=f"{guess}The boards are {', '.join(BOARDS)}; for another give --ram and --flash.",
        )
    )

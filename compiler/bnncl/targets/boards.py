"""Boards with their true memory sizes, one literal each."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from bnncl.diagnostics import Problem, UsageError

_KIB: Final = 1 << 10


@dataclass(frozen=True)
class Board:
    """A board one can buy: `id` is PlatformIO's, `target` a key of `TARGETS`.

    `flash_bytes` is the memory that holds code and constants. `ram_bytes` is what one contiguous
    context can at best use; where a chip's RAM lies in several banks, `ram_note` says so.
    """

    id: str
    title: str
    target: str
    flash_bytes: int
    ram_bytes: int
    platform: str
    framework: str
    ram_note: str = ""


_BOARDS: Final = (
    Board(
        id="nucleo_h743zi",
        title="ST Nucleo-H743ZI",
        target="cortex-m7",
        flash_bytes=2048 * _KIB,
        ram_bytes=512 * _KIB,
        platform="ststm32",
        framework="cmsis",
        ram_note="AXI SRAM; 128 KiB of DTCM and 416 KiB in other banks lie at other addresses",
    ),
    Board(
        id="nucleo_f446re",
        title="ST Nucleo-F446RE",
        target="cortex-m4",
        flash_bytes=512 * _KIB,
        ram_bytes=128 * _KIB,
        platform="ststm32",
        framework="cmsis",
    ),
    Board(
        id="nucleo_f103rb",
        title="ST Nucleo-F103RB",
        target="cortex-m3",
        flash_bytes=128 * _KIB,
        ram_bytes=20 * _KIB,
        platform="ststm32",
        framework="cmsis",
    ),
    Board(
        id="nucleo_l073rz",
        title="ST Nucleo-L073RZ",
        target="cortex-m0plus",
        flash_bytes=192 * _KIB,
        ram_bytes=20 * _KIB,
        platform="ststm32",
        framework="cmsis",
    ),
    Board(
        id="nucleo_l552ze_q",
        title="ST Nucleo-L552ZE-Q",
        target="cortex-m33",
        flash_bytes=512 * _KIB,
        ram_bytes=256 * _KIB,
        platform="ststm32",
        framework="cmsis",
        ram_note="SRAM1 of 192 KiB and SRAM2 of 64 KiB follow one another",
    ),
    Board(
        id="hifive1-revb",
        title="SiFive HiFive1 Rev B",
        target="rv32imac",
        flash_bytes=4096 * _KIB,
        ram_bytes=16 * _KIB,
        platform="sifive",
        framework="freedom-e-sdk",
        ram_note="code runs from an external 4 MiB SPI flash through a 16 KiB instruction cache",
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

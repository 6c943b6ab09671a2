"""What a binary layer takes at least, by the best algorithm known: one table, with its source.

Bit 1 of an activation adds its row of weights, one bit for each of `lanes` output channels, to counters
whose bits lie in words of their own. With p the share of rows that have to be added (the rarer of the two
values, since a compiler may choose which one is added), a word of 32 multiply-accumulates takes

    p * (load + gates) * 32 / lanes

instructions: one load of the row, and `gates` for the bit-sliced sum. 4.5 operations with two inputs for each
word summed are the best known: Demenkov, Kojevnikov, Kulikov, Yaroslavtsev, "New upper bounds on the Boolean
circuit complexity of symmetric functions", Information Processing Letters 110 (2010). With a bit select of
three inputs a full adder takes 3. Nothing as high is proven: 2.5 operations for each word are (Stockmeyer,
"On the combinational complexity of certain symmetric Boolean functions", 1976). Lists of rows, thresholds
and packing come on top.

Cycles: load and gates by the cores' manuals. A load takes 2 cycles on an Armv6-M core, any instruction half a
cycle on a Cortex-M7 (two at a time) and two cycles on a Cortex-M55 (128 bits in two halves), whose loads
overlap with arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WORD: Final = 32
_GATES: Final = 4.5


@dataclass(frozen=True)
class Anchor:
    """Of one core: bits of a word, and for each row added instructions and cycles. No cycles: no manual."""

    lanes: int
    instructions: float
    cycles: float | None


_ONE_AT_A_TIME: Final = Anchor(WORD, 1 + _GATES, 1 + _GATES)

ANCHORS: Final[dict[str, Anchor]] = {
    "cortex-m0plus": Anchor(WORD, 1 + _GATES, 2 + _GATES),
    "cortex-m3": _ONE_AT_A_TIME,
    "cortex-m4": _ONE_AT_A_TIME,
    "cortex-m33": _ONE_AT_A_TIME,
    "cortex-m7": Anchor(WORD, 1 + _GATES, (1 + _GATES) / 2),
    "cortex-m55": Anchor(4 * WORD, 1 + _GATES, 2 * _GATES),
    "rv32imac": Anchor(WORD, 1 + _GATES, None),
    "aarch64": Anchor(4 * WORD, 1 + 3, None),
}


@dataclass(frozen=True)
class Bound:
    """The least instructions of a layer, and cycles where they are known."""

    instructions: int
    cycles: int | None


def bound(target: str, macs: int, density: float) -> Bound | None:
    """Of a binary layer of `macs` on `target`, padding left out; None where the table says nothing."""
    anchor = ANCHORS.get(target)
    if anchor is None:
        return None
    rows = macs / anchor.lanes * min(density, 1 - density)
    cycles = None if anchor.cycles is None else round(rows * anchor.cycles)
    return Bound(round(rows * anchor.instructions), cycles)

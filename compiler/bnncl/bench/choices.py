"""What the compiler may choose kernels from, by the names that `bnncl bench --kernels` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bnncl.kernels.selection import Preference, Timing


@dataclass(frozen=True)
class Choice:
    """Options of a compilation."""

    kernels: Preference = "auto"
    timing: Timing = "typical"


CHOICES: Final = {
    "auto": Choice(),
    "xnor": Choice("xnor"),
    "vertical": Choice("vertical"),
    "worst-case": Choice(timing="worst"),
    "constant-time": Choice(timing="constant"),
}

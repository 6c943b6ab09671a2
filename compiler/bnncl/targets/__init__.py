"""The cores that bnncl knows: data only, one literal each."""

from __future__ import annotations

from bnncl.targets.boards import BOARDS, Board, board
from bnncl.targets.cores import TARGETS, target
from bnncl.targets.model import CONSTANT_TIME, Counter, CounterKind, Emulator, Target, Toolchain
from bnncl.targets.toolchains import TOOLCHAINS

__all__ = [
    "BOARDS",
    "CONSTANT_TIME",
    "TARGETS",
    "TOOLCHAINS",
    "Board",
    "Counter",
    "CounterKind",
    "Emulator",
    "Target",
    "Toolchain",
    "board",
    "target",
]

"""The reference: runs a graph of any stage in numpy."""

from __future__ import annotations

from bnncl.interp.running import run
from bnncl.interp.states import given

__all__ = ["given", "run"]

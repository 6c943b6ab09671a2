"""`bnncl compile --explain`: the kernels that could compute each op, and why one was taken."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bnncl.plan.explain import OpChoice

_PIPED_WIDTH = 160
_NUMBERS = ("predicted instr.", "at most", "scratch", "constants")


def show(found: Sequence[OpChoice]) -> None:
    """Print a table: for each op the kernel that is taken, then the others."""
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    table = Table("op", "module", "kind", "output", "-1 in input", "", "kernel", *_NUMBERS, "why", box=None)
    for column in table.columns:
        column.overflow = "fold"
        if column.header in ("op", "-1 in input", *_NUMBERS):
            column.justify = "right"
            column.no_wrap = True
    for op in found:
        shape = "x".join(map(str, op.out_shape))
        density = "-" if op.density is None else f"{100 * op.density:.1f} %"
        about = (str(op.index), escape(op.module or "-"), op.op, shape, density)
        for number, each in enumerate(op.kernels):
            numbers = (each.instructions, each.worst_instructions, each.scratch_bytes, each.constant_bytes)
            table.add_row(
                *(about if number == 0 else [""] * len(about)),
                "*" if each.chosen else "",
                each.kernel or "none: same bytes",
                *map(str, numbers),
                each.why,
            )
    console.print(table)
    console.print("* taken; scratch and constants in bytes; at most: on any input")

"""A benchmark as text: the cells of its table, and sentences on what it shows."""

from __future__ import annotations

from typing import Final

from bnncl.bench.compare import Comparison
from bnncl.bench.results import Bench, Row

COLUMNS: Final = (
    ("shape", False),
    ("target", False),
    ("-1", True),
    ("kernel", False),
    ("instructions", True),
    ("bound", True),
    ("x bound", True),
    ("model", True),
    ("flash", True),
    ("RAM", True),
)
"""Headings, and whether the column holds numbers."""

LEGEND: Final = (
    "-1: share of the activations that are -1.",
    "bound: least instructions by the best algorithm known, lists, thresholds and packing left out.",
    "model: error of the instructions that the compiler predicts for this share.",
    "flash: code and constants of the layer, bytes.",
    "RAM: its input, output and scratch, bytes.",
)


def cells(row: Row) -> tuple[str, ...]:
    """The texts of one row, as `COLUMNS` has them; empty where there is nothing to say."""
    return (
        row.shape,
        row.target,
        "" if row.density is None else f"{row.density:g}",
        row.kernel.removeprefix("bnncl_"),
        f"{row.instructions:,}",
        "" if row.bound is None else f"{row.bound:,}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.error is None else f"{100 * row.error:+.0f} %",
        f"{row.flash_bytes:,}",
        f"{row.ram_bytes:,}",
    )


def verdict(found: Bench, compared: Comparison | None) -> tuple[str, ...]:
    """Sentences: whether all was computed right, how many figures changed, what was different."""
    lines = [f"{len(found.rows)} rows, every output equal to the reference's"]
    if found.problems:
        lines = [f"{len(found.rows)} rows, {len(found.problems)} failed: {found.problems[0].slug}"]
    if compared is None:
        return tuple(lines)
    worse, better = len(compared.regressions), len(compared.improvements)
    lines.append(f"{compared.compared} of them are in the baseline: {worse} figures worse, {better} better")
    return (*lines, *compared.notes)

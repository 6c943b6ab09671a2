"""Draws instructions for each 32 multiply-accumulates of binary layers, a panel for each core."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bnncl.bench.bounds import WORD
from bnncl.bench.results import Row
from bnncl.targets import TARGETS

_LOOK: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#c3c9cd",
    "axes.labelcolor": "#20282d",
    "xtick.color": "#596167",
    "ytick.color": "#20282d",
    "svg.fonttype": "path",
    "svg.hashsalt": "bnncl",
}
_COLOURS: Final = {
    "auto": "#c2410c",
    "xnor": "#8fb8cc",
    "vertical": "#7a9e3f",
    "worst-case": "#b08968",
    "constant-time": "#6d597a",
}
_INK, _QUIET = "#20282d", "#596167"
_HALF: Final = 0.5
_COLUMNS: Final = 2
_BAR: Final = 0.78


def chart(rows: Sequence[Row]) -> str:
    """An SVG picture, the same for the same rows; empty where no row is binary.

    A bar is a choice of kernels at density one half, or the density nearest to it; a line across its end
    spans all densities; a mark is the bound of the same density, with the multiple of it that was counted.
    """
    binary = [row for row in rows if row.binary]
    targets = list(dict.fromkeys(row.target for row in binary))
    if not targets:
        return ""
    shapes = list(dict.fromkeys(row.shape for row in binary))
    choices = [name for name in _COLOURS if name in {row.kernels for row in binary}]
    lines = -(-len(targets) // _COLUMNS)
    columns = min(_COLUMNS, len(targets))
    with mpl.rc_context(_LOOK):
        height = 1.0 + lines * (0.75 + 0.2 * len(shapes) * max(len(choices), 1.4))
        figure = Figure(figsize=(5.6 * columns, height), layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False)
        for axes, target in zip(grid.flat, targets, strict=False):
            _panel(axes, target, shapes, choices, [row for row in binary if row.target == target])
        for axes in list(grid.flat)[len(targets) :]:
            axes.set_axis_off()
        _legend(figure, choices, rows=binary)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def _panel(axes: Axes, target: str, shapes: list[str], choices: list[str], rows: list[Row]) -> None:
    thick = _BAR / len(choices)
    for at, shape in enumerate(shapes):
        for lane, kernels in enumerate(choices):
            group = [row for row in rows if (row.shape, row.kernels) == (shape, kernels)]
            if group:
                place = at - _BAR / 2 + (lane + 0.5) * thick
                _bar(axes, group, place, thick, _COLOURS[kernels])
    axes.set_title(TARGETS[target].title, loc="left", fontsize=10, fontweight="bold", color=_INK)
    axes.set_yticks(range(len(shapes)), shapes)
    axes.set_ylim(len(shapes) - 0.4, -0.6)
    axes.set_xlim(0, axes.get_xlim()[1] * 1.04)
    axes.grid(axis="x", color="#e6eaec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _bar(axes: Axes, group: list[Row], place: float, thick: float, colour: str) -> None:
    """One choice of kernels on one shape: rows of several densities."""
    shown = min(group, key=lambda row: abs((row.density or 0) - _HALF))
    each = [_per_word(row, row.instructions) for row in group]
    now = _per_word(shown, shown.instructions)
    axes.barh(place, now, thick * 0.92, color=colour, linewidth=0)
    if max(each) > min(each):
        axes.plot([min(each), max(each)], [place, place], color=_INK, linewidth=0.9, alpha=0.75)
    if shown.bound:
        least = _per_word(shown, shown.bound)
        ends = [place - thick / 2, place + thick / 2]
        axes.plot([least, least], ends, color=_INK, linewidth=2.0, solid_capstyle="butt")
        axes.annotate(
            f"{now / least:.1f}x",
            (max(now, *each), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=_QUIET,
        )


def _per_word(row: Row, instructions: int) -> float:
    return instructions * WORD / row.macs


def _legend(figure: Figure, choices: list[str], rows: list[Row]) -> None:
    shown = min({row.density or 0 for row in rows}, key=lambda share: abs(share - _HALF))
    keys: list[Any] = [
        Patch(color=_COLOURS[name], label=f"--kernels {name}, density {shown:g}") for name in choices
    ]
    keys.append(Line2D([], [], color=_INK, linewidth=2, label="bound at this density"))
    keys.append(Line2D([], [], color=_INK, linewidth=0.9, alpha=0.75, label="all densities measured"))
    figure.legend(handles=keys, loc="outside upper left", ncols=len(keys), frameon=False, fontsize=9)

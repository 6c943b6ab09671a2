"""Draws accuracy over experiences: a line for each method, a band over its seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bnncl.learn.methods import METHODS, Method
from bnncl.learn.results import Results

Numbers = NDArray[np.float64]

_COLOURS = {
    "device": "#c2410c",
    "device-plain": "#f0a27a",
    "cwr": "#2f6f8f",
    "cwr-8": "#5b8def",
    "cwr-32": "#274690",
    "cwr-8-bytes": "#7a9e3f",
    "cwr-32-bytes": "#4f7a28",
    "cwr-plain": "#8fb8cc",
    "naive": "#9aa1a6",
    "joint": "#20282d",
    "tail": "#6b4fa3",
    "tail-8": "#9a7fd1",
    "tail-32": "#3d2a6b",
    "tail-8-bytes": "#b5588f",
    "tail-32-bytes": "#8a2f63",
    "tail-plain": "#c3b5e0",
    "tail-naive": "#b9a89a",
    "tail-joint": "#4a3b2a",
}
_DASHED = {
    "joint": (0, (5, 3)),
    "naive": (0, (1, 1.5)),
    "device-plain": (0, (3, 2)),
    "cwr-plain": (0, (3, 2)),
    "tail-joint": (0, (5, 3)),
    "tail-naive": (0, (1, 1.5)),
    "tail-plain": (0, (3, 2)),
}
_LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#c3c9cd",
    "axes.labelcolor": "#20282d",
    "xtick.color": "#596167",
    "ytick.color": "#596167",
    "svg.fonttype": "path",
    "svg.hashsalt": "bnncl",
}
_TITLES = {"nc": "Class by class", "ni": "New instances"}
_LEAST_GAP = 0.047


def draw(results: Results, path: Path) -> None:
    """Write the picture of `results` to `path` (.png or .svg); the same bytes for the same results."""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(8.6, 4.4), layout="constrained")
        axes = figure.add_subplot()
        ends = [(method, _line(axes, method, curves)) for method, curves in _curves(results)]
        _label_ends(axes, ends)
        _dress(axes, results)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=150, metadata=metadata)


def _curves(results: Results) -> list[tuple[Method, Numbers]]:
    """Accuracy over all classes seen, in per cent, (seeds, 1 + experiences), of each method."""
    found = []
    for method in METHODS:
        runs = [run for run in results.runs if run.method == method.name]
        if runs:
            shares = [[np.nan if row.seen is None else 100 * row.seen for row in run.rows] for run in runs]
            found.append((method, np.array(shares)))
    return found


def _line(axes: Axes, method: Method, curves: Numbers) -> float:
    """Draw a method; returns its mean accuracy at the end."""
    mean = curves.mean(0)
    x = np.arange(len(mean))
    colour, wide = _COLOURS[method.name], 2.4 if method.kind == "device" and method.replays else 1.7
    if len(curves) > 1:
        axes.fill_between(x, curves.min(0), curves.max(0), color=colour, alpha=0.13, linewidth=0)
    style = _DASHED.get(method.name, "-")
    axes.plot(x, mean, color=colour, linewidth=wide, linestyle=style, marker="o", markersize=3.2)
    return float(mean[-1])


def _label_ends(axes: Axes, ends: list[tuple[Method, float]]) -> None:
    """Name each line at its end, names moved apart where they would touch."""
    low, high = axes.get_ylim()
    gap = _LEAST_GAP * (high - low)
    at = -np.inf
    for method, end in sorted(ends, key=lambda each: each[1]):
        at = max(end, at + gap)
        axes.annotate(
            f"{method.title}  {end:.1f}",
            (1.0, at),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=_COLOURS[method.name],
            annotation_clip=False,
        )
    axes.set_ylim(low, max(high, at))


def _dress(axes: Axes, results: Results) -> None:
    settings, rows = results.settings, results.runs[0].rows
    seeds = len({run.seed for run in results.runs})
    band = f"; mean and range of {seeds} seeds" if seeds > 1 else ""
    title = f"{_TITLES.get(str(settings.get('scenario')), 'Learning')} on {settings.get('data')}"
    below = f"test accuracy over all classes seen, %{band}"
    words: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    axes.annotate(title, (0, 1), xytext=(0, 26), fontsize=11, fontweight="bold", color="#20282d", **words)
    axes.annotate(below, (0, 1), xytext=(0, 11), fontsize=9, color="#596167", **words)
    names = ["start"] + [
        _came(row.classes, str(settings.get("scenario")), row.experience) for row in rows[1:]
    ]
    axes.set_xticks(range(len(rows)), names)
    axes.set_xlim(-0.1, len(rows) - 1 + 0.05)
    axes.grid(axis="y", color="#e6eaec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)


def _came(classes: tuple[int, ...], scenario: str, experience: int) -> str:
    if scenario != "nc":
        return str(experience)
    return "+" + ",".join(str(each) for each in classes) if len(classes) <= 3 else f"+{len(classes)} classes"

"""Draws the demo's figures: `python -m examples.plot_demo build/demo/result.json -o docs/demo.svg`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from examples.digits.figures import group, place_title
from examples.stages import Json

BAR = "#2f6f8f"
LINES = {"old": "#7a8790", "later": "#d1495b", "all": "#2f6f8f"}
LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "axes.edgecolor": "#c3c9cd",
    "svg.fonttype": "path",
    "svg.hashsalt": "bnncl",
}


def draw(result: Json, path: Path) -> None:
    """Write the picture of a `result.json` to `path` (.svg or .png); the same bytes for the same figures."""
    learning = result["learning"]
    with mpl.rc_context(LOOK):
        figure = plt.figure(figsize=(10.4, 3.2))
        grid = figure.add_gridspec(1, 2, width_ratios=(3, 2), wspace=0.42)
        _lines(figure.add_subplot(grid[0]), learning)
        sizes = {"1 bit a value": learning["replay_bytes"], "float32": learning["replay_bytes_float32"]}
        title = f"Bytes of replay memory, {learning['replay_slots']} samples"
        _bars(figure.add_subplot(grid[1]), title, sizes, "{:,.0f}")
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=150, metadata=metadata, bbox_inches="tight", pad_inches=0.12)
        plt.close(figure)


def _lines(axes: Axes, learning: Json) -> None:
    """Accuracy after each class learned."""
    base, room = learning["base_classes"], len(learning["test_images"])
    times = list(learning["accuracy"])
    parts = {"old": range(base), "later": range(base, room), "all": range(room)}
    titles = {
        "old": f"digits 0-{base - 1}, from PyTorch",
        "later": f"digits {base}-{room - 1}, learned there",
        "all": "all digits",
    }
    for name, classes in parts.items():
        shares = [100 * group(learning, when, classes) for when in times]
        axes.plot(times, shares, color=LINES[name], marker="o", markersize=4, label=titles[name])
        axes.annotate(
            f"{shares[-1]:.1f} %",
            (len(times) - 1, shares[-1]),
            xytext=(8, {"old": 5, "later": -11, "all": -3}[name]),
            textcoords="offset points",
            color=LINES[name],
        )
    where = place_title(learning["environment"]).replace("C on", "on")
    axes.set_title(f"Accuracy (%) as it learns, {where}", loc="left", fontsize=10, fontweight="bold")
    fixed = {"factory": "factory", "reloaded": "reset,\nreloaded"}
    axes.set_xticks(range(len(times)), [fixed.get(when, f"+ {when}") for when in times])
    axes.set_ylim(-4, 106)
    axes.grid(axis="y", color="#e6eaec")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.legend(loc="lower right", frameon=False, fontsize=9)


def _bars(axes: Axes, title: str, lengths: dict[str, float], form: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    bars = axes.barh(list(lengths), list(lengths.values()), height=0.62, color=BAR)
    longest = max(lengths.values(), default=1.0)
    for bar, length in zip(bars, lengths.values(), strict=True):
        inside = length > longest / 3
        axes.annotate(
            form.format(length),
            (length, bar.get_y() + bar.get_height() / 2),
            xytext=(-6 if inside else 6, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            color="white" if inside else "black",
        )
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, labelcolor="#20282d")


def main(arguments: list[str] | None = None) -> None:
    """The command line: from which figures, to which file."""
    parser = argparse.ArgumentParser(prog="python -m examples.plot_demo", description=__doc__)
    parser.add_argument("result", type=Path, help="the demo's result.json")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/demo.svg"))
    chosen = parser.parse_args(arguments)
    draw(json.loads(chosen.result.read_text(encoding="utf-8")), chosen.out)
    print(chosen.out)


if __name__ == "__main__":
    main()

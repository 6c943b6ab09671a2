"""Draws the demo's figures: `python -m examples.plot_demo build/demo/result.json -o docs/demo.svg`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from bnncl.targets import TARGETS
from examples.digits.figures import place_title
from examples.stages import Json

BAR = "#2f6f8f"
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
    cores = {TARGETS[name].title: core for name, core in result["cores"].items()}
    with mpl.rc_context(LOOK):
        figure = plt.figure(figsize=(9.6, 2.9))
        columns = 2 if cores else 1
        grid = figure.add_gridspec(2, columns, height_ratios=(3, 2), hspace=0.75, wspace=0.55)
        shares = {place_title(place): 100 * share for place, share in result["accuracy"].items()}
        title = f"Accuracy on {result['test_images']} test images"
        _bars(figure.add_subplot(grid[:, 0]), title, shares, "{:.2f} %")
        if cores:
            counts = {title: core["instructions"] for title, core in cores.items()}
            _bars(figure.add_subplot(grid[0, 1]), "Instructions per inference", counts, "{:,.0f}")
            title, core = next(iter(cores.items()))
            sizes = {"flash": core["flash_bytes"], "RAM": core["ram_bytes"]}
            _bars(figure.add_subplot(grid[1, 1]), f"Bytes on {title}", sizes, "{:,.0f}")
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=150, metadata=metadata, bbox_inches="tight", pad_inches=0.12)
        plt.close(figure)


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

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

BAR, QUIET = "#2f6f8f", "#5f6b73"
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
    cores = result["cores"]
    with mpl.rc_context(LOOK):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 2.7), width_ratios=(1.0, 0.9))
        shares = {place_title(place): 100 * share for place, share in result["accuracy"].items()}
        _bars(left, shares, "{:.2f} %")
        left.set_xlim(0, 100)
        left.set_title(f"Accuracy on {result['test_images']} test images", loc="left", fontweight="bold")
        counts = {TARGETS[name].title: core["instructions"] for name, core in cores.items()}
        _bars(right, counts, "{:,.0f}")
        right.set_title("Instructions per inference", loc="left", fontweight="bold")
        figure.tight_layout(w_pad=3)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=150, metadata=metadata)
        plt.close(figure)


def _bars(axes: Axes, lengths: dict[str, float], form: str) -> None:
    bars = axes.barh(list(lengths), list(lengths.values()), height=0.62, color=BAR)
    longest = max(lengths.values(), default=1.0)
    for bar, length in zip(bars, lengths.values(), strict=True):
        inside = length > longest / 2
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

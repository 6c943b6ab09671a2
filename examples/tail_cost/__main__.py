"""What a tail that learns costs on cores, in integers and in float32: `python -m examples.tail_cost`.

Prints a table of the passes of one convolution and one of a whole training step; `-o result.json` keeps the
figures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bnncl.targets import TARGETS
from examples.stages import Json
from examples.tail_cost.measure import LAYERS, PASSES, tail_cost
from examples.tail_cost.model import MINIBATCH
from examples.tail_cost.step import FLOATS, PARTS, SHAPES, step_costs

CORES = ("cortex-m7", "cortex-m0plus")
_ALL = f", {sum(MINIBATCH)} samples"
WHAT = {
    **{part: part + _ALL for part in PARTS},
    "update": "update",
    "sample": "one sample",
    "step": "step",
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.tail_cost", description=__doc__)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--core", action="append", choices=list(TARGETS), help="default: both of the figures")
    chosen = parser.parse_args(arguments)
    targets = [TARGETS[name] for name in chosen.core or CORES]
    result = {"convolution": tail_cost(LAYERS, targets), "step": step_costs(SHAPES, targets)}
    print(table(result["convolution"]))
    print()
    print(step_table(result["step"]))
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def table(result: Json) -> str:
    lines = [f"{'core':14} {'layer':20} {'pass':16} {'integer':>12} {'float32':>14} {'ratio':>7}"]
    for core, layers in result.items():
        for layer, costs in layers.items():
            for what in (*PASSES, "all"):
                cost = costs[what]
                numbers = f"{cost['integer']:12,} {cost['float32']:14,} {cost['float32_by_integer']:7.2f}"
                lines.append(f"{core:14} {layer:20} {what:16} {numbers}")
    return "\n".join(lines)


def step_table(result: Json) -> str:
    """In Markdown: a sample and its parts, the update, the step, and the dearest ops of the integers."""
    lines = [
        "| tail | core | instructions of | integer | float32 | ratio | float32, tiled | ratio |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    dearest = []
    for tail, cores in result.items():
        for core, found in cores.items():
            for what, cost in found["costs"].items():
                numbers = [f"{cost[kind]:,} | {cost[f'{kind}_by_integer']:.2f}" for kind in FLOATS]
                cells = " | ".join([f"{cost['integer']:,}", *numbers])
                lines.append(f"| {tail} | {core} | {WHAT[what]} | {cells} |")
            share = [
                f"{name} {100 * count / found['costs']['step']['integer']:.0f} %"
                for name, count in found["dearest"].items()
            ]
            dearest.append(f"Dearest in integers, {tail}, {core}: {', '.join(share)}.")
    return "\n".join([*lines, "", *dearest])


if __name__ == "__main__":
    main()

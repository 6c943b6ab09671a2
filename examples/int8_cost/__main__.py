"""A whole network beside the same network in int8 plain C: `python -m examples.int8_cost FOLDER ...`.

Each FOLDER holds `model.pt` and `test.npz`, as the examples' training scripts write them. Prints, layer by
layer, counted instructions of the compiled network and of an int8 network of the same shapes, and the share
of each layer; `-o result.json` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bnncl.targets import TARGETS
from examples.int8_cost.measure import int8_cost
from examples.stages import Json

CORES = ("cortex-m7", "cortex-m0plus")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.int8_cost", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--core", action="append", choices=[name for name in TARGETS if name != "host"])
    chosen = parser.parse_args(arguments)
    result = {folder.name: _of(folder, chosen.core or CORES) for folder in chosen.folder}
    for name, cores in result.items():
        print(f"{name}\n")
        print("\n\n".join(table(core, held) for core, held in cores.items()), end="\n\n")
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _of(folder: Path, cores: Sequence[str]) -> Json:
    with np.load(folder / "test.npz") as arrays:
        image = arrays["x"][:1]
    return {name: int8_cost(folder / "model.pt", TARGETS[name], image) for name in cores}


def table(core: str, held: Json) -> str:
    """In Markdown, one line a layer and one for all."""
    lines = [
        f"| {core} | kernel | bnncl | share | int8 | share | times fewer |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in held["layers"]:
        lines.append(f"| {row['layer']} | `{row['kernel']}` | {_numbers(row, held)} |")
    lines.append(f"| all | | {_numbers(held, held)} |")
    sizes = (held["bnncl_weight_bytes"], held["int8_weight_bytes"])
    lines.append(f"| bytes of weights | | {sizes[0]:,} | | {sizes[1]:,} | | {sizes[1] / sizes[0]:.1f} |")
    return "\n".join(lines)


def _numbers(row: Json, total: Json) -> str:
    cells = [
        cell
        for key in ("bnncl", "int8")
        for cell in (f"{row[key]:,}", f"{100 * row[key] / total[key]:.1f} %")
    ]
    return " | ".join([*cells, f"{row['int8'] / row['bnncl']:.1f}"])


if __name__ == "__main__":
    main()

"""What a density penalty does: `python -m examples.density_study -o build/density_study`.

Trains the digits example with `--density-penalty` of several sizes and seeds, compiles each model, and says
how accurate its integers are, how many of its bits are -1, and what an inference takes on an emulated core.
What is finished stays in the output folder, and an interrupted study goes on where it was; without its
`density.json` it measures the models there anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.targets import TARGETS
from bnncl.verification.verify import Data, verify
from examples.data import DataSet, load_digits_split
from examples.digits import train as digits
from examples.training import Recipe

Json = dict[str, Any]
PENALTIES = (0.0, 0.1, 0.3, 1.0, 3.0)
SEEDS = (0, 1, 2, 3, 4)
CORE = "cortex-m4"
COUNTED_IMAGES = 4


def measure(data: DataSet, recipe: Recipe, folder: Path) -> Json:
    """Measure one model, trained into `folder` if it is not there; shares lie in 0..1."""
    if not (folder / "test.npz").is_file():
        digits.save(digits.train(data, recipe), data, folder)
    project = bnncl.compile(folder / "model.pt", CORE)
    report = project.report
    x = data.test.x[:COUNTED_IMAGES]
    images = Data(stored_inputs(x, project.spec.graph), data.test.y[: len(x)], f"{len(x)} test images")
    result = verify(project.write(folder / "project", force=True), TARGETS[CORE], images)
    if not result.passed:
        sys.exit("\n".join(result.findings))
    return {
        "accuracy": float((project.run(data.test.x).argmax(1) == data.test.y).mean()),
        "densities": [op.density for op in report.ops if op.density is not None],
        "instructions": round(fmean(result.instructions)),
        "predicted": report.instructions,
        "worst": report.worst_instructions,
    }


def study(penalties: tuple[float, ...], seeds: tuple[int, ...], recipe: Recipe, out: Path) -> Json:
    """All runs there are in `out`, those missing made; by penalty, then by seed."""
    data = load_digits_split()
    path = out / "density.json"
    found: Json = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for penalty in penalties:
        runs = found.setdefault(f"{penalty:g}", {})
        for seed in seeds:
            if str(seed) not in runs:
                one = replace(recipe, seed=seed, density_penalty=penalty)
                runs[str(seed)] = measure(data, one, out / f"{penalty:g}-{seed}")
                path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def markdown(found: Json) -> str:
    """The table: a line for each penalty, means over the seeds."""
    lines = [
        "| penalty | accuracy, % | -1 in what conv2, conv3 read, % | counted | of penalty 0 | at most |",
        "|---|---|---|---|---|---|",
    ]
    first = fmean(run["instructions"] for run in found["0"].values())
    for penalty, by_seed in found.items():
        runs = list(by_seed.values())
        shares = [100 * run["accuracy"] for run in runs]
        spread = f" ± {stdev(shares):.1f}" if len(shares) > 1 else ""
        layers = zip(*(run["densities"] for run in runs), strict=True)
        densities = ", ".join(f"{100 * fmean(layer):.0f}" for layer in layers)
        counted = fmean(run["instructions"] for run in runs)
        worst = fmean(run["worst"] for run in runs)
        lines.append(
            f"| {penalty} | {fmean(shares):.1f}{spread} | {densities} | {counted:,.0f} "
            f"| {100 * counted / first:.0f} % | {worst:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """The command line: which penalties and seeds, and where to."""
    parser = argparse.ArgumentParser(prog="python -m examples.density_study", description=__doc__)
    parser.add_argument("--penalties", type=float, nargs="+", default=list(PENALTIES), help="0 must be there")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--epochs", type=int, default=digits.RECIPE.epochs)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/density_study"))
    chosen = parser.parse_args(arguments)
    if 0.0 not in chosen.penalties:
        parser.error("--penalties needs 0, which the others are compared with")
    chosen.out.mkdir(parents=True, exist_ok=True)
    recipe = replace(digits.RECIPE, epochs=chosen.epochs)
    found = study(tuple(chosen.penalties), tuple(chosen.seeds), recipe, chosen.out)
    print(markdown(found), end="")


if __name__ == "__main__":
    main()

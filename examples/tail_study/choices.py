"""`python -m examples.tail_study.choices -o build/tail_study`: what tails reach in float, seed by seed.

What a cut leaves of a residual stream, estimators of a sign, latent weight rules and batch norm are compared
in PyTorch alone. Trains the backbone if need be, runs every plan on ten classes that come two at a time, and
prints a table. What is finished stays in `floats.json`, and an interrupted study goes on where it was. Data
come from $BNNCL_DATA. CIFAR-10 is near to what the backbone was trained on, and leaves a tail little to gain.
On one core a run of a tail takes about a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

import torch

from bnncl.diagnostics import BnnclError
from examples.tail_study.floats import HEAD, RECIPE, Plan, run
from examples.tail_study.measure import samples_of
from examples.tail_study.plan import DATA, Task
from examples.tail_study.pretrain import CLASSES, pretrained, pretraining_data
from examples.tail_study.tails import Behind

DEPTH = 3
SEEDS = (0, 1, 2)
_FLOAT_BITS = 32
PLANS = {
    "head only, no replay": Plan("head", recipe=replace(HEAD, slots=0, replay_per_step=0)),
    "head only": Plan("head", recipe=HEAD),
    "tail, float latents": Plan(),
    "tail, 8-bit latents": Plan(cut="byte"),
    "tail, 1-bit latents": Plan(cut="bits"),
    "head only, 1-bit cut": Plan("head", "bits", recipe=HEAD),
    "tail, float latents, equal bytes": Plan(recipe=replace(RECIPE, slots=RECIPE.slots // _FLOAT_BITS)),
    "fine-tuning, float latents": Plan("naive"),
    "joint, float latents": Plan("joint", recipe=replace(RECIPE, epochs=12)),
    "tail, no replay": Plan(recipe=replace(RECIPE, slots=0, replay_per_step=0)),
    "tail, 1-bit latents, signs last": Plan(cut="bits", recipe=replace(RECIPE, rule="sign")),
    "tail, 1-bit latents, no shortcut": Plan(cut="bits, no shortcut"),
    "tail, 1-bit latents, bits in the shortcut": Plan(cut="bits, +-1 shortcut"),
    "tail, 1-bit latents, clip": Plan(cut="bits", ste="clip"),
    "tail, 1-bit latents, identity": Plan(cut="bits", ste="identity"),
    "tail, 1-bit latents, batch norm of minibatches": Plan(cut="bits", batch_norms=True),
}
"""Everything that is compared, by the name it has in the table."""


def study(
    folder: Path, names: list[str], seeds: tuple[int, ...], classes: int = CLASSES, data: str = DATA[0]
) -> str:
    """Run what is missing; the table as Markdown."""
    torch.set_num_threads(1)
    source = pretraining_data(classes)
    behind = Behind.of(pretrained(folder, source), DEPTH, source, samples_of(Task(data)))
    path = folder / "floats.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    wanted = [(name, seed, _key(name, seed, classes, data)) for seed in seeds for name in names]
    for name, seed, key in wanted:
        if key not in found:
            found[key] = {"name": name, **asdict(run(behind, PLANS[name], seed))}
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(f"{name}, seed {seed}: {100 * found[key]['accuracy']:.1f} %", file=sys.stderr, flush=True)
    return _table([found[key] for _, _, key in wanted])


def _key(name: str, seed: int, classes: int, data: str) -> str:
    about = {"name": name, "plan": asdict(PLANS[name]), "classes": classes, "data": data, "seed": seed}
    return json.dumps(about)


def _table(runs: list[dict[str, object]]) -> str:
    lines = ["| | accuracy, mean | by seed | seconds |", "|---|---|---|---|"]
    for name in PLANS:
        own = [each for each in runs if each["name"] == name]
        if own:
            shares = [100 * float(str(each["accuracy"])) for each in own]
            seconds = fmean(float(str(each["seconds"])) for each in own)
            by_seed = ", ".join(f"{share:.1f}" for share in shares)
            lines.append(f"| {name} | **{fmean(shares):.1f}** | {by_seed} | {seconds:.0f} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """The command line: where to, which plans, which seeds."""
    parser = argparse.ArgumentParser(prog="python -m examples.tail_study.choices", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/tail_study"))
    parser.add_argument("--only", nargs="+", choices=list(PLANS), default=list(PLANS), metavar="PLAN")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--classes", type=int, default=CLASSES, help="classes the backbone is trained on")
    parser.add_argument("--data", default=DATA[0], choices=DATA)
    chosen = parser.parse_args(arguments)
    try:
        print(study(chosen.out, chosen.only, tuple(chosen.seeds), chosen.classes, chosen.data), end="")
    except BnnclError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

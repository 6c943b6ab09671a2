"""Trains the study's backbone: `python -m examples.tail_study.pretrain -o build/tail_study`.

Its classes, 50 of CIFAR-100, are not those that are learned later. Writes `backbone.pt`, which
`bnncl-compile` and `bnncl simulate` take, and `parameters.pt`, its tensors alone. That takes about eleven
minutes of one core, or with `--classes 10` two; what is there and was made in the same way is used again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

import bnncl
from bnncl.diagnostics import BnnclError
from bnncl.learn.data import DataSet, load
from examples.pretrain import balanced
from examples.stages import digest
from examples.tail_study.model import ResidualNet
from examples.training import Recipe, accuracy, fit, prepare

RECIPE = Recipe(epochs=70, batch_size=64, rate=3e-3, threads=1)
DATA = "cifar100"
CLASSES = 50
"""Classes it is trained on: the first ones."""

CALIBRATION = 500
_SHIFT = 4


def shaken(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image (N, C, H, W) shifted by up to 4 pixels in both directions, every other one mirrored."""
    n, _, height, width = x.shape
    down, right = torch.randint(0, 2 * _SHIFT + 1, (2, n, 1, 1), generator=generator)
    rows = torch.arange(height).view(1, height, 1) + down
    columns = torch.arange(width).view(1, 1, width).expand(n, 1, width)
    mirrored = torch.randint(0, 2, (n, 1, 1), generator=generator, dtype=torch.bool)
    columns = torch.where(mirrored, columns.flip(2), columns) + right
    padded = F.pad(x, (_SHIFT,) * 4, mode="reflect")
    return padded[torch.arange(n).view(n, 1, 1), :, rows, columns].permute(0, 3, 1, 2).contiguous()


def pretraining_data(classes: int = CLASSES) -> DataSet:
    """What the backbone is trained on: the first `classes` classes."""
    data = load(DATA)
    train, test = data.y_train < classes, data.y_test < classes
    return DataSet(data.name, data.x_train[train], data.y_train[train], data.x_test[test], data.y_test[test])


def pretrained(folder: Path, data: DataSet, recipe: Recipe = RECIPE) -> ResidualNet:
    """The backbone in eval mode, from `folder` where it is there and was made from the same data, as now."""
    code = [Path(__file__), Path(__file__).with_name("model.py")]
    made_of = digest([json.dumps(asdict(recipe)), data.sha256(), *code])
    path, record = folder / "parameters.pt", folder / "pretrained.json"
    model = ResidualNet(data.classes)
    if path.is_file() and record.is_file() and json.loads(record.read_text("utf-8"))["made_of"] == made_of:
        model.load_state_dict(torch.load(path, weights_only=True))
        return model.eval()
    model, found = _train(recipe, data)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), path)
    _save(model, data, folder / "backbone.pt")
    record.write_text(json.dumps({"made_of": made_of, **found}, indent=1) + "\n", encoding="utf-8")
    return model


def _train(recipe: Recipe, data: DataSet) -> tuple[ResidualNet, dict[str, Any]]:
    begun = time.monotonic()
    prepare(recipe)
    model = ResidualNet(data.classes)
    fit(model, torch.from_numpy(data.x_train), torch.from_numpy(data.y_train), recipe, shaken)
    seconds = time.monotonic() - begun
    share = accuracy(model, torch.from_numpy(data.x_test), torch.from_numpy(data.y_test))
    print(f"test accuracy {share:.2%} on {data.classes} classes, {seconds:.0f} s", file=sys.stderr)
    return model, {"accuracy": share, "seconds": round(seconds)}


def _save(model: ResidualNet, data: DataSet, path: Path) -> None:
    picks = balanced(data.y_train, CALIBRATION)
    x, y = torch.from_numpy(data.x_train[picks]), torch.from_numpy(data.y_train[picks])
    bnncl.save(model, path, x[:1], calibration=x, labels=y)


def main(arguments: list[str] | None = None) -> None:
    """The command line: where to."""
    parser = argparse.ArgumentParser(prog="python -m examples.tail_study.pretrain", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/tail_study"))
    parser.add_argument("--classes", type=int, default=CLASSES, help=f"train on so many (default {CLASSES})")
    chosen = parser.parse_args(arguments)
    try:
        pretrained(chosen.out, pretraining_data(chosen.classes))
    except BnnclError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(chosen.out / "backbone.pt")


if __name__ == "__main__":
    main()

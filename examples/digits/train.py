"""Trains a binary CNN on the digits 0 to 5: `python -m examples.digits.train -o build/digits`.

Writes `model.pt`, which `bnncl-compile` takes as it is, `train.npz`, what it was trained on, and `test.npz`,
images it never saw. The digits 6 to 9 are left for the device to learn; `--classes 10` trains on all.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import bnncl
from examples.data import DataSet, load_digits_split
from examples.digits.course import BASE_CLASSES
from examples.training import BinaryModel, Recipe, accuracy, density_option, fit, prepare

RECIPE = Recipe(epochs=40, threads=1)


class Sign(torch.autograd.Function):
    """+1 where x >= 0, else -1; the gradient passes where |x| <= 1 (straight-through estimator)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() <= 1, gradient, 0.0)


def sign(x: Tensor) -> Tensor:
    result: Tensor = Sign.apply(x)  # type: ignore[no-untyped-call]
    return result


class BinaryConv2d(nn.Conv2d):
    """A convolution with weights -1 and +1, the signs of real ones."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, sign(self.weight), None, self.stride, self.padding)


class DigitsNet(BinaryModel):
    """8x8 grey images to scores: a real first and last layer, two binary ones between."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(32)
        self.conv2 = BinaryConv2d(32, 64, 3, bias=False)
        self.norm2 = nn.BatchNorm2d(64)
        self.conv3 = BinaryConv2d(64, 64, 3, bias=False)
        self.norm3 = nn.BatchNorm2d(64)
        self.head = nn.Linear(256, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = sign(self.norm1(self.conv1(x)))
        x = self.conv2(F.pad(x, (1, 1, 1, 1), value=1.0))
        x = sign(self.norm2(F.max_pool2d(x, 2)))
        x = sign(self.norm3(self.conv3(x)))
        scores: Tensor = self.head(x.flatten(1))
        return scores

    def latent_weights(self) -> list[Tensor]:
        return [self.conv2.weight, self.conv3.weight]


def jitter(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each image (N, C, H, W) by -1, 0 or 1 pixels in both directions."""
    n, _, height, width = x.shape
    dy, dx = torch.randint(0, 3, (2, n, 1, 1), generator=generator)
    rows = torch.arange(height).view(1, height, 1) + dy
    columns = torch.arange(width).view(1, 1, width) + dx
    padded = F.pad(x, (1, 1, 1, 1))
    return padded[torch.arange(n).view(n, 1, 1), :, rows, columns].permute(0, 3, 1, 2)


def train(data: DataSet, recipe: Recipe = RECIPE) -> DigitsNet:
    """A trained model in eval mode."""
    prepare(recipe)
    model = DigitsNet(int(data.train.y.max()) + 1)
    fit(model, torch.from_numpy(data.train.x), torch.from_numpy(data.train.y), recipe, jitter)
    return model


def save(model: nn.Module, data: DataSet, folder: Path) -> None:
    """Write `model.pt`, `train.npz` and `test.npz` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = torch.from_numpy(data.calibration.x), torch.from_numpy(data.calibration.y)
    bnncl.save(model, folder / "model.pt", x[:1], calibration=x, labels=y)
    data.train.save(folder / "train.npz")
    data.test.save(folder / "test.npz")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.digits.train", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/examples/digits"))
    parser.add_argument(
        "--classes", type=int, default=BASE_CLASSES, help=f"learn 0 to this - 1 (default {BASE_CLASSES})"
    )
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    density_option(parser)
    chosen = parser.parse_args(arguments)
    data = load_digits_split().below(chosen.classes)
    model = train(data, replace(RECIPE, epochs=chosen.epochs, density_penalty=chosen.density_penalty))
    save(model, data, chosen.out)
    share = accuracy(model, torch.from_numpy(data.test.x), torch.from_numpy(data.test.y))
    print(f"test accuracy {share:.2%} on {len(data.test.y)} images", file=sys.stderr)
    print(chosen.out / "model.pt")


if __name__ == "__main__":
    main()

"""Trains a binary CNN on Fashion-MNIST: `python -m examples.fashion_mnist.train --data FOLDER`.

Writes `model.pt`, which `bnncl-compile` takes as it is, `test.npz` (10,000 images it never saw) and
`test_500.npz` (the first 500 of them, for emulated cores).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import bnncl
from examples.data import (
    FASHION_MEAN,
    FASHION_STD,
    DataError,
    DataSet,
    fail,
    load_fashion_mnist,
    normalise,
)
from examples.training import BinaryModel, Recipe, accuracy, density_option, fit, prepare

RECIPE = Recipe(epochs=16, batch_size=100)


def binarise(x: Tensor) -> Tensor:
    """+1 where x >= 0, else -1, with the gradient of clamp(x, -1, 1)."""
    clipped = torch.clamp(x, -1.0, 1.0)
    signs = 2.0 * (x >= 0).float() - 1.0
    return (signs - clipped).detach() + clipped


class Sign(nn.Module):
    """`binarise` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return binarise(x)


class ScaledBinaryConv2d(nn.Conv2d):
    """A convolution whose weights are signs times the mean magnitude of their output channel."""

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight.abs().mean((1, 2, 3), keepdim=True).detach()
        return F.conv2d(x, scale * binarise(self.weight), None, self.stride, self.padding)


class FashionNet(BinaryModel):
    """28x28 grey images to 10 scores: a real first and last layer, three binary ones between."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(32),
            Sign(),
            ScaledBinaryConv2d(32, 64, 3, padding=1, bias=False),
            nn.BatchNorm2d(64),
            Sign(),
            ScaledBinaryConv2d(64, 64, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(64),
            Sign(),
            ScaledBinaryConv2d(64, 128, 3, padding=1, bias=False),
            nn.BatchNorm2d(128),
            nn.Hardtanh(),
            Sign(),
            nn.AdaptiveAvgPool2d(1),
        )
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.features(x).flatten(1))
        return scores

    def latent_weights(self) -> list[Tensor]:
        return [layer.weight for layer in self.modules() if isinstance(layer, ScaledBinaryConv2d)]


def mirror(x: Tensor, generator: torch.Generator) -> Tensor:
    """Flip half of the images (N, C, H, W) from left to right."""
    chosen = torch.rand(len(x), 1, 1, 1, generator=generator) < 0.5
    return torch.where(chosen, x.flip(3), x)


def load(folder: Path | None) -> DataSet:
    """Fashion-MNIST in the units the model is trained on; see `load_fashion_mnist`."""
    raw = load_fashion_mnist(folder)
    return DataSet(
        *(normalise(part, FASHION_MEAN, FASHION_STD) for part in (raw.train, raw.calibration, raw.test))
    )


def train(data: DataSet, recipe: Recipe = RECIPE) -> FashionNet:
    """A trained model in eval mode."""
    prepare(recipe)
    model = FashionNet()
    fit(model, torch.from_numpy(data.train.x), torch.from_numpy(data.train.y), recipe, mirror)
    return model


def save(model: nn.Module, data: DataSet, folder: Path) -> None:
    """Write `model.pt`, `test.npz` and `test_500.npz` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    x, y = torch.from_numpy(data.calibration.x), torch.from_numpy(data.calibration.y)
    bnncl.save(model, folder / "model.pt", x[:1], calibration=x, labels=y)
    data.test.save(folder / "test.npz")
    data.test.head(500).save(folder / "test_500.npz")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.fashion_mnist.train", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with the data set's files (default: $BNNCL_DATA)")
    parser.add_argument("-o", "--out", type=Path, default=Path("build/examples/fashion_mnist"))
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    density_option(parser)
    chosen = parser.parse_args(arguments)
    try:
        data = load(chosen.data)
    except DataError as error:
        fail(error)
    model = train(data, replace(RECIPE, epochs=chosen.epochs, density_penalty=chosen.density_penalty))
    save(model, data, chosen.out)
    share = accuracy(model, torch.from_numpy(data.test.x), torch.from_numpy(data.test.y))
    print(f"test accuracy {share:.2%} on {len(data.test.y)} images", file=sys.stderr)
    print(chosen.out / "model.pt")


if __name__ == "__main__":
    main()

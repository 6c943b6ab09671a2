"""Trains a binary backbone on the first classes: `python -m examples.pretrain digits --base 5 -o base.pt`.

What it writes is for `bnncl simulate --model base.pt --data digits` and `bnncl-compile --train head`: the
classes from `--base` on are left for the device to learn. The data are those that `bnncl simulate` knows.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import bnncl
from bnncl.diagnostics import BnnclError
from bnncl.learn.data import DataSet, load
from examples.digits.train import BinaryConv2d, jitter, sign
from examples.training import BinaryModel, Recipe, accuracy, fit, prepare

RECIPE = Recipe(epochs=30, threads=1)
CALIBRATION = 512
WIDTH = 128
_LATENT_SIZE = 4


class Backbone(BinaryModel):
    """Square images to `classes` scores: a real first layer, three binary ones, a real linear head.

    Max pools halve the image until it is at most 4 pixels wide; the head reads the signs of all its
    `width` channels, which are also what a device keeps of a sample. With `numbers` it reads what a ReLU
    leaves of them instead.
    """

    def __init__(
        self, channels: int, size: int, classes: int, width: int = WIDTH, numbers: bool = False
    ) -> None:
        super().__init__()
        self.numbers = numbers
        widths = (width // 2, width // 2, width, width)
        inputs = (channels, *widths[:-1])
        self.convs = nn.ModuleList(
            nn.Conv2d(n, m, 3, padding=1) if first else BinaryConv2d(n, m, 3, bias=False)
            for first, n, m in zip((True, False, False, False), inputs, widths, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(m) for m in widths)
        self.pools = [size // 2**at > _LATENT_SIZE for at in range(len(widths))]
        last = size // 2 ** sum(self.pools)
        self.head = nn.Linear(width * last * last, classes)

    def forward(self, x: Tensor) -> Tensor:
        for at, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = conv(x) if at == 0 else conv(F.pad(x, (1, 1, 1, 1), value=1.0))
            x = norm(F.max_pool2d(x, 2) if self.pools[at] else x)
            x = F.relu(x) if self.numbers and at == len(self.norms) - 1 else sign(x)
        scores: Tensor = self.head(x.flatten(1))
        return scores

    def latent_weights(self) -> list[Tensor]:
        return [conv.weight for conv in self.convs if isinstance(conv, BinaryConv2d)]


def balanced(labels: np.ndarray, count: int) -> np.ndarray:
    """Positions of about `count` samples, equally many of each class."""
    classes = np.unique(labels)
    return np.concatenate([np.flatnonzero(labels == each)[: count // len(classes)] for each in classes])


def main(arguments: list[str] | None = None) -> None:
    """The command line: which data, which classes, to which file."""
    parser = argparse.ArgumentParser(prog="python -m examples.pretrain", description=__doc__)
    parser.add_argument("data", help="digits, fashion_mnist, cifar10, cifar100, spoken_digits, or data.npz")
    parser.add_argument("--base", type=int, default=5, help="how many classes it learns, from 0 on")
    parser.add_argument("--width", type=int, default=WIDTH, help="channels of the last layer")
    parser.add_argument("--numbers", action="store_true", help="a head that reads numbers, not bits")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/base.pt"))
    chosen = parser.parse_args(arguments)
    try:
        data = load(chosen.data)
    except BnnclError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    chose = {name: getattr(chosen, name) for name in ("base", "width", "epochs", "numbers")}
    share = pretrain(data, chosen.out, **chose)
    count = int((data.y_test < chosen.base).sum())
    print(f"test accuracy {share:.2%} on {count} images of {chosen.base} classes", file=sys.stderr)
    print(chosen.out)


def pretrain(
    data: DataSet,
    out: Path,
    *,
    base: int = 5,
    width: int = WIDTH,
    epochs: int = RECIPE.epochs,
    numbers: bool = False,
) -> float:
    """Train on the classes below `base`, write the backbone to `out`; its accuracy on their test samples."""
    train, test = (data.y_train < base), (data.y_test < base)
    x, y = torch.from_numpy(data.x_train[train]), torch.from_numpy(data.y_train[train])
    prepare(Recipe(epochs, threads=RECIPE.threads))
    model = Backbone(x.shape[1], x.shape[2], base, width, numbers)
    fit(model, x, y, Recipe(epochs, threads=RECIPE.threads), jitter)
    picks = torch.from_numpy(balanced(y.numpy(), CALIBRATION))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    bnncl.save(model, part, x[:1], calibration=x[picks], labels=y[picks])
    part.replace(out)
    return accuracy(model, torch.from_numpy(data.x_test[test]), torch.from_numpy(data.y_test[test]))


if __name__ == "__main__":
    main()

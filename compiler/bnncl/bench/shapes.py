"""The layers that are measured: data without torch."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from bnncl.diagnostics import Collector, Problem, UsageError

Input = Literal["signs", "pixels"]
Output = Literal["signs", "int32", "scores"]
Learning = Literal["no", "head", "layer"]

CLASSES: Final = 10
"""Of the models that learn."""


@dataclass(frozen=True)
class Layer:
    """A convolution, or with a map of 1x1 a linear layer, and what stands around it.

    `size` is height and width of the input, `filter_size` those of the filter. `reads` says whether the layer
    is binary on ±1 or real on 8-bit pixels. `gives` are signs after a batch norm, the integer sums that a
    shortcut is added to, or the scores of a model that ends there, whose weights are real. `one_padding`
    pads with +1 instead of 0. Where it `learns`, as the head or with a head behind it, a step of learning is
    measured instead of inference.
    """

    name: str
    about: str
    size: int
    in_channels: int
    out_channels: int
    filter_size: int = 1
    stride: int = 1
    padding: int = 0
    one_padding: bool = False
    reads: Input = "signs"
    gives: Output = "signs"
    learns: Learning = "no"

    @property
    def is_linear(self) -> bool:
        """Whether it is a linear layer."""
        return self.size == 1


SHAPES: Final[tuple[Layer, ...]] = (
    Layer("A", "3x3 on 16x16, 64 to 64 channels", 16, 64, 64, 3, padding=1),
    Layer("B", "3x3 on 8x8, 256 to 256 channels", 8, 256, 256, 3, padding=1),
    Layer("FC", "linear, 1024 to 1024", 1, 1024, 1024),
    Layer("A-plus", "A, padded with +1", 16, 64, 64, 3, padding=1, one_padding=True),
    Layer("A-int32", "A, integer sums for a shortcut", 16, 64, 64, 3, padding=1, gives="int32"),
    Layer("A-stride", "A, stride 2, to 128 channels", 16, 64, 128, 3, stride=2, padding=1),
    Layer("1x1", "1x1 on 16x16, 128 to 128 channels", 16, 128, 128),
    Layer("5x5", "5x5 on 8x8, 32 to 64 channels", 8, 32, 64, 5, padding=2),
    Layer("out32", "3x3 on 16x16, 64 to 32 channels", 16, 64, 32, 3, padding=1),
    Layer("out8", "3x3 on 16x16, 64 to 8 channels", 16, 64, 8, 3, padding=1),
    Layer("odd", "3x3 on 7x7, 72 to 40 channels", 7, 72, 40, 3, padding=1),
    Layer("first", "3x3 on 32x32 pixels, 3 to 32 channels", 32, 3, 32, 3, padding=1, reads="pixels"),
    Layer("last", "linear with real weights, 1024 to 10", 1, 1024, 10, gives="scores"),
    Layer("learn-head", "a minibatch of a head, 1024 to 10", 1, 1024, CLASSES, gives="scores", learns="head"),
    Layer(
        *("learn-tail", "a minibatch of 3x3 on 8x8, 32 to 32 channels, and a head"),
        *(8, 32, 32, 3),
        padding=1,
        learns="layer",
    ),
)
_BY_NAME: Final = {layer.name: layer for layer in SHAPES}


def shapes(names: tuple[str, ...]) -> tuple[Layer, ...]:
    """The layers called `names`; UsageError (`unknown-shape`) with every name that is none."""
    problems = Collector()
    for name in names:
        if name not in _BY_NAME:
            close = get_close_matches(name, _BY_NAME, n=3, cutoff=0.5)
            guess = f"Did you mean {' or '.join(close)}? " if close else ""
            hint = f"{guess}The shapes are {', '.join(_BY_NAME)}."
            problems.add(
                Problem("unknown-shape", f"there is no shape called {name!r}", "--shapes", hint=hint)
            )
    problems.raise_as(UsageError)
    return tuple(_BY_NAME[name] for name in names)

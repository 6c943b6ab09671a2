"""A network of int8 layers with the shapes of a compiled binary one: weights drawn, meaning in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import Shape
from bnncl.kernels.base import calls
from bnncl.ops.conv import Conv
from bnncl.ops.elementwise import Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window

SHIFT: Final = 24
Kind = Literal["conv", "maxpool", "sumpool"]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """One int8 layer and the numbers of the binary network's ops that it stands for."""

    kind: Kind
    window: Window
    x: Shape
    out: Shape
    ops: tuple[int, ...]

    @property
    def name(self) -> str:
        """What a table calls it."""
        size = f"{self.window.filter_h}x{self.window.filter_w}"
        return f"{self.kind} {size}, {_text(self.x)} to {_text(self.out)}"

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those on padding too; of pools none."""
        return int(np.prod(self.out)) * self.window.taps * self.x[2] if self.kind == "conv" else 0


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))


def layers_of(graph: Graph) -> tuple[Layer, ...]:
    """The int8 layers of a graph of kernel calls.

    What int8 does in the layer before (thresholds, rescaling, flattening) is counted to that layer.
    ValueError where an op has no counterpart here.
    """
    found: list[Layer] = []
    for index, call in enumerate(calls(graph)):
        op = call.op
        x, out = graph.type_of(op.inputs[0]).shape, graph.type_of(call.output).shape
        if isinstance(op, Conv | MaxPool | SumPool):
            found.append(Layer(_kind(op), _plain(op.window), x, out, (index,)))
        elif isinstance(op, Threshold | Requantize | Flatten) and found:
            last = found.pop()
            found.append(Layer(last.kind, last.window, last.x, last.out, (*last.ops, index)))
        else:
            raise ValueError(f"{type(op).__name__} {call.output!r} has no int8 counterpart here")
    return tuple(found)


def _kind(op: Op) -> Kind:
    return "conv" if isinstance(op, Conv) else "maxpool" if isinstance(op, MaxPool) else "sumpool"


def _plain(window: Window) -> Window:
    if (window.dilation_h, window.dilation_w) != (1, 1):
        raise ValueError("dilated windows have no int8 counterpart here")
    return window


@dataclass(frozen=True)
class Drawn:
    """The constants of a layer: filter (O, fh, fw, I), bias and multiplier (O,), empty where it has none."""

    filter: Numbers
    bias: Numbers
    multiplier: Numbers


@dataclass(frozen=True)
class Network:
    """Layers with seeded constants and a seeded input: the same in every run."""

    layers: tuple[Layer, ...]

    @cached_property
    def input(self) -> Numbers:
        """int8 numbers of shape (h, w, c)."""
        return np.random.default_rng(1).integers(-128, 128, self.layers[0].x)

    @cached_property
    def constants(self) -> tuple[Drawn, ...]:
        """Of each layer."""
        rng = np.random.default_rng(2)
        return tuple(_drawn(layer, rng) for layer in self.layers)

    def results(self) -> Iterator[Numbers]:
        """The output of each layer in turn, (h, w, c)."""
        value = self.input
        for layer, drawn in zip(self.layers, self.constants, strict=True):
            value = _evaluated(layer, drawn, value.reshape(layer.x))
            yield value

    @property
    def weight_bytes(self) -> int:
        """Filters in int8, biases and multipliers in int32."""
        return sum(d.filter.size + 4 * (d.bias.size + d.multiplier.size) for d in self.constants)


def _drawn(layer: Layer, rng: np.random.Generator) -> Drawn:
    none = np.zeros(0, np.int64)
    channels, terms = layer.out[2], layer.window.taps * layer.x[2]
    if layer.kind == "conv":
        shape = (channels, layer.window.filter_h, layer.window.filter_w, layer.x[2])
        spread = 2**SHIFT / (60 * np.sqrt(terms))
        multiplier = rng.integers(int(spread / 2), int(spread) + 1, channels)
        return Drawn(rng.integers(-127, 128, shape), rng.integers(-999, 1000, channels), multiplier)
    if layer.kind == "sumpool":
        return Drawn(none, none, np.full(channels, round(2**SHIFT / layer.window.taps)))
    return Drawn(none, none, none)


def _evaluated(layer: Layer, drawn: Drawn, x: Numbers) -> Numbers:
    low = -128 if layer.kind == "maxpool" else 0
    windows = layer.window.gather(x[None], low)[0]
    if layer.kind == "maxpool":
        return np.asarray(windows.max((2, 3)))
    if layer.kind == "sumpool":
        sums = windows.sum((2, 3))
    else:
        sums = np.einsum("yxhwc,ohwc->yxo", windows, drawn.filter) + drawn.bias
    rounded = (sums * drawn.multiplier + (1 << (SHIFT - 1))) >> SHIFT
    return np.asarray(np.clip(rounded, -128, 127))

"""Traced tails of every kind of block, each small: what stands behind a binary cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Stage
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Constant, Storage, Value
from bnncl.ops.add import RealAdd
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool
from bnncl.ops.threshold import RealThreshold
from bnncl.ops.window import Window

from .builders import SAME

SIZE, CHANNELS = 6, 20
HALF = Window(2, 2, 2, 2)
STRIDED = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)


class Layers:
    """Appends layers to a tail; parameters are drawn from one generator."""

    def __init__(self, seed: int, channels: int = CHANNELS, size: int = SIZE) -> None:
        self.rng = np.random.default_rng(seed)
        cut = Value("cut", TensorType((size, size, channels), Binary()), Storage.INPUT)
        self.builder = GraphBuilder("tail", Stage.TRACED, cut)

    def channels(self, x: str) -> int:
        return self.builder.value(x).type.channels

    def conv(self, x: str, name: str, out: int, window: Window = SAME, pad_value: int = 1) -> str:
        """A convolution with filters that learn, of bits or, 1x1, of real numbers."""
        latent = self.rng.normal(0, 0.3, (out, window.filter_h, window.filter_w, self.channels(x)))
        signs = np.where(latent >= 0, 1, -1).astype(np.int8)
        about = {"output": name, "module": name, "x": x, "window": window}
        held = Constant(signs, (f"{name}.weight",), latent.astype(np.float32))
        if isinstance(self.builder.value(x).type.domain, Binary):
            return self.builder.add(BinaryConv(filter=held, pad_value=pad_value, **about))
        return self.builder.add(RealConv(filter=held, **about))

    def norm(self, x: str, name: str, fan_in: float) -> str:
        """A batch norm behind sums of `fan_in` terms, some scales negative."""
        count = self.channels(x)
        scale = self.rng.uniform(0.5, 1.5, count) * self.rng.choice([-1, 1, 1], count) / np.sqrt(fan_in)
        return self.affine(x, name, scale, self.rng.normal(0, 0.3, count))

    def shift(self, x: str, name: str) -> str:
        return self.affine(x, name, np.ones(self.channels(x)), self.rng.normal(0, 0.3, self.channels(x)))

    def affine(self, x: str, name: str, scale: np.ndarray, offset: np.ndarray) -> str:
        return self.builder.add(
            RealAffine(output=name, module=name, x=x, scale=Constant(scale), offset=Constant(offset))
        )

    def shortcut(self) -> str:
        """What stands for the real numbers beside the bits of the cut."""
        count = self.channels("cut")
        scale = self.rng.uniform(0.3, 1.0, count)
        return self.affine("cut", "cut_shortcut", scale, self.rng.normal(0, 0.2, count))

    def sign(self, x: str, name: str) -> str:
        at = Constant(self.rng.normal(0, 0.2, (1, self.channels(x))))
        first = Constant(np.full(self.channels(x), -1, np.int8))
        return self.builder.add(RealThreshold(output=name, module=name, x=x, at=at, first=first))

    def slopes(self, x: str, name: str, *, positive: bool) -> str:
        count = self.channels(x)
        above = Constant(self.rng.uniform(0.5, 1.3, count)) if positive else None
        slope = Constant(self.rng.uniform(0.1, 0.5, count))
        return self.builder.add(RealPRelu(output=name, module=name, x=x, slope=slope, positive=above))

    def add(self, x: str, y: str, name: str) -> str:
        return self.builder.add(RealAdd(output=name, module=name, x=x, y=y))

    def clamp(self, x: str, name: str, lo: float, hi: float) -> str:
        return self.builder.add(RealClamp(output=name, module=name, x=x, lo=lo, hi=hi))

    def mean(self, x: str, name: str, window: Window) -> str:
        divisor = float(window.taps)
        return self.builder.add(AveragePool(output=name, module=name, x=x, window=window, divisor=divisor))

    def max(self, x: str, name: str, window: Window = HALF) -> str:
        return self.builder.add(MaxPool(output=name, module=name, x=x, window=window))

    def flat(self, x: str) -> str:
        return self.builder.add(Flatten(output="flat", x=x))

    def finish(self, x: str) -> Graph:
        height, width, _ = self.builder.value(x).type.shape
        if (height, width) != (1, 1):
            x = self.mean(x, "mean", Window(height, width))
        return self.builder.finish(x)


def chain(seed: int = 0) -> Graph:
    """Convolution, batch norm, sign, twice."""
    make = Layers(seed)
    x = make.norm(make.conv("cut", "conv1", 24), "norm1", 9 * CHANNELS)
    x = make.conv(make.sign(x, "sign1"), "conv2", 16, pad_value=0)
    return make.finish(make.norm(x, "norm2", 9 * 24))


def bireal(seed: int = 0) -> Graph:
    """Two blocks, the second one down-sampling: two slopes behind a sum, real 1x1 shortcut."""
    make = Layers(seed)
    x = make.norm(make.conv("cut", "conv1", CHANNELS), "norm1", 9 * CHANNELS)
    x = make.slopes(make.add(x, make.shortcut(), "sum1"), "slopes1", positive=True)
    y = make.norm(make.conv(make.sign(x, "sign2"), "conv2", 32, STRIDED), "norm2", 9 * CHANNELS)
    short = make.conv(make.mean(x, "half2", HALF), "short2", 32, Window())
    x = make.add(y, make.norm(short, "short_norm2", CHANNELS), "sum2")
    return make.finish(make.slopes(x, "slopes2", positive=True))


def reactnet(seed: int = 0) -> Graph:
    """Two blocks with offsets on either side of a PReLU; what ends the first is read twice."""
    make = Layers(seed)
    x = make.shortcut()
    bits = "cut"
    for block in ("1", "2"):
        y = make.norm(make.conv(bits, f"conv{block}", CHANNELS, pad_value=0), f"norm{block}", 9 * CHANNELS)
        x = make.shift(make.add(y, x, f"sum{block}"), f"before{block}")
        x = make.shift(make.slopes(x, f"prelu{block}", positive=False), f"after{block}")
        bits = make.sign(x, f"sign{block}") if block == "1" else ""
    return make.finish(x)


def quicknet(seed: int = 0) -> Graph:
    """Two blocks: a ReLU on the accumulators, then batch norm and the sum."""
    make = Layers(seed)
    x = make.shortcut()
    bits = "cut"
    for block in ("1", "2"):
        y = make.clamp(make.conv(bits, f"conv{block}", CHANNELS), f"relu{block}", 0.0, np.inf)
        x = make.add(x, make.norm(y, f"norm{block}", 9 * CHANNELS), f"sum{block}")
        bits = make.sign(x, f"sign{block}") if block == "1" else ""
    return make.finish(x)


def pooled(seed: int = 0) -> Graph:
    """Max pools of accumulators and of signs, a hardtanh, and a flattened map."""
    make = Layers(seed)
    x = make.max(make.conv("cut", "conv1", 24), "pool1", Window(3, 3, 1, 1))
    x = make.clamp(make.norm(x, "norm1", 9 * CHANNELS), "tanh1", -1.0, 1.0)
    x = make.max(make.sign(x, "sign1"), "pool2")
    x = make.norm(make.conv(x, "conv2", 10, pad_value=0), "norm2", 9 * 24)
    return make.finish(make.flat(x))


TAILS: dict[str, Callable[[int], Graph]] = {
    "chain": chain,
    "bireal": bireal,
    "reactnet": reactnet,
    "quicknet": quicknet,
    "pooled": pooled,
}


def latents(tail: Graph, count: int = 24, seed: int = 7) -> np.ndarray:
    """Samples of the cut, (N, H, W, C): channels differ in how often they are +1."""
    rng = np.random.default_rng(seed)
    shape = tail.type_of(tail.inputs[0]).shape
    often = rng.uniform(0.2, 0.8, shape[2])
    return np.where(rng.random((count, *shape)) < often, 1, -1).astype(np.int8)

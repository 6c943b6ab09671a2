"""Small traced graphs for the tests of passes."""

from __future__ import annotations

import numpy as np

from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Stage
from bnncl.ir.types import Float, TensorType
from bnncl.ir.values import Constant, Storage, Value
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.epilogue import Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool
from bnncl.ops.threshold import RealThreshold, Threshold
from bnncl.ops.window import Window

SAME = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)


def signs(rng: np.random.Generator, *shape: int) -> Constant:
    """Random ±1."""
    return Constant(rng.choice(np.array([-1, 1], np.int8), shape))


def real(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Constant:
    """Random real numbers."""
    return Constant(rng.normal(0, scale, shape))


def binary_cnn(seed: int = 0, channels: int = 20) -> Graph:
    """Real first convolution, a binary one with max pool, flatten of bits with a tail, real head."""
    rng = np.random.default_rng(seed)
    builder = GraphBuilder("infer", Stage.TRACED, _input(8, 8, 3))
    x = builder.add(RealConv(output="conv1", x="input", filter=real(rng, channels, 3, 3, 3), window=SAME))
    at, first = real(rng, 1, channels, scale=0.3), signs(rng, channels)
    x = builder.add(RealThreshold(output="sign1", x=x, at=at, first=first))
    filter_ = signs(rng, 10, 3, 3, channels)
    x = builder.add(BinaryConv(output="conv2", x=x, filter=filter_, window=SAME, module="conv2"))
    steps = Steps(Constant(rng.integers(-9, 9, (1, 10)).astype(np.int32)), signs(rng, 10))
    x = builder.add(Threshold(output="sign2", x=x, steps=steps, module="bn2"))
    x = builder.add(MaxPool(output="pool2", x=x, window=Window(2, 2, 2, 2)))
    x = builder.add(Flatten(output="flat", x=x))
    head = RealConv(output="scores", x=x, filter=real(rng, 5, 1, 1, 160), bias=real(rng, 5), module="head")
    return builder.finish(builder.add(head))


def real_cnn(seed: int = 0) -> Graph:
    """Only real arithmetic: affine maps with negative scales, PReLU, hardtanh, pools, two convolutions."""
    rng = np.random.default_rng(seed)
    builder = GraphBuilder("infer", Stage.TRACED, _input(8, 8, 2))
    x = builder.add(
        RealConv(output="conv1", x="input", filter=real(rng, 6, 3, 3, 2), window=SAME, pad_value=0.25)
    )
    x = builder.add(RealAffine(output="bn1", x=x, scale=real(rng, 6), offset=real(rng, 6)))
    x = builder.add(RealPRelu(output="prelu1", x=x, slope=Constant(np.linspace(-0.5, 1.5, 6))))
    x = builder.add(MaxPool(output="pool1", x=x, window=Window(2, 2, 2, 2)))
    x = builder.add(RealConv(output="conv2", x=x, filter=real(rng, 7, 2, 2, 6), window=Window(2, 2)))
    x = builder.add(RealAffine(output="bn2", x=x, scale=real(rng, 7, scale=0.1), offset=real(rng, 7)))
    x = builder.add(MaxPool(output="pool2", x=x, window=Window(2, 2)))
    x = builder.add(RealClamp(output="tanh2", x=x, lo=-1.0, hi=1.0))
    x = builder.add(AveragePool(output="mean", x=x, window=Window(2, 2), divisor=4.0))
    head = RealConv(output="scores", x=x, filter=real(rng, 4, 1, 1, 7), bias=real(rng, 4), module="head")
    return builder.finish(builder.add(head))


def _input(*shape: int) -> Value:
    return Value("input", TensorType(shape, Float()), Storage.INPUT)  # type: ignore[arg-type]

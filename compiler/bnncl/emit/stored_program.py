"""The program that a project keeps beside its C: the reference can be rebuilt from it without the model."""

from __future__ import annotations

from typing import Final

from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Stage
from bnncl.ir.serialize import load_program, save_program
from bnncl.kernels.base import KernelCall
from bnncl.ops.add import Add
from bnncl.ops.concat import Concat, Select
from bnncl.ops.conv import BinaryConv, FixedConv, GroupedConv
from bnncl.ops.elementwise import PRelu, Requantize
from bnncl.ops.epilogue import Rescale, Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.learned_head import HeadConfig, LearnedHead
from bnncl.ops.pack import Pack, Unpack
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.tail.backward import (
    ChannelMultiple,
    ChannelProduct,
    FilterInputGradient,
    HeadInputGradient,
    Masked,
    MaxPoolGradient,
    Product,
    SlopeGradient,
    SumPoolGradient,
    Unflatten,
)
from bnncl.ops.tail.exponents import (
    AlignedSum,
    BlockExponent,
    FixedExponent,
    Normalise,
    SumExponent,
)
from bnncl.ops.tail.forward import (
    ChannelAffine,
    FilterConv,
    PassMask,
    SignAt,
    SlopedUnit,
    TentSlope,
)
from bnncl.ops.tail.parameters import (
    Accumulate,
    AccumulateFilter,
    AccumulateFilterNarrow,
    ChannelDot,
    ChannelSum,
    Clear,
    Copy,
    SignBits,
    Update,
)
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window

CLASSES: Final = (
    Accumulate,
    AccumulateFilter,
    AccumulateFilterNarrow,
    Add,
    AlignedSum,
    BinaryConv,
    BlockExponent,
    ChannelAffine,
    ChannelDot,
    ChannelMultiple,
    ChannelProduct,
    ChannelSum,
    Clear,
    Concat,
    Copy,
    FilterConv,
    FilterInputGradient,
    FixedConv,
    FixedExponent,
    Flatten,
    GroupedConv,
    HeadConfig,
    HeadInputGradient,
    LearnedHead,
    Masked,
    MaxPool,
    MaxPoolGradient,
    Normalise,
    PRelu,
    Pack,
    PassMask,
    Product,
    Requantize,
    Rescale,
    Select,
    SignAt,
    SignBits,
    SlopeGradient,
    SlopedUnit,
    Steps,
    SumExponent,
    SumPool,
    SumPoolGradient,
    TentSlope,
    Threshold,
    Unflatten,
    Unpack,
    Update,
    Window,
)
"""Every op of stage INTEGER, and what ops are made of."""


def store(program: Program) -> bytes:
    """The INTEGER form of the SELECTED `program` as a file; latent tensors are left out."""
    return save_program(program.map(without_kernels), latents=False)


def restore(content: bytes, where: str = "program") -> Program:
    """The INTEGER program that `store` wrote; `UsageError` (`bad-program-file`)."""
    return load_program(content, CLASSES, where)


def without_kernels(graph: Graph) -> Graph:
    """A SELECTED graph as it was before its kernels were chosen."""
    ops = [op.op if isinstance(op, KernelCall) else op for op in graph.ops]
    return graph.with_ops(ops).at_stage(Stage.INTEGER)

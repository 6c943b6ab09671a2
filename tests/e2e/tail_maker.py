"""Builds the graphs of a small tail that learns: forward and backward ops, one after the other."""

from __future__ import annotations

import numpy as np

from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Op, Stage
from bnncl.ir.types import Int
from bnncl.ir.values import Constant, StateArray, Storage, Value
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Rescale
from bnncl.ops.pool import SumPool
from bnncl.ops.tail.backward import (
    ChannelProduct,
    FilterInputGradient,
    HeadInputGradient,
    Masked,
    SumPoolGradient,
)
from bnncl.ops.tail.exponents import BlockExponent, FixedExponent, Normalise
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, PassMask, SignAt
from bnncl.ops.tail.parameters import (
    Accumulate,
    AccumulateFilter,
    ChannelDot,
    ChannelSum,
)
from bnncl.ops.window import Window

PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
HELD = Int(-127, 127, 8)
WEIGHT = Int(-2047, 2047, 16)
SUM = Int(-(2**31) + 2, 2**31 - 2, 32)
CHANNELS, HIDDEN, FEATURES, SIZE, CLASSES = 8, 6, 5, 4, 4


def rescale(channels: int, bound: int, domain: Int) -> Rescale:
    multiplier = ((domain.hi - domain.lo) << 20) // (2 * bound)
    return Rescale(
        Constant(np.full(channels, multiplier, np.int32)),
        Constant(np.full(channels, 1 << 19, np.int64)),
        Constant(np.full(channels, 20, np.uint8)),
        domain.lo,
        domain.hi,
        domain.bits,
    )


class Maker:
    """Builds one graph."""

    def __init__(
        self, name: str, states: dict[str, StateArray], rescales: list[Rescale], *, kept: bool
    ) -> None:
        self._name, self._by_name, self._rescales, self._kept = name, states, rescales, kept
        self._inputs: list[Value] = []
        self._builder: GraphBuilder | None = None

    def begin(self, value: Value) -> None:
        self._inputs.append(value)

    def states(self, *names: str) -> None:
        self._inputs += [Value(name, self._by_name[name].type, Storage.STATE) for name in names]
        self._builder = GraphBuilder(self._name, Stage.INTEGER, *self._inputs)

    def add(self, op: Op) -> str:
        if self._builder is None or self._inputs[-1].name not in self._builder._values:
            self._builder = GraphBuilder(self._name, Stage.INTEGER, *self._inputs)
        more = {"storage": Storage.STATE} if op.changes_state else {}
        return self._builder.add(op, **more)

    def finish(self, *outputs: str) -> Graph:
        assert self._builder is not None
        return self._builder.finish(*outputs)

    def forward(self, *, masked: bool = False) -> None:
        signs, of = ("_ks", "_kept") if self._kept else ("_s", "")
        self.add(FilterConv(x="cut", y=f"conv_w{signs}", output="sums", module="conv", window=PADDED))
        self.add(Requantize(x="sums", output="normed", module="norm", rescale=self._rescales[0]))
        self.add(
            ChannelAffine(
                x="normed",
                scale=f"scale{of}",
                offset=f"offset{of}",
                output="shifted",
                module="scale",
                shift=9,
                offset_shift=3,
                lo=-127,
                hi=127,
                bits=8,
            )
        )
        if masked:
            self.add(PassMask(x="shifted", offset=f"at{of}", output="passes", module="sign", lo=-60, hi=60))
        self.add(SignAt(x="shifted", y=f"at{of}", output="signs", module="sign"))
        self.add(FilterConv(x="signs", y=f"conv2_w{signs}", output="sums2", module="conv2", window=PADDED))
        self.add(Requantize(x="sums2", output="normed2", module="norm2", rescale=self._rescales[1]))
        self.add(SumPool(x="normed2", output="pooled", module="pool", window=Window(SIZE, SIZE)))
        self.add(Requantize(x="pooled", output="features", module="pool", rescale=self._rescales[2]))

    def _normalised(self, x: str, exponent: str, name: str, bias: int) -> tuple[str, str]:
        made = self.add(BlockExponent(x=x, y=exponent, output=f"{name}_e", bias=bias, bits=16))
        mantissas = Normalise(x=x, x_exponent=exponent, exponent=made, output=f"{name}_m", bias=bias, bits=16)
        return self.add(mantissas), made

    def backward(self) -> None:
        self.add(
            HeadInputGradient(
                x="delta",
                y="tw",
                output="d_features",
                module="head",
                q_forward=8,
                q_backward=16,
                bias_features=1,
            )
        )
        start = self.add(FixedExponent(output="delta_e", module="head", value=0))
        m, e = self._normalised("d_features", start, "d_features", -7)
        self.add(
            SumPoolGradient(
                x=m, output="d_pool", module="pool", window=Window(SIZE, SIZE), in_h=SIZE, in_w=SIZE
            )
        )
        m, e = self._normalised("d_pool", e, "d_pool", 0)
        self.add(
            AccumulateFilter(
                acc="conv2_w_g",
                x="signs",
                gradient=m,
                gradient_exponent=e,
                output="conv2_w_g_new",
                module="conv2",
                bias=0,
                exponent=2,
                limit=1 << 14,
                window=PADDED,
            )
        )
        self.add(
            FilterInputGradient(
                x=m, y="conv2_w_t", output="d_signs", module="conv2", window=PADDED, in_h=SIZE, in_w=SIZE
            )
        )
        m, e = self._normalised("d_signs", e, "d_signs", 0)
        self.add(Masked(x=m, y="passes", output="d_shifted", module="sign"))
        self.add(ChannelSum(x="d_shifted", output="d_at", module="sign"))
        for name in ("at", "offset"):
            self._accumulated(name, "d_at", e)
        self.add(ChannelDot(x="d_shifted", y="normed", output="d_scale", module="scale", shift=3))
        self._accumulated("scale", "d_scale", e)
        self.add(ChannelProduct(x="d_shifted", y="scale", output="d_normed", module="scale"))
        m, e = self._normalised("d_normed", e, "d_normed", -9)
        self.add(
            AccumulateFilter(
                acc="conv_w_g",
                x="cut",
                gradient=m,
                gradient_exponent=e,
                output="conv_w_g_new",
                module="conv",
                bias=0,
                exponent=2,
                limit=1 << 14,
                window=PADDED,
            )
        )

    def _accumulated(self, name: str, x: str, exponent: str) -> None:
        self.add(
            Accumulate(
                acc=f"{name}_g",
                x=x,
                x_exponent=exponent,
                output=f"{name}_g_new",
                module=name,
                bias=0,
                exponent=3,
                limit=1 << 20,
            )
        )

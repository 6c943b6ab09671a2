"""What a lowering rule works on: the values lowered so far and the ops made for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.types import INT32_MAX, Binary, Float, Int, element_range, storage_range
from bnncl.ir.values import Meaning, Storage, Value
from bnncl.ops.elementwise import Requantize
from bnncl.ops.pool import SumPool
from bnncl.passes.input_format import InputFormat
from bnncl.passes.lower_real.rescale import (
    identity,
    is_common,
    is_never_negative,
    real_bound,
    to_common_scale,
)
from bnncl.passes.lower_real.settings import RealWidths
from bnncl.passes.ranges import Ranges

_PLAIN = Meaning.of(1.0)
_SCORE_BITS = 16
_MARGIN = 2.0


class Scope:
    """The state of one run of the lowering: `values` and `ops` made so far.

    `_alias` maps the name of a traced value to the integer value that carries it, `_meaning` to what
    that one's numbers stand for: an affine map changes only the latter.
    """

    def __init__(self, graph: Graph, input_format: InputFormat, ranges: Ranges, widths: RealWidths) -> None:
        self.graph, self.ranges, self.widths = graph, ranges, widths
        self.ops: list[Op] = []
        self.values: dict[str, Value] = {}
        self._alias: dict[str, str] = {}
        self._meaning: dict[str, Meaning] = {}
        self._taken_in: set[str] = set()
        for name in graph.inputs:
            self._take_input(graph.values[name], input_format)

    def _take_input(self, value: Value, input_format: InputFormat) -> None:
        if isinstance(value.type.domain, Float):
            type_ = type(value.type)(value.type.shape, input_format.domain)
            value = Value(value.name, type_, Storage.INPUT, input_format.meaning, value.module)
            self._meaning[value.name] = input_format.meaning
        self.values[value.name] = value
        self._alias[value.name] = value.name

    def name_of(self, traced: str) -> str:
        """Name of the integer value that carries the traced value."""
        return self._alias[traced]

    def value_of(self, traced: str) -> Value:
        """The integer value that carries the traced value."""
        return self.values[self._alias[traced]]

    def meaning_of(self, traced: str) -> Meaning:
        """What the carried numbers stand for; integer and binary traced values stand for themselves."""
        return self._meaning.get(traced, _PLAIN)

    def is_input(self, traced: str) -> bool:
        """Whether the traced value is carried by an input of the graph."""
        return self._alias[traced] in self.graph.inputs

    def keep(self, op: Op) -> None:
        """Add an op that makes an integer or binary traced value as it is: numbers stand for themselves."""
        traced = self.graph.values[op.output]
        self.add(op, traced.meaning, traced=op.output)
        self._meaning.pop(op.output, None)

    def add(self, op: Op, meaning: Meaning | None, *, traced: str) -> None:
        """Append `op`, whose output carries the traced value `traced` with `meaning`."""
        types = tuple(self.values[name].type for name in op.inputs)
        self.values[op.output] = Value(op.output, op.infer(*types), Storage.ARENA, meaning, op.module)
        self.ops.append(op)
        self.carry(traced, op.output, meaning)

    def carry(self, traced: str, name: str, meaning: Meaning | None) -> None:
        """Let the integer value `name` carry the traced value with `meaning`."""
        self._alias[traced] = name
        if meaning is not None:
            self._meaning[traced] = meaning

    def requantised(self, traced: str, output: str, limits: tuple[float, float], bits: int) -> None:
        """Carry `traced` by a new value `output` of one scale, zero at q = 0, clamped to real `limits`."""
        if isinstance(self.value_of(traced).type.domain, Binary):
            widen = SumPool(output=f"{output}_wide", x=self.name_of(traced))
            self.add(widen, self.meaning_of(traced), traced=traced)
        source, meaning = self.value_of(traced), self.meaning_of(traced)
        rescale, made = to_common_scale(source, meaning, limits, bits)
        op = Requantize(
            output=output, module=self.graph.values[traced].module, x=source.name, rescale=rescale
        )
        self.add(op, made, traced=traced)

    def span(self, traced: str, bits: int) -> tuple[float, float]:
        """The real numbers that `bits` bits are to hold for `traced`: its range, in 16 bits twice that.

        Inputs that nobody calibrated with go beyond the range seen; a bit more of 16 is a small price.
        """
        low, high = self.ranges[traced]
        margin = _MARGIN if bits == 16 else 1.0
        return min(low, low * margin), max(high, high * margin)

    def narrow(self, traced: str, *, common: bool = False) -> None:
        """Have `traced` carried in 8 or 16 bits; if `common`, with one scale and zero at q = 0."""
        domain = self.value_of(traced).type.domain
        meaning, bits = self.meaning_of(traced), self.widths.activation
        if isinstance(domain, Binary):
            return
        assert isinstance(domain, Int)
        if common and not is_common(meaning):
            self.requantised(traced, self._free(f"{traced}_q"), self.span(traced, bits), bits)
        elif domain.bits > 16:
            low, high = storage_range(16, signed=True)
            if low <= domain.lo and domain.hi <= high:
                self._copy_narrow(traced, domain)
            else:
                self.requantised(traced, self._free(f"{traced}_q"), self.span(traced, bits), bits)

    def narrow_signed(self, traced: str) -> None:
        """Have `traced` carried by signed integers of the width of activations, whatever their meaning."""
        self.narrow(traced)
        domain, bits = self.value_of(traced).type.domain, self.widths.activation
        if not (isinstance(domain, Int) and domain.signed and domain.bits == bits):
            peak = max(map(abs, self.span(traced, bits)))
            self.requantised(traced, self._free(f"{traced}_q{bits}"), (-peak, peak), bits)

    def only_reader(self, traced: str) -> Op | None:
        """The op that alone reads the traced value, if it is no output of the graph."""
        readers = self.graph.readers(traced)
        return readers[0] if len(readers) == 1 and traced not in self.graph.outputs else None

    def is_carried(self, traced: str) -> bool:
        """Whether the traced value needs no op of its own: one before it took it in."""
        return traced in self._alias or traced in self._taken_in

    def take_in(self, traced: str) -> None:
        """Note that an op computes on past the traced value, which nothing else reads."""
        self._taken_in.add(traced)

    def narrow_for_sum(self, traced: str, terms: int) -> None:
        """Have `traced` carried in so few bits that a sum of `terms` of it is proven to fit int32."""
        for bits in (self.widths.activation, 8):
            least, most = element_range(self.value_of(traced).type.domain)
            if max(-least, most) * terms <= INT32_MAX:
                return
            self.requantised(traced, self._free(f"{traced}_q{bits}"), self.span(traced, bits), bits)

    def _free(self, name: str) -> str:
        """`name`, or with underscores behind it: a value may be narrowed in turn for several readers."""
        while name in self.values:
            name += "_"
        return name

    def _copy_narrow(self, traced: str, domain: Int) -> None:
        source, meaning = self.value_of(traced), self.meaning_of(traced)
        rescale = identity(source.type.channels, domain)
        op = Requantize(
            output=self._free(f"{traced}_q"), module=source.module, x=source.name, rescale=rescale
        )
        self.add(op, meaning, traced=traced)

    def as_scores(self, traced: str) -> str:
        """Carry the graph's output as int16 with one scale; returns its name, which is the traced one."""
        limit = self._limit(traced, _MARGIN)
        if self.name_of(traced) == traced:
            self._rename(traced, f"{traced}_acc")
        self.requantised(traced, traced, (-limit, limit), _SCORE_BITS)
        return traced

    def as_features(
        self, traced: str, bits: int, *, unsigned: bool = False, step: float | None = None
    ) -> str:
        """Carry the graph's output as bits, or as 8-bit numbers of `bits` bits with one scale.

        Returns its name. With `unsigned`, numbers that are never negative get no sign. `step` is the scale;
        without it the range is that of calibration.
        """
        source, meaning = self.value_of(traced), self.meaning_of(traced)
        if isinstance(source.type.domain, Binary):
            return source.name
        unsigned = unsigned and is_never_negative(source, meaning)
        top = (1 << (bits if unsigned else bits - 1)) - 1
        limit = self._limit(traced, 1.0) if step is None else step * top
        limits = (0.0 if unsigned else -limit, limit)
        rescale, made = to_common_scale(source, meaning, limits, bits, unsigned=unsigned)
        op = Requantize(
            output=f"{traced}_features",
            module=self.graph.values[traced].module,
            x=source.name,
            rescale=replace(rescale, bits=8),
        )
        self.add(op, made, traced=traced)
        return op.output

    def _limit(self, traced: str, margin: float) -> float:
        """The largest magnitude to hold for `traced`: that of its range times `margin`, or its bound."""
        low, high = self.ranges.get(traced, (-np.inf, np.inf))
        bound = real_bound(self.value_of(traced), self.meaning_of(traced))
        return min(bound, margin * max(abs(low), abs(high))) or bound

    def _rename(self, traced: str, name: str) -> None:
        value = self.values.pop(traced)
        self.values[name] = replace(value, name=name)
        self.ops = [replace(op, output=name) if op.output == traced else op for op in self.ops]
        self._alias[traced] = name

"""What the lowering of a tail works on: integer values made so far, their units, and states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant, Meaning, Role, StateArray, Storage, Value
from bnncl.passes.tail.settings import TailSettings

_SEEN = 0.9995
"""Share of the numbers seen in calibration that a value holds; what is beyond saturates."""

_FINEST = 12
"""Least unit of a value: 2**-12."""

_COARSEST = -10
"""Largest unit of a value: 2**10; sums of such values and of the finest ones just fit 32 bits."""


@dataclass
class Scope:
    """One lowering: `real` are the traced values on the calibration latents, (N, H, W, C).

    `normalised` names the affine maps whose input is normalised by statistics of those latents.
    `exponents` hold, for each integer value, the e of its unit 2**-e; accumulators have 0. `slopes` hold, for
    each `Requantize`, by how much its output grows with its input, in real numbers, (C,) each; `masks` name
    what tells where an op passes a gradient. `training` are values that inference has no use for.
    """

    settings: TailSettings
    real: Mapping[str, Array]
    normalised: frozenset[str]
    ops: list[Op] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    states: list[StateArray] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    exponents: dict[str, int] = field(default_factory=dict)
    slopes: dict[str, Array] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    training: set[str] = field(default_factory=set)

    def add(self, op: Op, exponent: int = 0, *, traced: str | None = None) -> str:
        """Append `op`, whose numbers count in units of 2**-exponent; it carries the value `traced`.

        UnsupportedModel (`tail-range`) where that unit is above 2**10.
        """
        if exponent < _COARSEST:
            raise UnsupportedModel(_too_large(op))
        types = tuple(self.values[name].type for name in op.inputs)
        meaning = Meaning.of(2.0**-exponent)
        self.values[op.output] = Value(op.output, op.infer(*types), meaning=meaning, module=op.module)
        self.ops.append(op)
        self.exponents[op.output] = exponent
        if traced is not None:
            self.names[traced] = op.output
        return op.output

    def latent(self, op: Op, numbers: Array, exponent: int) -> str:
        """The latent weights (O, taps, I) of a filter, in units of 2**-exponent, as a state."""
        limit, bits = self.settings.latent_limit, self.settings.q_latent
        return self._state(f"{op.output}_w", numbers, (limit, bits), "latent", (exponent, op.module))

    def parameter(self, op: Op, kind: str, real: Array, exponent: int) -> str:
        """A parameter (C,) of channels, real numbers held in units of 2**-exponent, as a state."""
        limit = (self.settings.parameter_limit, 16)
        numbers = np.rint(real * 2.0**exponent)[None, None]
        return self._state(f"{op.output}_{kind}", numbers, limit, "parameter", (exponent, op.module))

    def _state(
        self, name: str, numbers: Array, width: tuple[int, int], role: Role, about: tuple[int, str]
    ) -> str:
        (limit, bits), (exponent, module) = width, about
        height, rows, channels = numbers.shape
        type_ = TensorType((height, rows, channels), Int(-limit, limit, bits))
        initial = Constant(np.clip(numbers, -limit, limit).astype(np.int8 if bits == 8 else np.int16))
        self._enter(StateArray(name, type_, role, initial, "", Meaning.of(2.0**-exponent), module))
        self.exponents[name] = exponent
        return name

    def cache(self, latent: str, name: str, *, transposed: bool) -> str:
        """The signs of the filter `latent`, in one of two orders."""
        out, taps, channels = self.values[latent].type.shape
        shape = (taps, channels, out) if transposed else (out, taps, channels)
        self._enter(StateArray(name, TensorType(shape, Binary()), "signs", of=latent))
        return name

    def _enter(self, state: StateArray) -> None:
        self.states.append(state)
        self.values[state.name] = Value(state.name, state.type, Storage.STATE, state.meaning, state.module)

    def of(self, traced: str) -> str:
        """The integer value that carries the traced one."""
        return self.names[traced]

    def domain(self, bits: int = 8) -> Int:
        """Numbers of as many bits as values have."""
        return Int(-self.settings.top, self.settings.top, bits)

    def exponent_for(self, numbers: Array) -> int:
        """The finest unit in which nearly all of the real `numbers` are values."""
        return finest_unit(numbers, self.settings.top)

    def finish(self, source: Value, traced: str) -> Graph:
        """The forward graph, which ends in the value that carries `traced`."""
        result = self.of(traced)
        self.values[result] = replace(self.values[result], storage=Storage.OUTPUT)
        inputs = (source.name, *(state.name for state in self.states))
        order = dict.fromkeys([*inputs, *(op.output for op in self.ops)])
        values = {name: self.values[name] for name in order}
        return Graph("forward", Stage.INTEGER, inputs, (result,), tuple(self.ops), values)


def _too_large(op: Op) -> Problem:
    return Problem(
        "tail-range",
        "behind the cut there are numbers of a hundred thousand and more",
        op.module or op.output,
        "Values there share scales of powers of two with others of ordinary size, in 8 bits.",
        "Put a batch norm in front of them, or look at the one that makes them.",
    )


def finest_unit(numbers: Array, top: int) -> int:
    """The e of the finest unit 2**-e in which nearly all of the real `numbers` are within -top..top."""
    peak = float(np.quantile(np.abs(numbers), _SEEN)) or float(np.abs(numbers).max())
    return min(_FINEST, floor_log2(top / max(peak, 2.0**-_FINEST)))


def floor_log2(value: float) -> int:
    """The exponent of the largest power of two that is at most `value`."""
    return math.frexp(value)[1] - 1

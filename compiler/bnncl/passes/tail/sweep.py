"""What the gradient rules of a tail work on: the reverse sweep over its forward graph."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import Int, TensorType
from bnncl.ir.values import StateArray, Storage, Value
from bnncl.ops.tail.exponents import AlignedSum, BlockExponent, Normalise, SumExponent
from bnncl.ops.tail.parameters import MOST, WIDE_SUM, Accumulate
from bnncl.passes.tail.forward import Forward
from bnncl.passes.tail.settings import TailSettings


@dataclass(frozen=True)
class Gradient:
    """A value `name` that stands for itself times 2**(exponent + bias), `exponent` the name of a value."""

    name: str
    exponent: str
    bias: int = 0


@dataclass
class Sweep:
    """One sweep: ops made so far behind the forward graph, and the gradients of values found so far.

    `needed` are the values that something trained is computed from: no other gradient is made.
    """

    settings: TailSettings
    forward: Forward
    values: dict[str, Value]
    ops: list[Op] = field(default_factory=list)
    sums: list[StateArray] = field(default_factory=list)
    caches: dict[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    _found: dict[str, list[Gradient]] = field(default_factory=dict)

    def add(self, op: Op) -> str:
        """Append `op`; returns the name of its output."""
        types = tuple(self.values[name].type for name in op.inputs)
        storage = Storage.STATE if op.changes_state else Storage.ARENA
        self.values[op.output] = Value(op.output, op.infer(*types), storage, None, op.module)
        self.ops.append(op)
        return op.output

    def type_of(self, name: str) -> TensorType:
        """Type of a value."""
        return self.values[name].type

    def exponent_of(self, name: str) -> int:
        """The e of a forward value's unit 2**-e."""
        return self.forward.exponents[name]

    def give(self, name: str, gradient: Gradient) -> None:
        """Add `gradient`, of 16 bits, to that of the forward value `name`."""
        if name in self.needed:
            self._found.setdefault(name, []).append(gradient)

    def wants(self, name: str) -> bool:
        """Whether the gradient of the forward value `name` is of use."""
        return name in self.needed

    def of(self, name: str) -> Gradient | None:
        """The gradient of the forward value `name`: the sum of all that was given."""
        parts = self._found.get(name, [])
        while len(parts) > 1:
            parts = [self._sum(name, len(parts), parts[0], parts[1]), *parts[2:]]
        return parts[0] if parts else None

    def narrow(self, name: str, exponent: str, bias: int, module: str) -> Gradient:
        """The wide gradient `name` as mantissas."""
        bits = self.settings.q_backward
        made = BlockExponent(
            output=f"{name}_e", module=module, x=name, y=exponent, bias=bias, bits=bits, fixed=None
        )
        self.add(made)
        mantissas = Normalise(
            output=f"{name}_m",
            module=module,
            x=name,
            x_exponent=exponent,
            exponent=made.output,
            bias=bias,
            bits=bits,
        )
        return Gradient(self.add(mantissas), made.output)

    def parameter(self, state: str, wide: Gradient, module: str) -> None:
        """Sum up the wide gradient of the parameter `state`; the exponent is calibrated later."""
        acc = self.sum_for(state, module)
        made = Accumulate(
            output=f"{acc}_new",
            module=module,
            acc=acc,
            x=wide.name,
            x_exponent=wide.exponent,
            bias=wide.bias,
            exponent=0,
            limit=MOST // self.settings.samples,
        )
        self.add(made)

    def transposed(self, latent: str, module: str) -> str:
        """The signs of the filter `latent` with output channels innermost."""
        if latent not in self.caches:
            self.caches[latent] = f"{latent}_signs_t"
        return self.caches[latent]

    def sum_for(self, state: str, module: str, domain: Int = WIDE_SUM) -> str:
        """A new accumulator, for the gradient of `state`."""
        name = f"{state}_sum"
        type_ = TensorType(self.type_of(state).shape, domain)
        self.sums.append(StateArray(name, type_, "gradient", of=state, module=module))
        self.values[name] = Value(name, type_, Storage.STATE, None, module)
        return name

    def _sum(self, of: str, number: int, x: Gradient, y: Gradient) -> Gradient:
        name, bits, module = f"{of}_g{number}", self.settings.q_backward, self.values[of].module
        exponent = SumExponent(
            output=f"{name}_at",
            module=module,
            x=x.exponent,
            y=y.exponent,
            x_bias=x.bias,
            y_bias=y.bias,
            bits=bits,
        )
        self.add(exponent)
        total = AlignedSum(
            output=name,
            module=module,
            x=x.name,
            x_exponent=x.exponent,
            y=y.name,
            y_exponent=y.exponent,
            exponent=exponent.output,
            x_bias=x.bias,
            y_bias=y.bias,
            bits=bits,
        )
        self.add(total)
        return self.narrow(name, exponent.output, 0, module)


def needed_values(forward: Forward) -> frozenset[str]:
    """Values of the forward graph that depend on what is trained."""
    trained = {state.name for state in forward.states}
    found = set()
    for op in forward.graph.ops:
        if any(name in trained or name in found for name in op.inputs):
            found.add(op.output)
    return frozenset(found)


def power_of_two(factors: Array) -> int | None:
    """The exponent that all of `factors` have in common where they are one power of two."""
    mantissa, exponent = np.frexp(factors.astype(np.float64))
    same = bool((mantissa == 0.5).all() and (exponent == exponent.flat[0]).all())
    return int(exponent.flat[0]) - 1 if same else None

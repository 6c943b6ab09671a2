"""What recognition returns, and what it holds about a value while it works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bnncl.frontend.layout import Order, to_nhwc
from bnncl.ir.graph import Graph

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Note:
    """Something the user should know about how a layer was compiled; `kind` is stable, like a slug.

    Kinds: `real-layer` (a convolution or linear layer stays in real arithmetic), `no-binary-layer` (the
    whole model has none), `zero-taken-as-plus-one` (a sign of a real number, whose exact zeros count as
    +1), `output-function-dropped` (a softmax or another increasing function at the end).
    """

    kind: str
    where: str
    message: str


@dataclass(frozen=True)
class Rounding:
    """How exactly PyTorch itself computes the integer accumulator `value`.

    `exact`: every float32 sum is the scaled integer, so the thresholds give PyTorch's signs bit for bit.
    Otherwise PyTorch's sum depends on the order of its `terms` (weights or activations that are not
    powers of two, a bias, straight-through arithmetic that cancels only up to rounding), and its sign
    may differ where the accumulator lies within terms * 2**-23 (relative) of a threshold.
    """

    value: str
    terms: int
    exact: bool

    @property
    def bound(self) -> float:
        """Relative distance from a threshold within which PyTorch's sign may differ."""
        return 0.0 if self.exact else self.terms * 2.0**-23


@dataclass(frozen=True, eq=False)
class Recognised:
    """A captured model as a graph of stage TRACED.

    `observed` pairs a value of the graph with the captured value that it equals, once its meaning is
    applied and the captured tensor is laid out by `to_nhwc`. `roundings` has an entry for each
    integer accumulator. `input_shape` is the captured input's, or that of a view of it
    which is all that the model reads.
    """

    graph: Graph
    observed: tuple[tuple[str, int], ...]
    notes: tuple[Note, ...]
    roundings: tuple[Rounding, ...]
    input_shape: tuple[int, ...]

    def lay_out(self, x: torch.Tensor) -> NDArray[Any]:
        """A batch in torch's layout as the graph's input reads it, (N, height, width, channels)."""
        return to_nhwc(x.reshape(x.shape[0], *self.input_shape[1:]))


@dataclass(frozen=True)
class Padding:
    """Constant padding that the next window takes over: elements on each side, and the real `value`."""

    top: int
    bottom: int
    left: int
    right: int
    value: float


@dataclass(frozen=True, eq=False)
class Accumulator:
    """How PyTorch's float32 value follows from an integer q: fl(fl((gain * q + shift) / divisor) + bias).

    `gain`, `shift`, `bias` are (C,). `parities` are the values of q mod 2 that can occur, `terms` how
    many numbers PyTorch adds up and `exact` whether it does so without rounding.
    """

    gain: Reals
    shift: Reals
    divisor: float
    bias: NDArray[np.float32] | None
    parities: frozenset[int]
    terms: int
    exact: bool

    def table(self, q: NDArray[np.int64]) -> torch.Tensor:
        """PyTorch's value (rows, C), float32, for integers `q` (rows,)."""
        real = ((q[:, None] * self.gain + self.shift) / self.divisor).astype(np.float32)
        return torch.from_numpy(real if self.bias is None else real + self.bias)

    @property
    def scale(self) -> Reals:
        """Real number for each unit of q."""
        return self.gain / self.divisor

    @property
    def offset(self) -> Reals:
        """Real number that q = 0 stands for."""
        return self.shift / self.divisor + (0.0 if self.bias is None else self.bias.astype(np.float64))


@dataclass(frozen=True, eq=False)
class Lowered:
    """A captured value as an affine function of a value of the graph: scale * name + offset.

    `scale` and `offset` are float64 (C,), in the channel order of the graph; `order` is how that differs
    from torch's; `padding` is still to be put around it;
    `origins` are the parameters behind scale and offset, `module` is where these were last changed.
    """

    name: str
    scale: Reals
    offset: Reals
    order: Order | None = None
    padding: Padding | None = None
    origins: tuple[str, ...] = ()
    module: str = ""

    @staticmethod
    def plain(name: str, channels: int, order: Order | None = None) -> Lowered:
        """The value of the graph itself."""
        return Lowered(name, np.ones(channels), np.zeros(channels), order)

    @property
    def is_plain(self) -> bool:
        """Whether scale is 1 and offset 0 throughout."""
        return bool((self.scale == 1).all() and (self.offset == 0).all())

    @property
    def uniform(self) -> tuple[float, float] | None:
        """Scale and offset where they are the same for all channels."""
        scale, offset = self.scale, self.offset
        same = np.allclose(scale, scale[0], rtol=1e-6, atol=0) and np.allclose(offset, offset[0], rtol=1e-6)
        return (float(scale[0]), float(offset[0])) if same else None

    def mapped(self, scale: Reals | float, offset: Reals | float, origins: tuple[str, ...] = ()) -> Lowered:
        """The value times scale plus offset; both in the graph's channel order."""
        padding = self.padding
        if padding is not None:
            padding = replace(padding, value=_only(scale) * padding.value + _only(offset))
        return replace(
            self,
            scale=self.scale * scale,
            offset=self.offset * scale + offset,
            padding=padding,
            origins=merged(self.origins, origins),
        )

    def ordered(self, per_channel: NDArray[Any]) -> NDArray[Any]:
        """Numbers (C,) in torch's channel order, in the graph's."""
        return per_channel if self.order is None else per_channel[self.order]


def merged(*origins: tuple[str, ...]) -> tuple[str, ...]:
    """All names, each once, in order of appearance."""
    return tuple(dict.fromkeys(name for names in origins for name in names))


def _only(number: Reals | float) -> float:
    flat = np.unique(np.asarray(number))
    return float(flat[0]) if flat.size == 1 else float("nan")

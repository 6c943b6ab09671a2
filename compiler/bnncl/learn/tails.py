"""What the float references of a tail read: latents of 1, 8 or 32 bits, the device's own if it has bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bnncl.driver.project import Project, stored_inputs, to_map
from bnncl.driver.real_head import separate
from bnncl.driver.tail import statistics_latents, statistics_samples
from bnncl.driver.tail_cut import CutModel, cut_before, taken_off
from bnncl.driver.tail_shortcut import leading_to
from bnncl.driver.train_options import Ste
from bnncl.frontend.model import TracedModel
from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.learn.backbone import Backbone
from bnncl.learn.baselines.traced_tail import TracedTail
from bnncl.ops.elementwise import RealAffine

_BATCH = 64
_LEVELS = 255
_MIDDLE = 128
Told = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Instead:
    """A real number in place of what a shortcut makes of the bits: `maps` of the value `real` is `name`.

    `low`..`high` is what it was on calibration data.
    """

    real: str
    maps: tuple[RealAffine, ...]
    name: str
    low: float = 0.0
    high: float = 1.0

    @property
    def step(self) -> float:
        """The real number between two of 8 bits."""
        return max(self.high - self.low, 1e-12) / _LEVELS

    def of(self, values: dict[str, Array]) -> Array:
        """The number (N, H, W, C)."""
        made = values[self.real]
        for each in self.maps:
            made = each.evaluate(made)
        return made


class StackedTail(nn.Module):
    """A tail as a function of latents (N, C * (1 + number of `instead`), H, W): bits, then real numbers.

    With `coded`, those are -128..127 for low..high. Behind the features stands `bias`, unless it is 0.
    """

    def __init__(self, tail: TracedTail, instead: tuple[Instead, ...], bias: float, *, coded: bool) -> None:
        super().__init__()
        self.tail, self._instead, self._bias, self._coded = tail, instead, bias, coded

    def forward(self, latents: Tensor) -> Tensor:
        """Features (N, F), the constant one of the bias included."""
        bits, *numbers = torch.tensor_split(latents, 1 + len(self._instead), 1)
        given = {}
        for each, number in zip(self._instead, numbers, strict=True):
            real = (number + _MIDDLE) * each.step + each.low if self._coded else number
            given[each.name] = real
        features: Tensor = self.tail(bits, given)
        if not self._bias:
            return features
        return torch.cat([features, features.new_full((len(features), 1), self._bias)], 1)


@dataclass(frozen=True, eq=False)
class Tails:
    """The tail of a compiled project in float, and latents for it; `calibration` is (N, H, W, C)."""

    whole: Graph
    cut: CutModel
    backbone: Backbone
    project: Project
    ste: Ste
    calibration: Array
    instead: tuple[Instead, ...]

    @classmethod
    def of(cls, project: Project, backbone: Backbone, model: TracedModel, module: str, ste: Ste) -> Tails:
        """The tail behind `module` of `model`, which `project` was compiled from."""
        assert model.calibration is not None
        before, _ = separate(model.graph)
        head = taken_off(model.graph, before)
        cut = cut_before(before, module, model.calibration, head=head, modules=model.modules)
        whole = before.with_ops(leading_to(before, (cut.cut, *cut.replaced)))
        values = run(whole, {whole.inputs[0]: model.calibration[:_BATCH]})
        instead = tuple(
            _measured(_behind_affines(cut.tail, real, shortcut), values)
            for real, shortcut in zip(cut.replaced, cut.shortcuts, strict=True)
        )
        if backbone.exact:
            bits = statistics_latents(backbone.cut.encode, project.input_format, model.calibration)
        else:
            bits = run(whole, {whole.inputs[0]: statistics_samples(model.calibration)})[cut.cut]
        return cls(whole, cut, backbone, project, ste, bits, instead)

    def module(self, bits: int) -> tuple[StackedTail, TracedTail]:
        """The tail as it is at first, for latents of `bits`, and what of it has parameters."""
        tail = TracedTail(self.cut.tail, self.calibration, self.ste)
        head = self.backbone.cut.head
        instead = self.instead if bits > 1 else ()
        return StackedTail(tail, instead, head.bias_feature * self.backbone.scale, coded=bits == 8), tail

    def numbers(self, bits: int) -> int:
        """Numbers of `bits` that are kept of each value of the cut; a number tells its bit."""
        return max(1, len(self.instead)) if bits > 1 else 1

    def latents(self, x: Array, bits: int, told: Told | None = None) -> Array:
        """Latents of `bits` as `module` takes them, of real inputs in torch's layout."""
        height, width, channels = self.cut.tail.type_of(self.cut.cut).shape
        instead = self.instead if bits > 1 else ()
        kind = np.float32 if bits == 32 and instead else np.int8
        made = np.empty((len(x), channels * (1 + len(instead)), height, width), kind)
        for start in range(0, len(x), _BATCH):
            part = x[start : start + _BATCH]
            parts = [self._bits(part), *self._numbers(part, instead, coded=bits == 8)]
            made[start : start + _BATCH] = np.concatenate(parts, 3).transpose(0, 3, 1, 2)
            if told is not None:
                told(len(part))
        return made

    def _bits(self, x: Array) -> Array:
        """Of the device; where it keeps numbers, of the model."""
        if self.backbone.exact:
            return self.backbone.latents(stored_inputs(x, self.project.spec.graph))
        return self._traced(x)[self.cut.cut]

    def _traced(self, x: Array) -> dict[str, Array]:
        source = self.whole.inputs[0]
        return run(self.whole, {source: to_map(x, self.whole.type_of(source))})

    def _numbers(self, x: Array, instead: tuple[Instead, ...], *, coded: bool) -> list[Array]:
        if not instead:
            return []
        values = self._traced(x)
        reals = [each.of(values) for each in instead]
        if not coded:
            return reals
        codes = [np.rint((real - each.low) / each.step) for each, real in zip(instead, reals, strict=True)]
        return [np.clip(code, 0, _LEVELS) - _MIDDLE for code in codes]


def _behind_affines(tail: Graph, real: str, shortcut: str) -> Instead:
    """Where `TracedTail` takes a number for a shortcut: behind affine maps, which it merges with it."""
    maps: list[RealAffine] = []
    name = shortcut
    while len(readers := tail.readers(name)) == 1 and isinstance(readers[0], RealAffine):
        maps.append(readers[0])
        name = readers[0].output
    return Instead(real, tuple(maps), name)


def _measured(instead: Instead, values: dict[str, Array]) -> Instead:
    found = instead.of(values)
    return Instead(instead.real, instead.maps, instead.name, float(found.min()), float(found.max()))


__all__ = ["Instead", "StackedTail", "Tails"]

"""Compares captured graphs with the modules they came from, on inputs that the capture has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.capture import run_eagerly
from bnncl.frontend.captured import Captured
from bnncl.frontend.copying import copy_module, unwrapped
from bnncl.frontend.replay import replay

TOLERANCE = 1e-6
"""Largest difference allowed, relative to the largest absolute output: another order of summation."""


@dataclass(frozen=True)
class ReplayCheck:
    """How often the captured graph equals eager torch: all samples, those equal in every bit, the worst."""

    samples: int
    identical: int
    worst: float


def check_replay(captured: Captured, module: nn.Module, seeds: Iterable[int] = range(4)) -> ReplayCheck:
    """Run `captured` and a copy of `module` on fresh inputs, several for each seed; they must agree.

    The inputs lie within the range of the example and the calibration. Raises UnsupportedModel, slug
    `capture-differs`, if any output differs by more than `TOLERANCE`.
    """
    eager = copy_module(unwrapped(module))
    samples = identical = 0
    worst = 0.0
    for x in (x for seed in seeds for x in fresh_inputs(captured, seed)):
        expected, got = run_eagerly(eager, x.clone()), replay(captured, x)
        samples += 1
        if expected.shape == got.shape and torch.equal(expected, got):
            identical += 1
            continue
        worst = max(worst, _difference(expected, got))
        if worst > TOLERANCE:
            raise _refusal(samples, worst)
    return ReplayCheck(samples, identical, worst)


def fresh_inputs(captured: Captured, seed: int) -> Iterator[torch.Tensor]:
    """Samples (1, ...) of different kinds: anywhere in the range, near its ends, in a narrow part of it."""
    generator = torch.Generator().manual_seed(seed)
    low, high = captured.facts.input_low, captured.facts.input_high
    if low == high:
        low, high = low - 1.0, high + 1.0
    shape = captured.input_shape

    def between(start: float, stop: float) -> torch.Tensor:
        drawn = torch.rand(shape, generator=generator) * (stop - start) + start
        dtype: torch.dtype = getattr(torch, captured.input_dtype)
        return drawn if dtype.is_floating_point else drawn.round().to(dtype)

    middle = (low + high) / 2
    yield between(low, high)
    yield between(low, middle)
    yield between(middle, high)
    centre = between(low, high).flatten()[0].item()
    yield between(max(low, centre - (high - low) / 20), min(high, centre + (high - low) / 20))


def _difference(expected: torch.Tensor, got: torch.Tensor) -> float:
    if expected.shape != got.shape or expected.dtype != got.dtype:
        return float("inf")
    scale = max(float(expected.abs().max()), 1e-30)
    difference = float((expected.double() - got.double()).abs().max()) / scale
    return difference if difference == difference else float("inf")  # noqa: PLR0124  NaN is infinitely far


def _refusal(sample: int, worst: float) -> UnsupportedModel:
    return UnsupportedModel(
        Problem(
            "capture-differs",
            f"on fresh input number {sample} the captured graph is off by {worst:.3g} of the largest output",
            why="the forward pass depends on something besides its input and weights, or takes its input "
            "apart outside torch (numpy, lists, global variables, counters)",
            hint="make forward a function of the input tensor and the weights alone, in torch operations",
        )
    )

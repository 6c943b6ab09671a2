"""Calibration data of a compilation, in the layout of the integer graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.options import Options
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.passes.input_format import InputFormat, from_calibration, from_range

_GOLDEN_SAMPLES = 4
_GOLDEN_SEED = 20231


@dataclass(frozen=True, eq=False)
class Calibration:
    """Real inputs (N, H, W, C) float64, and their labels (N,) where they are known."""

    x: Array
    labels: Array | None


def choose_format(graph: Graph, options: Options, calibration: Calibration | None) -> InputFormat:
    """The stored input: as stated by the user, else found in the calibration data, else over the range."""
    chosen = options.stated_format(graph.type_of(graph.inputs[0]).channels)
    if chosen is not None:
        return chosen
    return from_range(*options.input_range) if calibration is None else from_calibration(calibration.x)


def golden_inputs(graph: Graph, input_format: InputFormat, calibration: Calibration | None) -> Array:
    """A few stored inputs (S, H, W, C) for known answers: calibration samples, or seeded noise."""
    if calibration is not None and len(calibration.x):
        count = min(_GOLDEN_SAMPLES, len(calibration.x))
        picks = np.linspace(0, len(calibration.x) - 1, count).round().astype(int)
        return input_format.quantise(calibration.x[picks])
    shape = (_GOLDEN_SAMPLES, *graph.type_of(graph.inputs[0]).shape)
    low, high = input_format.domain.lo, input_format.domain.hi
    return np.random.Generator(np.random.PCG64(_GOLDEN_SEED)).integers(low, high + 1, shape, np.int64)


def require(calibration: Calibration | None, options: Options) -> None:
    """Raise UsageError where calibration is required and not there."""
    option = "--require-calibration" if options.require_calibration else "--train"
    if calibration is None and (options.require_calibration or options.train is not None):
        raise UsageError(
            Problem(
                "calibration-required",
                "no calibration data",
                option,
                "Ranges would be interval bounds, far wider than what the model sees.",
                "Give --calibration data.npz, or pass calibration= to bnncl.save.",
            )
        )

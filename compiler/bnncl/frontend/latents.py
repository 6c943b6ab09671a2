"""Finds the real numbers whose signs a binary filter is, where a model shifts its weights before the sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnncl.frontend.captured import Captured
from bnncl.frontend.filters import Floats, Weights


def trainable(captured: Captured, weights: Weights, signs: NDArray[np.int8]) -> Weights:
    """`weights` with a latent tensor whose signs are `signs`, +1 at 0; frozen where there is none.

    The latent tensor is the parameter itself, or it plus or minus one of the other parameters behind the
    filter (a number for each output channel, or one for all), or it without its mean over each filter.
    """
    if weights.latent is None:
        return weights
    latent = weights.latent
    for shift in _shifts(captured, weights, latent):
        shifted = np.asarray(latent + shift, np.float32)
        if bool(((shifted >= 0) == (signs > 0)).all()):
            return replace(weights, latent=shifted)
    count = int(((latent >= 0) != (signs > 0)).sum())
    why = f"{count} of {signs.size} of its weights have another sign than the parameter behind them"
    return replace(weights, latent=None, frozen_because=why)


def _shifts(captured: Captured, weights: Weights, latent: Floats) -> Iterator[NDArray[Any] | float]:
    yield 0.0
    for name in weights.origins:
        parameter = captured.parameter(name).detach().float().numpy()
        if parameter.size in (1, len(latent)):
            column = parameter.reshape(-1, 1, 1, 1)
            yield column
            yield -column
    yield -latent.mean((1, 2, 3), keepdims=True)

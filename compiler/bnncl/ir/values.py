"""Values and constants of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.types import TensorType


class Storage(Enum):
    """Where a value lives in C."""

    INPUT = "input"
    STATE = "state"
    ARENA = "arena"
    OUTPUT = "output"


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a stored number q stands for: real = scale[c] * q + offset[c].

    Both are float64 of shape (C,), one for each channel, or (1,), the same for all.
    """

    scale: NDArray[np.float64]
    offset: NDArray[np.float64]

    @staticmethod
    def of(scale: float | Sequence[float], offset: float | Sequence[float] = 0.0) -> Meaning:
        """A meaning from plain numbers."""
        return Meaning(np.atleast_1d(np.asarray(scale, float)), np.atleast_1d(np.asarray(offset, float)))

    def real(self, q: NDArray[np.generic]) -> NDArray[np.float64]:
        """The real numbers that `q`, of any shape (..., C), stands for."""
        return self.scale * q.astype(np.float64) + self.offset


@dataclass(frozen=True)
class Value:
    """A tensor that an op makes or the graph is given.

    `meaning` is None where the element itself is meant (a float value, or plain ±1);
    `module` is the torch module path it comes from.
    """

    name: str
    type: TensorType
    storage: Storage = Storage.ARENA
    meaning: Meaning | None = None
    module: str = ""


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor known at compile time.

    `origins` names the torch parameters it was folded from. A binary filter keeps its real-valued
    `latent` tensor (same shape), or says in `frozen_because` why it cannot train.
    """

    data: NDArray[Any]
    origins: tuple[str, ...] = ()
    latent: NDArray[np.float32] | None = None
    frozen_because: str = ""


Role = Literal["latent", "parameter", "gradient", "signs", "kept"]


@dataclass(frozen=True, eq=False)
class StateArray:
    """An array that learning changes, and the value that graphs call by its name (storage STATE).

    `role`: latent weights of a filter or a parameter of channels, both being trained; the sum of gradients
    of one of them; signs of a filter, a cache of a latent; or what the last commit kept of one of them.
    `initial` is what learning starts from; None: zeros, or for signs what they are a cache of. `of` names
    the array that a gradient, a cache or a kept copy belongs to. `meaning` is that of its numbers.
    """

    name: str
    type: TensorType
    role: Role
    initial: Constant | None = None
    of: str = ""
    meaning: Meaning | None = None
    module: str = ""

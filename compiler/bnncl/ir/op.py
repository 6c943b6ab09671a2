"""The base of every op, and the stages a graph goes through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.types import TensorType
from bnncl.ir.values import Constant

Array = NDArray[Any]


class Stage(Enum):
    """How far a graph has been lowered; each op says in which stages it may stand."""

    TRACED = 1
    INTEGER = 2
    SELECTED = 3


TRACED_ONLY = frozenset({Stage.TRACED})
INTEGER_ONLY = frozenset({Stage.INTEGER})
TRACED_AND_INTEGER = frozenset({Stage.TRACED, Stage.INTEGER})


@dataclass(frozen=True, eq=False, kw_only=True)
class Op(ABC):
    """One step of a graph: reads values by name, makes the value `output`.

    Samples are evaluated in batches: every array is (N, height, width, channels). Binary values are
    int8 holding -1 and +1, integer values are int64, float values are float64.
    """

    stages: ClassVar[frozenset[Stage]]

    changes_state: ClassVar[bool] = False
    """Whether the output is input 0, a value of storage STATE, overwritten where it lies."""

    output: str
    module: str = ""

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """Names of the values that the op reads."""

    @abstractmethod
    def infer(self, *types: TensorType) -> TensorType:
        """The type of the output, given the types of the inputs."""

    @abstractmethod
    def evaluate(self, *arrays: Array) -> Array:
        """The output for a batch of inputs."""

    def constants(self) -> Iterator[tuple[str, Constant]]:
        """Every constant of the op with the name of its field, in order of declaration."""
        for field in fields(self):
            held = getattr(self, field.name)
            if isinstance(held, Constant):
                yield field.name, held


@dataclass(frozen=True, eq=False, kw_only=True)
class UnaryOp(Op):
    """An op that reads one value, `x`."""

    x: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The one value it reads."""
        return (self.x,)


@dataclass(frozen=True, eq=False, kw_only=True)
class PairOp(Op):
    """An op that reads two values, `x` and `y`."""

    x: str
    y: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Both values it reads."""
        return (self.x, self.y)


def as_float(array: Array) -> NDArray[np.float64]:
    """`array` as float64, without a copy where it is that already."""
    return np.asarray(array, dtype=np.float64)

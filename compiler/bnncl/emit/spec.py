"""What a project is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array
from bnncl.plan.memory import MemoryPlan
from bnncl.plan.report import Report
from bnncl.targets import Board, Target


@dataclass(frozen=True, eq=False)
class Golden:
    """Known answers: a few inputs, and every value that the reference computes from them.

    `inputs` is (S, H, W, C), int64 stored numbers or int8 ±1; `values` holds (S, H, W, C) for each value
    of the graph by name. The first sample is also the one of the self-test.
    """

    inputs: NDArray[np.int64]
    values: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class ProjectSpec:
    """Everything that decides the bytes of a generated project.

    `name` is a C identifier in lower case. `program` holds SELECTED graphs. The first is `infer`: its input
    is an 8-bit integer or binary, its output `scores` 16-bit integers. Where the program has states a tail
    learns, and `plans` says where the values of each further graph lie; their scratch fits that of `plan`.
    `settings` are listed in the header as they stand; `labels` names the classes, or is empty. `emit` names
    what the project is besides, of `driver.options.FORMS`.
    """

    name: str
    program: Program
    plan: MemoryPlan
    targets: tuple[Target, ...]
    boards: tuple[Board, ...]
    model_sha256: str
    version: str
    settings: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    calibrated: bool
    golden: Golden
    report: Report
    plans: Mapping[str, MemoryPlan] = field(default_factory=dict)
    emit: tuple[str, ...] = ()

    @property
    def graph(self) -> Graph:
        """The graph of inference."""
        return self.program.graph("infer")

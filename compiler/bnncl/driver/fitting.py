"""Chooses kernels and places memory; with less scratch where the RAM is short."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bnncl.diagnostics import UnsupportedModel
from bnncl.driver.options import Options
from bnncl.ir.graph import Graph, Program
from bnncl.passes.select_kernels import SelectKernels
from bnncl.plan import MemoryPlan, Plans, plan_program
from bnncl.plan.report import ram_bytes
from bnncl.targets import Target

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A SELECTED program, its memory plans, and the scratch limit in bytes that its kernels keep to."""

    program: Program
    plans: Plans
    scratch_limit: int | None

    @property
    def graph(self) -> Graph:
        """Inference."""
        return self.program.graphs[0]

    @property
    def plan(self) -> MemoryPlan:
        """That of inference."""
        return self.plans.main

    @property
    def scratch_bytes(self) -> int:
        """The most scratch that a kernel needs."""
        return max(self.plan.scratch_bytes, self.plan.learning_scratch)

    @property
    def ram_bytes(self) -> int:
        """RAM of context, workspace and what learning keeps."""
        return ram_bytes(self.program, self.plans)


def fit(integer: Program, target: Target, options: Options, ram: int | None) -> Fitted:
    """Kernels for the INTEGER program: the fastest, or with less scratch until they need at most `ram` bytes.

    Where nothing fits, the choice that needs the least RAM.
    """
    best = current = _select(integer, target, options, options.scratch_limit)
    while ram is not None and best.ram_bytes > ram and current.scratch_bytes:
        try:
            current = _select(integer, target, options, current.scratch_bytes - 1)
        except UnsupportedModel:
            break
        _LOG.info("scratch of at most %d bytes: %d bytes of RAM", current.scratch_limit, current.ram_bytes)
        best = min(best, current, key=lambda each: each.ram_bytes)
    return best


def _select(integer: Program, target: Target, options: Options, scratch_limit: int | None) -> Fitted:
    program = SelectKernels(target, options.kernels, scratch_limit, options.timing).run_all(integer)
    return Fitted(program, plan_program(program), scratch_limit)

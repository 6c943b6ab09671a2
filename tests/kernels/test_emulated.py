"""Kernels of layers that learn on a core of each instruction set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bnncl.ir.op import Array
from bnncl.ir.types import Int, TensorType
from bnncl.kernels.families.pool_gradients import PoolGradientKernel
from bnncl.kernels.families.tail import TailKernel
from bnncl.kernels.registry import candidates
from bnncl.ops.tail.exponents import EXPONENT
from bnncl.ops.tail.parameters import CURSOR, Accumulate
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_elf
from tests.kernels.cases import HOST, sample
from tests.kernels.emulated import Run, program
from tests.kernels.filters import filter_specimens
from tests.kernels.tail_cases import tail_ops

_UNCERTAIN = 1000
"""The counter ticks every 40 instructions."""


def _array(type_: TensorType, rng: np.random.Generator) -> Array:
    """Numbers of any size; exponents that lie near one another, as those of one network do."""
    if type_ == CURSOR:
        return np.array([[[7, 2, 178]]])
    if type_ == EXPONENT:
        return rng.integers(-20, -8, type_.shape)
    if isinstance(type_.domain, Int) and type_.domain.bits == 32:
        return rng.integers(-(2**20), 2**20, type_.shape)
    return sample(type_, 0.5, rng)


def _runs() -> tuple[Run, ...]:
    rng, found = np.random.default_rng(11), {}
    for op, types in (*tail_ops(), *filter_specimens()):
        for kernel in candidates(op, types, HOST):
            if not kernel.is_alias and kernel.symbol not in found:
                arrays = tuple(_array(type_, rng) for type_ in types)
                found[kernel.symbol] = Run(kernel, op, types, arrays)
    return tuple(found.values())


def test_a_core_computes_what_the_ops_mean(any_isa: Target, tmp_path: Path) -> None:
    runs = _runs()
    assert any(isinstance(run.op, Accumulate) for run in runs)
    (tmp_path / "run.c").write_text(program(runs))
    files = counter_files(any_isa)
    sources = sorted({runtime_dir() / path for run in runs for path in run.kernel.sources(any_isa)})
    elf = compile_elf(
        any_isa,
        [tmp_path / "run.c", *sources, *files.sources],
        [runtime_dir() / "include", *files.include_dirs],
        files.defines,
        tmp_path / "run.elf",
    )
    result = run_elf(any_isa, elf, icount=True)
    assert result.exit_code == 0
    said = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in said] == [run.kernel.symbol for run in runs]
    assert [line[0] for line in said if line[1] != "1"] == []
    if any_isa.name == "cortex-m7":
        _check_costs(runs, [int(line[2]) for line in said])


def _check_costs(runs: tuple[Run, ...], counted: list[int]) -> None:
    """Predictions are within half as much again, and two thirds, of what a core takes."""
    for run, count in zip(runs, counted, strict=True):
        if isinstance(run.kernel, TailKernel | PoolGradientKernel) and count > _UNCERTAIN:
            predicted = run.kernel.cost(run.op, run.types, HOST)
            assert 2 / 3 < predicted / count < 3 / 2, (run.kernel.symbol, predicted, count)

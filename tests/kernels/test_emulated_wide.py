"""Kernels over active rows of vectors, with the functions that a core has of its own, and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnncl.kernels.bconv_wide128_i32 import BconvWide128I32
from bnncl.kernels.bconv_wide128_sign import BconvWide128Sign
from bnncl.kernels.bconv_wide256_i32 import BconvWide256I32
from bnncl.kernels.bconv_wide256_sign import BconvWide256Sign
from bnncl.kernels.families.wide import WideConv
from bnncl.ops.conv import BinaryConv
from bnncl.targets import TARGETS
from tests.kernels.emulated import run_on
from tests.kernels.row_cases import row_runs
from tests.tools import require_target

CORES: tuple[tuple[str, WideConv], ...] = (
    ("cortex-m55", BconvWide128Sign()),
    ("cortex-m55", BconvWide128I32()),
    ("aarch64", BconvWide128Sign()),
    ("aarch64", BconvWide128I32()),
    ("host", BconvWide256Sign()),
    ("host", BconvWide256I32()),
)


@pytest.mark.parametrize("pure_c", [False, True])
@pytest.mark.parametrize(("name", "kernel"), CORES)
def test_a_core_adds_rows_of_vectors(name: str, kernel: WideConv, pure_c: bool, tmp_path: Path) -> None:
    core = TARGETS[name]
    require_target(core)
    runs = tuple(row_runs(kernel, (130, 5, 64, 70), core))
    folds = {kernel.fold(run.op, run.types[0]).pixels for run in runs if isinstance(run.op, BinaryConv)}
    assert len(runs) >= 15
    assert {1, 2, 4} <= folds
    ran = run_on(core, runs, None if pure_c else core, tmp_path)
    assert [at for at, each in enumerate(ran) if not each.is_right] == []

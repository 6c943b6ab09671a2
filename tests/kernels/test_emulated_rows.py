"""Kernels over active rows, with the functions that a core has of its own, on each instruction set."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.targets import Target
from tests.kernels.emulated import run_on
from tests.kernels.row_cases import row_runs


@pytest.mark.parametrize("pure_c", [False, True])
def test_a_core_adds_the_rows_that_are_active(any_isa: Target, pure_c: bool, tmp_path: Path) -> None:
    kernels = (BconvRowsSign(), BconvRowsI32())
    runs = tuple(run for kernel in kernels for run in row_runs(kernel, (5, 64, 70), any_isa))
    assert len(runs) >= 2 * 15
    ran = run_on(any_isa, runs, None if pure_c else any_isa, tmp_path)
    assert [at for at, each in enumerate(ran) if not each.is_right] == []

"""The comparisons of this folder once more, with every access and every operation of the C checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.native import SANITIZED
from tests.kernels.sanitized import run_sanitized

HERE = Path(__file__).parent
COMPARISONS = ("test_twins.py", "test_equal.py", "test_refusals.py", "test_extremes.py")


@pytest.mark.skipif(SANITIZED, reason="this is the sanitized run")
def test_learning_does_not_leave_its_arrays_or_the_language() -> None:
    run_sanitized(HERE / name for name in COMPARISONS)

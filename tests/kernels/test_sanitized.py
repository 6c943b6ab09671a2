"""The comparisons of this folder once more, with every access and every operation of the C checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernels.native import SANITIZED
from tests.kernels.sanitized import run_sanitized

HERE = Path(__file__).parent
COMPARISONS = (
    *("test_bconv.py", "test_fconv.py", "test_pool.py", "test_elementwise.py", "test_pack.py"),
    "test_filter.py",
    "test_constant_time.py",
    *("test_tail_forward.py", "test_tail_exponents.py", "test_tail_backward.py", "test_tail_update.py"),
)


@pytest.mark.skipif(SANITIZED, reason="this is the sanitized run")
def test_no_kernel_leaves_its_buffers_or_the_language() -> None:
    run_sanitized(HERE / name for name in COMPARISONS)

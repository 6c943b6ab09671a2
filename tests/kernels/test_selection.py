"""What speaks against a kernel, and which is taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.selection import Policy, choose, considered
from bnncl.ops.window import Window
from bnncl.targets import target
from tests.kernels.cases import binary_conv

M4 = target("cortex-m4")
X = TensorType((16, 16, 64), Binary())
OP = binary_conv(Window(3, 3), X, 64, "sign1", 0, np.random.default_rng(0))


def against(policy: Policy) -> dict[str, str]:
    found = considered(OP, (X,), M4, policy)
    return {each.kernel.symbol.removeprefix("bnncl_bconv_"): each.against for each in found}


def test_the_cheapest_of_those_that_nothing_speaks_against() -> None:
    for policy in (Policy(), Policy("xnor"), Policy("vertical", 8000), Policy("auto", 1000)):
        able = [each for each in considered(OP, (X,), M4, policy) if not each.against]
        best = min(able, key=lambda each: each.instructions)
        assert choose(OP, (X,), M4, policy) is best.kernel


def test_what_speaks_against_a_kernel() -> None:
    assert set(against(Policy()).values()) == {""}
    limited = against(Policy("auto", 8000))
    assert limited["rows_sign"] == "needs more than 8000 bytes of scratch"
    assert limited["vertical_sign"] == limited["xnor_sign"] == ""
    assert against(Policy("xnor"))["rows_sign"] == "is not of the family xnor"
    assert against(Policy("vertical"))["xnor_sign"] == "is not of the family vertical"


def test_a_family_that_does_not_fit_is_not_insisted_on() -> None:
    assert against(Policy("vertical", 1000))["xnor_sign"] == ""


def test_nothing_is_taken_where_nothing_fits() -> None:
    assert choose(OP, (X,), M4, Policy(scratch_limit=0)) is None


def test_rows_are_taken_where_few_of_them_are_added() -> None:
    x = TensorType((8, 8, 64), Binary())
    op = binary_conv(Window(3, 3), x, 3, "sign1", 0, np.random.default_rng(0))
    families = []
    for density in (0.1, 0.5):
        kernel = choose(replace(op, density=density), (x,), M4, Policy())
        assert kernel is not None
        families.append(kernel.family)
    assert families == ["vertical", "xnor"]

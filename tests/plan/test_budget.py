"""Budgets: what does not fit is refused with the bytes that are too many and what to change."""

from __future__ import annotations

import pytest

from bnncl.diagnostics import EXIT_DOES_NOT_FIT, DoesNotFit
from bnncl.plan import Limits, check_budget
from tests.emit.models import spec


def test_what_fits_passes():
    check_budget(100, 50, Limits(100, 50, "board x"))
    check_budget(100, 50, Limits(None, None, "nothing"))


def test_both_memories_are_reported_at_once():
    with pytest.raises(DoesNotFit) as caught:
        check_budget(130, 70, Limits(100, 50, "board nucleo_f103rb"))
    assert caught.value.exit_code == EXIT_DOES_NOT_FIT
    flash, ram = caught.value.problems
    assert (flash.slug, ram.slug) == ("does-not-fit", "does-not-fit")
    assert flash.message == "the model needs 130 bytes of flash: 30 too many"
    assert ram.message == "the model needs 70 bytes of RAM: 20 too many"
    assert flash.where == ram.where == "board nucleo_f103rb"


def test_advice_names_the_layers_that_take_most():
    report = spec("cnn").report
    with pytest.raises(DoesNotFit) as caught:
        check_budget(report.weight_bytes, report.ram_bytes, Limits(1000, 100, "--flash"), report.advice())
    flash, ram = caught.value.problems
    assert "features.5 (4872 bytes)" in flash.hint
    assert "features.0, whose output takes 480" in ram.hint

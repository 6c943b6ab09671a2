"""Narrow filters of the first layer say what they cost."""

from __future__ import annotations

import re

import bnncl
from tests.e2e.zoo import build, images


def test_the_report_compares_eight_bits_with_sixteen() -> None:
    x = images(96)
    narrow = bnncl.compile(build("cnn"), example=x[:1], calibration=x, first_bits=8)
    wide = bnncl.compile(build("cnn"), example=x[:1], calibration=x)
    (warning,) = narrow.report.warnings
    shares = [float(number) for number in re.findall(r"([\d.]+) %", warning)]
    assert narrow.agreement is not None
    assert wide.agreement is not None
    assert shares == [round(100 * each.agreement.top_class, 2) for each in (narrow, wide)]
    assert wide.report.warnings == ()
    assert narrow.report.weight_bytes < wide.report.weight_bytes


def test_without_calibration_there_is_nothing_to_compare() -> None:
    project = bnncl.compile(build("cnn"), example=images(1), first_bits=8)
    assert not any("First filters" in warning for warning in project.report.warnings)

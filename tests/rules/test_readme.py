"""The README says what was measured, and names what exists."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest

from bnncl.targets import TARGETS
from tests.tools import ROOT

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def readme():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "scripts" / "readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_hold_the_measured_figures(readme):
    assert readme.filled(README, readme.all_figures()) == README


def test_a_changed_figure_would_be_noticed(readme):
    changed = json.loads(json.dumps(readme.all_figures()))
    changed["digits"]["cores"]["cortex-m7"]["instructions"] += 1
    assert readme.filled(README, changed) != README


def test_every_file_and_target_it_names_exists():
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"--target ([\w-]+)", README):
        assert name in TARGETS

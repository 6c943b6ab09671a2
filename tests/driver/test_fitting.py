"""Where RAM is short, kernels with less scratch take the place of faster ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import bnncl
from bnncl.diagnostics import DoesNotFit
from bnncl.targets import TARGETS
from bnncl.verification.verify import verify
from tests.e2e.zoo import build, images


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.pt"
    x = images(64)
    bnncl.save(build("cnn"), path, x[:1], calibration=x)
    return path


@pytest.fixture(scope="module")
def fastest(saved: Path) -> bnncl.Project:
    return bnncl.compile(saved, kernels="vertical")


@pytest.fixture(scope="module")
def smallest(saved: Path) -> int:
    """The RAM that no choice of kernels goes below."""
    with pytest.raises(DoesNotFit) as caught:
        bnncl.compile(saved, kernels="vertical", ram=0)
    (problem,) = caught.value.problems
    return int(problem.message.split()[3])


def test_enough_ram_changes_nothing(saved: Path, fastest: bnncl.Project) -> None:
    assert fastest.report.scratch_bytes > 0
    same = bnncl.compile(saved, kernels="vertical", ram=fastest.report.ram_bytes)
    assert same.report == fastest.report


def test_short_ram_costs_speed(saved: Path, fastest: bnncl.Project, smallest: int, tmp_path: Path) -> None:
    assert smallest < fastest.report.ram_bytes
    fitted = bnncl.compile(saved, kernels="vertical", ram=smallest)
    assert fitted.report.ram_bytes == smallest
    assert fitted.report.scratch_bytes < fastest.report.scratch_bytes
    (warning,) = fitted.report.warnings
    assert "RAM is short" in warning
    assert (fitted.run(images(5)) == fastest.run(images(5))).all()
    assert verify(fitted.write(tmp_path / "out"), TARGETS["host"], measure=False).passed


def test_a_little_less_keeps_most_kernels(saved: Path, fastest: bnncl.Project) -> None:
    fitted = bnncl.compile(saved, kernels="vertical", ram=fastest.report.ram_bytes - 1)
    assert fitted.report.ram_bytes < fastest.report.ram_bytes


def test_a_stated_scratch_limit(saved: Path, tmp_path: Path) -> None:
    limited = bnncl.compile(saved, kernels="vertical", scratch_limit=400)
    assert limited.report.scratch_bytes <= 400
    assert limited.report.warnings == ()
    assert dict(limited.spec.settings)["scratch limit"] == "400"
    assert verify(limited.write(tmp_path / "out"), TARGETS["host"], measure=False).passed


def test_nothing_fits(saved: Path, smallest: int) -> None:
    with pytest.raises(DoesNotFit) as caught:
        bnncl.compile(saved, ram=smallest - 1)
    assert "1 too many" in str(caught.value)

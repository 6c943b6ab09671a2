"""The Python API does what the command line does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import bnncl
from bnncl.cli.main import main
from bnncl.diagnostics import DoesNotFit, Problem, UsageError
from tests.e2e.zoo import build, images


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return images(96)


@pytest.fixture(scope="module")
def saved(x: torch.Tensor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.pt"
    bnncl.save(build("cnn"), path, x[:1], calibration=x)
    return path


@pytest.fixture(scope="module")
def project(saved: Path) -> bnncl.Project:
    return bnncl.compile(saved)


def slugs(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.slug for problem in problems]


def test_an_option_that_there_is_not(saved: Path) -> None:
    with pytest.raises(UsageError) as caught:
        bnncl.compile(saved, replays=5, targets="rv32imac", zz=1)
    assert slugs(caught.value.problems) == ["unknown-option"] * 3
    assert "there is no option 'replays'" in str(caught.value)
    assert "Did you mean replay" in str(caught.value)
    assert "Did you mean target" in str(caught.value)
    assert "Known are abort, accumulate, board" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_module_a_path_and_the_command_give_the_same_bytes(
    x: torch.Tensor, saved: Path, project: bnncl.Project, tmp_path: Path
) -> None:
    files = project.files()
    assert bnncl.compile(build("cnn"), example=x[:1], calibration=x).files() == files
    assert bnncl.compile(build("cnn"), calibration=x.numpy(), example=x[:1]).files() == files
    assert main(["compile", str(saved), "-o", str(tmp_path / "out"), "-q"]) == 0
    for path, content in files.items():
        assert (tmp_path / "out" / path).read_bytes() == content


def test_calibration_of_a_file_is_replaced_by_an_array(
    x: torch.Tensor, project: bnncl.Project, tmp_path: Path
) -> None:
    bnncl.save(build("cnn"), tmp_path / "bare.pt", x[:1])
    np.savez(tmp_path / "data.npz", x=x.numpy())
    by_array = bnncl.compile(tmp_path / "bare.pt", calibration=x)
    by_path = bnncl.compile(str(tmp_path / "bare.pt"), calibration=str(tmp_path / "data.npz"))
    assert by_array.files() == by_path.files()
    assert by_array.report.agreement == project.report.agreement
    assert bnncl.compile(tmp_path / "bare.pt").report.agreement is None
    with pytest.raises(UsageError) as caught:
        bnncl.compile(tmp_path / "bare.pt", calibration=x[:, :, 1:])
    assert slugs(caught.value.problems) == ["calibration-shape"]
    with pytest.raises(UsageError) as caught:
        bnncl.compile(tmp_path / "bare.pt", labels=np.zeros(3, np.int64))
    assert slugs(caught.value.problems) == ["labels-without-calibration"]


def test_a_module_needs_an_example_or_calibration(x: torch.Tensor, project: bnncl.Project) -> None:
    with pytest.raises(UsageError) as caught:
        bnncl.compile(build("cnn"))
    assert slugs(caught.value.problems) == ["example-required"]
    assert caught.value.exit_code == 2
    assert bnncl.compile(build("cnn"), calibration=x).report.ram_bytes == project.report.ram_bytes


def test_write_check_and_force(project: bnncl.Project, tmp_path: Path) -> None:
    folder = project.write(tmp_path / "out")
    assert folder == tmp_path / "out"
    assert project.check(folder) == []
    (folder / "src" / "main.c").write_text("mine")
    assert project.check(str(folder)) == ["src/main.c"]
    with pytest.raises(UsageError) as caught:
        project.write(folder)
    assert slugs(caught.value.problems) == ["output-edited"]
    project.write(folder, force=True)
    assert project.check(folder) == []


def test_run_gives_the_scores(project: bnncl.Project, x: torch.Tensor) -> None:
    scores = project.run(x[:9])
    assert scores.shape == (9, 10)
    assert scores.dtype == np.int16
    wanted = build("cnn")(x[:9]).argmax(1).numpy()
    assert (scores.argmax(1) == wanted).mean() > 0.8
    for wrong, slug in (
        (np.zeros((1, 8, 8)), "wrong-input-shape"),
        (np.zeros((0, 1, 8, 8)), "wrong-input-shape"),
        (np.full((1, 1, 8, 8), np.nan), "non-finite-input"),
        (np.full((1, 1, 8, 8), "a"), "wrong-input-type"),
    ):
        with pytest.raises(UsageError) as caught:
            project.run(wrong)
        assert slugs(caught.value.problems) == [slug]


def test_several_targets_and_options(saved: Path) -> None:
    made = bnncl.compile(saved, ["cortex-m4", "rv32imac"], name="net", first_bits=8, kernels="xnor")
    assert made.report.targets == ("cortex-m4", "rv32imac")
    assert "include/net.h" in made.files()
    settings = dict(made.spec.settings)
    assert settings["first filter bits"] == "8"
    assert settings["kernels"] == "xnor"


def test_every_wrong_option_at_once(saved: Path) -> None:
    with pytest.raises(UsageError) as caught:
        bnncl.compile(
            saved,
            ["m7", "m8"],
            name="",
            first_bits=4,
            real_bits=32,
            kernels="best",
            timing="fast",
            ram=-1,
            boards=("b",),
        )
    assert slugs(caught.value.problems) == [
        *("unknown-target", "unknown-target", "unknown-board", "bad-name"),
        *("bad-width", "bad-width", "bad-limit", "bad-kernels", "bad-timing"),
    ]
    with pytest.raises(UsageError) as caught:
        bnncl.compile(saved, [])
    assert slugs(caught.value.problems) == ["unknown-target"]


def test_too_big_says_by_how_much(saved: Path, project: bnncl.Project) -> None:
    flash = project.report.weight_bytes
    assert bnncl.compile(saved, flash=flash).report.weight_bytes == flash
    with pytest.raises(DoesNotFit) as caught:
        bnncl.compile(saved, flash=flash - 1)
    assert caught.value.exit_code == 4
    assert f"the model needs {flash} bytes of flash: 1 too many [does-not-fit]" in str(caught.value)

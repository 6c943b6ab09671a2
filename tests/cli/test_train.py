"""Learning from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

import bnncl
from tests.e2e.zoo import build, images

from .conftest import Command
from .schemas import LEARNING, TRAINING


@pytest.fixture
def learning(compile_: Command, here: Path, saved: Path, data: Path) -> Path:
    """A project whose head learns, with every option given."""
    sizes = (
        "--replay",
        "30",
        "--max-classes",
        "12",
        "--experience",
        "40",
        "--epochs",
        "2",
        "--minibatch",
        "6:10",
    )
    numbers = ("--qf", "7", "--qb", "14", "--rounding", "stochastic", "--rate", "0.02", "--abort", "storage")
    command = (saved, "--train", "head", *sizes, *numbers, "--replay-init", data, "-o", here / "out")
    done = compile_(*command, "--report", "json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)["learning"]
    jsonschema.validate(said, LEARNING)
    parts = ("replay", "experience", "head", "batch", "counter")
    assert sum(said[f"{part}_bytes"] for part in parts) == said["state_bytes"]
    assert (said["slots"], said["experience"], said["max_classes"]) == (30, 40, 12)
    assert 0 < said["replay_filled"] <= 24
    assert (said["forward_bits"], said["stored_bits"], said["abort_bytes"]) == (7, 14, 0)
    assert said["latent_bytes_float32"] == 32 * said["latent_bytes"]
    return here / "out"


def test_options_reach_the_code_and_the_report(learning: Path) -> None:
    code = (learning / "src" / "model_learn.c").read_text()
    for line in (
        ".max_classes = 12,",
        ".slots = 30,",
        ".experience = 40,",
        ".new_per_step = 6,",
        ".epochs = 2,",
    ):
        assert line in code
    for line in (".replay_per_step = 10,", ".q_forward = 7,", ".q_backward = 14,", ".stochastic = true,"):
        assert line in code
    header = (learning / "include" / "model.h").read_text()
    assert "learning rate = 0.02" in header
    assert "#define MODEL_REPLAY_SLOTS         30" in header
    report = (learning / "report" / "report.txt").read_text()
    assert "one latent" in report
    assert "abort" in report


def test_verify_trains(bnncl_: Command, learning: Path, data: Path) -> None:
    done = bnncl_("verify", learning, "--train", "--no-count", "--data", data)
    assert (done.code, done.err) == (0, "")
    assert "calls of learning compared" in done.out
    said = bnncl_("verify", learning, "--train", "--no-count", "--report", "json")
    (environment,) = json.loads(said.out)["environments"]
    jsonschema.validate(environment["training"], TRAINING)
    assert environment["training"]["passed"]


def test_code_that_learns_something_else_fails(bnncl_: Command, learning: Path) -> None:
    path = learning / "src" / "model_learn.c"
    path.write_text(path.read_text().replace(".rate_multiplier = ", ".rate_multiplier = 100000000 + "))
    done = bnncl_("verify", learning, "--train", "--no-count")
    assert done.code == 1
    place = (
        r"learning differs: call \d+, step\(\d+\), minibatch \d+: tw\[\d+\]\[\d+\]: expected -?\d+ was -?\d+"
    )
    assert re.search(place, done.out), done.out
    assert "\n  differs:" not in done.out
    assert "stochastic round-ups" in done.out


@pytest.mark.parametrize("given", ["8", "8:", "a:b", "-1:3"])
def test_a_minibatch_is_two_counts(compile_: Command, here: Path, saved: Path, given: str) -> None:
    done = compile_(saved, "--train", "head", f"--minibatch={given}")
    assert done.code == 2
    assert "not two counts" in done.err


def test_learning_without_calibration_is_refused(compile_: Command, here: Path, uncalibrated: Path) -> None:
    done = compile_(uncalibrated, "--train", "head")
    assert done.code == 2
    assert "calibration-required" in done.err


def test_bits_of_a_replayed_number_that_would_be_bits(compile_: Command, here: Path, saved: Path) -> None:
    done = compile_(saved, "--train", "head", "--replay-bits", "8")
    assert done.code == 2
    assert "latents-are-bits" in done.err
    assert compile_(saved, "--train", "head", "--replay-bits", "5").code == 2


def test_latents_of_numbers_are_in_the_report(compile_: Command, bnncl_: Command, here: Path) -> None:
    path, x, module = here / "real.pt", images(96), build("pooled_relu")
    bnncl.save(module, path, x[:1], calibration=x, labels=module(x).argmax(1))
    given = ("--train", "head", "--replay", "10", "--replay-bits", "7", "-o", here / "out")
    done = compile_(path, *given, "--report", "json")
    assert done.code == 0
    said = json.loads(done.out)["learning"]
    jsonschema.validate(said, LEARNING)
    sizes = [said[f"latent_{what}"] for what in ("bits", "bytes", "bytes_int8", "bytes_float32")]
    assert sizes == [7, 40, 45, 180]
    text = (here / "out" / "report" / "report.txt").read_text()
    assert "40 bytes of layer_3_mean_features_latent, 7 bits a number" in text
    assert "bits of a replayed number = 7" in (here / "out" / "include" / "real.h").read_text()
    assert bnncl_("verify", here / "out", "--train", "--no-count").code == 0

"""Bad options of learning: each is told of with its slug and exit code, and nothing is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import Command, content
from .test_refusals import refused


def test_a_replay_memory_that_does_not_fit(compile_: Command, here: Path, saved: Path) -> None:
    said = refused(compile_(saved, "--train", "head", "--replay", "9000", "--ram", "64K"), 4, "does-not-fit")
    found = re.search(r"fix: --replay (\d+): of 9000 replay slots \1 would fit\.", said)
    assert found
    assert "pool earlier" not in said
    assert content(here) == {}
    most = int(found[1])
    refused(compile_(saved, "--train", "head", "--replay", most + 1, "--ram", "64K"), 4, "does-not-fit")
    assert compile_(saved, "--train", "head", "--replay", most, "--ram", "64K").code == 0


def test_a_replay_memory_that_no_board_has(compile_: Command, here: Path, saved: Path) -> None:
    board = ("--target", "cortex-m0plus", "--board", "nucleo_l073rz")
    said = refused(compile_(saved, "--train", "head", "--replay", "2000", *board), 4, "does-not-fit")
    assert "board nucleo_l073rz: the model needs " in said
    assert "replay slots" in said
    assert content(here) == {}


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (("--max-classes", "9"), "too-few-classes"),
        (("--max-classes", "0"), "bad-count"),
        (("--max-classes", "65536"), "bad-count"),
        (("--replay", "-1"), "bad-count"),
        (("--replay", "65536"), "bad-count"),
        (("--experience", "0"), "bad-count"),
        (("--epochs", "0"), "bad-count"),
        (("--minibatch", "0:8"), "bad-count"),
        (("--minibatch", "40000:40000"), "learning-overflow"),
        (("--qf", "1"), "bad-width"),
        (("--qf", "9"), "bad-width"),
        (("--qb", "17"), "bad-width"),
        (("--qf", "8", "--qb", "7"), "bad-width"),
        (("--rate", "0"), "bad-rate"),
        (("--rate", "nan"), "bad-rate"),
        (("--rate", "1e12"), "bad-rate"),
        (("--replay", "5", "--replay-init", "nowhere.npz"), "file-not-found"),
        (("--replay-init", "nowhere.npz"), "replay-init-without-slots"),
        (("--replay-bits", "8"), "latents-are-bits"),
    ],
)
def test_options_of_learning_that_cannot_be(
    compile_: Command, here: Path, saved: Path, words: tuple[str, ...], slug: str
) -> None:
    said = refused(compile_(saved, "--train", "head", *words), 2, slug)
    assert said.count("error: ") == 1
    assert content(here) == {}


@pytest.mark.parametrize("module", ["6", "7"])
def test_more_than_one_bit_where_a_tail_begins_with_bits(
    compile_: Command, here: Path, saved: Path, module: str
) -> None:
    said = refused(compile_(saved, "--train", module, "--replay-bits", "8"), 2, "latents-are-bits")
    assert f"in front of {module} there are bits" in said
    assert content(here) == {}


def test_wrong_options_of_learning_all_at_once(compile_: Command, here: Path, saved: Path) -> None:
    words = ("--replay=-1", "--experience=0", "--epochs=0", "--minibatch=0:0", "--qf=9", "--rate=-1")
    said = refused(compile_(saved, "--train", "head", *words), 2, "bad-count", "bad-width", "bad-rate")
    for option in ("--replay", "--experience", "--epochs", "--minibatch", "--qf", "--rate"):
        assert f"error: {option}: " in said
    assert said.count("error: ") == len(words)
    assert content(here) == {}


def test_options_of_learning_without_learning(compile_: Command, here: Path, saved: Path) -> None:
    said = refused(compile_(saved, "--replay", "9", "--max-classes", "12"), 2, "train-required")
    assert "--replay, --max-classes" in said
    assert content(here) == {}


@pytest.mark.parametrize(
    "words", [("--ste", "tanh"), ("--rounding", "up"), ("--abort", "flash"), ("--replay-bits", "5")]
)
def test_choices_of_learning_that_there_are_not(
    compile_: Command, here: Path, saved: Path, words: tuple[str, str]
) -> None:
    said = refused(compile_(saved, "--train", "head", *words), 2)
    assert "invalid choice" in said
    assert content(here) == {}


def test_no_replay_memory_is_no_mistake(compile_: Command, here: Path, saved: Path) -> None:
    words = ("--train", "head", "--replay", "0", "--minibatch", "4:0", "--experience", "1", "-o", "out")
    done = compile_(saved, *words)
    assert done.code == 0
    assert "WARNING: No replay memory (0 slots)" in done.err
    assert "WARNING: No room for a new class" in done.err
    assert "--replay N" in json.loads((here / "out" / "report" / "report.json").read_text())["warnings"][0]

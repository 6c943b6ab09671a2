"""`bnncl compile --budget`: which cut a RAM allows, with the bytes of each part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn import BatchNorm2d, Sequential

import bnncl
from tests.e2e.layers import BinaryConv
from tests.e2e.residual import BiReal, network, settle
from tests.e2e.zoo import SignLayer, images

from .conftest import Command, content


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    module = network(BiReal(8, 8), BiReal(8, 8), before=8, after=8)
    settle(module, images(50))
    path = tmp_path_factory.mktemp("model") / "residual.pt"
    x = images(40)
    bnncl.save(module.eval(), path, images(1), calibration=x, labels=module(x).argmax(1))
    return path


def rows(result) -> list[dict[str, object]]:
    assert result.code == 0, result.err
    return json.loads(result.out)["cuts"]


def test_every_cut_is_listed_with_parts_that_add_up(compile_: Command, here: Path, residual: Path) -> None:
    found = rows(compile_(residual, "--budget", "64K", "--report", "json"))
    assert [each["train"] for each in found] == ["head", "3", "2"]
    for each in found:
        parts = [value for name, value in each.items() if name.endswith("_bytes")]
        total, slot = each["total_bytes"], each["slot_bytes"]
        assert sum(parts) - total - slot == total
        assert each["slots"] == (64 * 1024 - total) // slot
        assert (each["other_total"] < total) is (each["other_accumulate"] > 0)
    text = compile_(residual, "--budget", "64K").out
    others = [f"{each['train']} {each['other_total']}" for each in found[1:]]
    assert f"totals with --accumulate 8: {', '.join(others)}" in text
    assert content(here) == {}


def test_the_other_total_is_that_of_the_other_mode(compile_: Command, residual: Path) -> None:
    """But for the workspace, which narrow sums need one word more of for each input channel."""
    budget = ("--budget", "64K", "--report", "json", "--train", "3", "--accumulate")
    full, few = (rows(compile_(residual, *budget, each)) for each in ("full", "8"))
    for one, other in zip([*full, *few], [*few, *full], strict=True):
        assert abs(one["total_bytes"] - other["other_total"]) <= 4 * 16
    assert all(
        one["total_bytes"] > other["total_bytes"] + 1000
        for one, other in zip(full, few, strict=True)
        if one["learned"]
    )


def test_what_it_lists_compiles(compile_: Command, residual: Path) -> None:
    found = rows(compile_(residual, "--budget", "64K", "--report", "json"))
    for each in found:
        words = ("--train", each["train"], "--ram", "64K", "--replay")
        fits = compile_(residual, *words, each["slots"], "--force")
        assert fits.code == 0
        assert "RAM is short" not in fits.err
        more = compile_(residual, *words, each["slots"] + 1, "--force")
        assert more.code == 4 or "RAM is short" in more.err


def test_a_ram_that_is_too_small_says_how_much_is_missing(compile_: Command, residual: Path) -> None:
    found = rows(compile_(residual, "--budget", "1K", "--report", "json"))
    assert all(each["slots"] == 1024 - each["total_bytes"] < 0 for each in found)
    assert "bytes short" in compile_(residual, "--budget", "1K").out


@pytest.mark.parametrize("bits", ["8", "6"])
def test_slots_of_numbers_are_larger(compile_: Command, residual: Path, bits: str) -> None:
    """A value of the cut takes so many bits, of the head's features too; two bytes more are the label."""
    plain = {each["train"]: each for each in rows(compile_(residual, "--budget", "64K", "--report", "json"))}
    words = ("--replay-bits", bits, "--budget", "64K", "--report", "json")
    found = {each["train"]: each for each in rows(compile_(residual, *words))}
    assert list(found) == list(plain) == ["head", "3", "2"]
    for train in ("3", "2"):
        assert found[train]["slot_bytes"] == 8 * 8 * 8 * int(bits) // 8 + 2
        assert plain[train]["slot_bytes"] == 8 * 8 * 4 + 2
        assert found[train]["slots"] < plain[train]["slots"]
        fits = ("--train", train, "--ram", "64K", "--replay", found[train]["slots"], "--force")
        assert compile_(residual, *fits, "--replay-bits", bits).code == 0


def test_cuts_of_bits_alone(compile_: Command, tmp_path: Path) -> None:
    """More than one bit for each cannot be had there: such a cut is left out, such a head keeps its bits."""
    torch.manual_seed(1)
    chain = (
        SignLayer(),
        BinaryConv(8, 8, 3),
        BatchNorm2d(8),
        SignLayer(),
        BinaryConv(8, 8, 3),
        BatchNorm2d(8),
    )
    layers = [*network(BiReal(8, 8), *chain, before=8, after=8)]
    module = Sequential(*layers[:-1], SignLayer(), layers[-1])
    settle(module, images(50))
    x = images(40)
    path = tmp_path / "bits.pt"
    bnncl.save(module.eval(), path, images(1), calibration=x, labels=module(x).argmax(1))
    words = ("--budget", "64K", "--report", "json")
    assert [each["train"] for each in rows(compile_(path, *words))] == ["head", "7", "4", "2"]
    found = rows(compile_(path, "--replay-bits", "8", *words))
    assert [each["train"] for each in found] == ["head", "4", "2"]
    assert found[0]["slot_bytes"] == 4 + 2

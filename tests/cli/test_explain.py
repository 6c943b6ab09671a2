"""`bnncl compile --explain`: all kernels that could compute an op, and why one was taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from .conftest import Command, content
from .schemas import EXPLAINED


def explained(compile_: Command, saved: Path, *words: object) -> dict[str, Any]:
    done = compile_(saved, "-o", "out", "--explain", "--report", "json", "--target", "cortex-m4", *words)
    assert done.code == 0, done.err
    said: dict[str, Any] = json.loads(done.out)
    jsonschema.validate(said, EXPLAINED)
    return said


def taken(op: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = op["kernels"][0]
    assert [each["chosen"] for each in op["kernels"]] == [True] + [False] * (len(op["kernels"]) - 1)
    return first


def reasons(op: dict[str, Any]) -> dict[str, str]:
    return {each["kernel"].removeprefix("bnncl_bconv_"): each["why"] for each in op["kernels"]}


def test_the_explanation_is_of_what_is_reported(compile_: Command, saved: Path) -> None:
    said = explained(compile_, saved)
    binary = 0
    for op, why in zip(said["ops"], said["explanation"], strict=True):
        chosen = taken(why)
        assert {name: why[name] for name in ("index", "module", "op", "out_shape", "density")} == {
            name: op[name] for name in ("index", "module", "op", "out_shape", "density")
        }
        for name in ("kernel", "instructions", "worst_instructions", "scratch_bytes"):
            assert chosen[name] == op[name]
        assert chosen["constant_bytes"] == op["parameter_bytes"]
        if op["op"] == "BinaryConv":
            binary += 1
            assert chosen["why"] == "fewest instructions"
            assert all(other["why"].endswith("more instructions") for other in why["kernels"][1:])
            assert len({other["kernel"] for other in why["kernels"]}) >= 3
    assert binary == 2
    assert any(taken(why)["why"] == "no other kernel computes this" for why in said["explanation"])


def test_a_limit_that_forced_a_choice_is_named(compile_: Command, saved: Path) -> None:
    free = explained(compile_, saved)
    limit = taken(free["explanation"][1])["scratch_bytes"] - 1
    limited = explained(compile_, saved, "--scratch-limit", limit, "--force")["explanation"][1]
    assert reasons(limited)["rows_sign"] == f"needs more than {limit} bytes of scratch"
    assert taken(limited)["why"] == "fewest instructions of those that can be taken"
    short = explained(compile_, saved, "--ram", free["totals"]["ram_bytes"] - 1, "--force")["explanation"]
    said = [why for op in short for why in reasons(op).values()]
    assert any(why.startswith("needs more than") and why.endswith(": RAM is short") for why in said)
    words = explained(compile_, saved, "--kernels", "xnor", "--force")["explanation"][1]
    assert taken(words)["kernel"] == "bnncl_bconv_xnor_sign"
    assert reasons(words)["rows_sign"] == "is not of the family xnor"


def test_what_is_weighed_is_named(compile_: Command, saved: Path) -> None:
    worst = explained(compile_, saved, "--worst-case")["explanation"][1]
    best = min(each["worst_instructions"] for each in worst["kernels"])
    assert taken(worst)["worst_instructions"] == best
    assert taken(worst)["why"] == "fewest instructions on the input that takes longest"
    constant = explained(compile_, saved, "--constant-time", "--force")["explanation"][1]
    assert reasons(constant)["vertical_sign"] == "takes longer on some inputs than on others"
    assert taken(constant)["instructions"] == taken(constant)["worst_instructions"]


def test_the_table_marks_what_is_taken(compile_: Command, here: Path, saved: Path) -> None:
    plain = compile_(saved, "-o", "plain", "--target", "cortex-m4")
    done = compile_(saved, "-o", "out", "--explain", "--target", "cortex-m4")
    assert done.out.endswith(plain.out.replace("to plain", "to out"))
    marked = [line.split() for line in done.out.splitlines() if " * " in line]
    assert [words[words.index("*") + 1] for words in marked if "BinaryConv" in words] == [
        "bnncl_bconv_rows_sign",
        "bnncl_bconv_rows_sign",
    ]
    assert "bnncl_bconv_xnor_sign" in done.out
    assert "bnncl_bconv_xnor_sign" not in plain.out
    assert content(here / "out") == content(here / "plain")

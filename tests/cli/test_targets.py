"""`bnncl targets`."""

from __future__ import annotations

import json

import jsonschema

from bnncl.targets import BOARDS, TARGETS

from .conftest import Command
from .schemas import TARGETS as SCHEMA


def test_text(bnncl_: Command) -> None:
    done = bnncl_("targets")
    assert (done.code, done.err) == (0, "")
    words = done.out.split()
    assert set(TARGETS) | set(BOARDS) <= set(words)
    assert {each.pio_env for each in TARGETS.values()} <= set(words)


def test_json(bnncl_: Command) -> None:
    said = json.loads(bnncl_("targets", "--report", "json").out)
    jsonschema.validate(said, SCHEMA)
    assert [each["name"] for each in said["targets"]] == list(TARGETS)
    assert [each["id"] for each in said["boards"]] == list(BOARDS)

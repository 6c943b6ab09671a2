"""`bnncl state show` and `diff`, over a manifest and dumps in files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import jsonschema
import pytest

from bnncl.cli import state as verb
from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.state import Blob, Segment, expected_state, layout_to_json, write_slot
from tests.cli.schemas import STATE_DIFFERENCE, STATE_SHOWN

SHA256 = "ab" * 32
LAYOUT = (Segment("stored", "uint32", ()), Segment("cw", "int16", (2, 3)))


def manifest(folder: Path, **state: object) -> Path:
    held = {"model_sha256": SHA256, "state": {"layout": 4, "segments": layout_to_json(LAYOUT), **state}}
    (folder / "manifest.json").write_text(json.dumps(held))
    return folder


def dump(path: Path, *sequences: int) -> Path:
    blobs = [
        Blob(save, b"\xab" * 16, 4, bytes([save, 0, 0, 0]) + bytes([save, 0]) * 6, slot, 128)
        for slot, save in enumerate(sequences)
    ]
    path.write_bytes(b"".join(map(write_slot, blobs)).ljust(256, b"\xff"))
    return path


def bnncl_state(*words: object, report: str = "text") -> int:
    parser = argparse.ArgumentParser()
    verb.configure(parser)
    return verb.run(argparse.Namespace(**vars(parser.parse_args([*map(str, words)])), report=report))


def refused(slugs: list[str], *words: object) -> None:
    with pytest.raises(UsageError) as caught:
        bnncl_state(*words)
    assert [problem.slug for problem in caught.value.problems] == slugs
    assert caught.value.exit_code == EXIT_USAGE


def test_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("show", dump(tmp_path / "a.bin", 2, 3), "--project", manifest(tmp_path))
    assert bnncl_state(*words) == 0
    assert "save 3, in slot B" in capsys.readouterr().out
    assert bnncl_state(*words, report="json") == 0
    held = json.loads(capsys.readouterr().out)
    jsonschema.validate(held, STATE_SHOWN)
    assert held["states"][0]["sequence"] == 3
    assert held["arrays"][1]["highest"] == 3
    assert held["arrays"][1]["shape"] == [2, 3]


def test_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dumps = dump(tmp_path / "a.bin", 2, 1), dump(tmp_path / "b.bin", 2, 7)
    words = ("diff", *dumps, "--project", manifest(tmp_path))
    assert bnncl_state(*words) == 0
    assert "6 of 6 changed, by 5 at most" in capsys.readouterr().out
    assert bnncl_state(*words, report="json") == 0
    held = json.loads(capsys.readouterr().out)
    jsonschema.validate(held, STATE_DIFFERENCE)
    assert [each["changed"] for each in held["changes"]] == [1, 6]


def test_everything_wrong_with_the_dumps_is_said(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"\xff" * 256)
    slugs = ["state-file", "state-empty"]
    refused(slugs, "diff", tmp_path / "no.bin", tmp_path / "b.bin", "--project", manifest(tmp_path))


def test_the_dump_of_another_model(tmp_path: Path) -> None:
    words = ("show", dump(tmp_path / "a.bin", 1), "--project")
    refused(["state-other-model"], *words, manifest(tmp_path, layout=5))
    refused(["state-layout"], *words, manifest(tmp_path, segments=layout_to_json(LAYOUT[:1])))
    refused(["state-segments"] * 2, *words, manifest(tmp_path, segments=[1, 2]))


@pytest.mark.parametrize(
    "text",
    [None, "{", "[]", "{}", json.dumps({"state": {"layout": 1}, "model_sha256": "xy"})],
    ids=["none", "cut", "list", "no state", "no hash"],
)
def test_no_project_that_learns(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    refused(["no-learned-state"], "show", dump(tmp_path / "a.bin", 1), "--project", tmp_path)


def test_the_fingerprint_is_the_beginning_of_the_hash(tmp_path: Path) -> None:
    assert expected_state(manifest(tmp_path)).fingerprint == b"\xab" * 16

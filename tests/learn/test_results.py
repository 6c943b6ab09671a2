"""Results are whole at any moment, and go on from where they were."""

from __future__ import annotations

import csv
import json
from importlib.resources import files

import jsonschema
import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.learn.results import Results, Row, Run, read, resume

SETTINGS = {"scenario": "nc", "replay": 20, "base": [0, 1]}


def run(method: str = "cwr", seed: int = 0) -> Run:
    rows = (Row(0, (), 0, 0.5, None, None, None), Row(1, (2, 3), 9, 0.25, 0.5, 0.0, -0.125))
    return Run(method, seed, 20, 1, 80, 0.5, rows, ((0.5, None), (0.25, 1.0)))


def test_what_is_written_is_read_again(tmp_path):
    results = Results(SETTINGS).with_run(run()).with_run(run("naive", 3))
    results.write(tmp_path)
    assert read(tmp_path / "results.json") == results
    assert resume(tmp_path, SETTINGS) == results
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.csv", "results.json"]


def test_json_keeps_to_its_schema(tmp_path):
    schema = json.loads(files("bnncl.learn").joinpath("schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    Results(SETTINGS).with_run(run()).write(tmp_path)
    jsonschema.validate(json.loads((tmp_path / "results.json").read_text()), schema)


def test_csv_has_a_row_for_each_experience():
    rows = list(csv.DictReader(Results(SETTINGS).with_run(run()).as_csv().splitlines()))
    assert [row["experience"] for row in rows] == ["0", "1"]
    assert rows[1] | {"classes": "2 3", "old": "0.500000", "forgetting": "-0.125000"} == rows[1]
    assert rows[0]["old"] == ""


def test_an_empty_folder_starts_anew(tmp_path):
    assert resume(tmp_path / "none", SETTINGS) == Results(SETTINGS)


def test_finding_a_run():
    results = Results(SETTINGS).with_run(run())
    assert results.find("cwr", 0) == run()
    assert results.find("cwr", 1) is None


def test_other_settings_are_refused(tmp_path):
    Results(SETTINGS).write(tmp_path)
    with pytest.raises(UsageError) as refused:
        resume(tmp_path, {**SETTINGS, "replay": 30})
    assert [problem.slug for problem in refused.value.problems] == ["other-settings"]
    assert "another replay" in str(refused.value)
    assert refused.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize("text", ["", "[]", '{"format": 9}', '{"format": 1, "settings": {}, "runs": [{}]}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(UsageError) as refused:
        resume(tmp_path, SETTINGS)
    assert [problem.slug for problem in refused.value.problems] == ["bad-results"]

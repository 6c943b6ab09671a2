"""What a simulation found, kept in a folder: JSON to go on from, CSV to look at; always whole files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bnncl.diagnostics import Problem, UsageError
from bnncl.emit.folder import owned_files

FORMAT = 1
USED_RATE = "used_rate"
USED_TAIL_RATE = "used_tail_rate"
"""The settings that a simulation finds out: at which rates it learns, where the compiler chose them."""
_FOUND_OUT = (USED_RATE, USED_TAIL_RATE)
JSON_NAME, CSV_NAME = "results.json", "results.csv"


@dataclass(frozen=True)
class Row:
    """One experience of one run; shares are 0..1, None where there is no such class.

    Row 0 is before the first experience. `classes` are those that it held.
    """

    experience: int
    classes: tuple[int, ...]
    samples: int
    seen: float | None
    old: float | None
    new: float | None
    forgetting: float | None


@dataclass(frozen=True)
class Run:
    """A method with a seed, from the first experience to the last.

    `matrix[e][c]` is the accuracy of class c after e experiences, None where it has no test sample.
    `slots` latents of `latent_bits` bits a value take `replay_bytes`. `seconds` is the wall time. Where a
    tail learns, `trained_per_second` are the samples, new and replayed, that were trained on, each as often
    as it was, by the time that learning took; None where that cannot be told apart.
    """

    method: str
    seed: int
    slots: int
    latent_bits: int
    replay_bytes: int
    seconds: float
    rows: tuple[Row, ...]
    matrix: tuple[tuple[float | None, ...], ...]
    trained_per_second: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What makes a run unique within a simulation."""
        return self.method, self.seed


@dataclass(frozen=True)
class Results:
    """Finished runs under the same settings; settings are JSON values."""

    settings: Mapping[str, Any]
    runs: tuple[Run, ...] = ()

    def with_run(self, run: Run) -> Results:
        """These results and one more run."""
        return Results(self.settings, (*self.runs, run))

    def find(self, method: str, seed: int) -> Run | None:
        """The run of a method with a seed, if it is finished."""
        return next((run for run in self.runs if run.key == (method, seed)), None)

    def as_json(self) -> dict[str, Any]:
        """The content of results.json; `schema.json` beside this file describes it."""
        return {
            "format": FORMAT,
            "settings": dict(self.settings),
            "runs": [_as_json(run) for run in self.runs],
        }

    def as_csv(self) -> str:
        """A row for each experience of each run."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [field.name for field in fields(Row)]
        writer.writerow(["method", "seed", "slots", "latent_bits", "replay_bytes", *names])
        for run in self.runs:
            for row in run.rows:
                cells = [_cell(getattr(row, name)) for name in names]
                writer.writerow([run.method, run.seed, run.slots, run.latent_bits, run.replay_bytes, *cells])
        return text.getvalue()

    def write(self, folder: Path) -> None:
        """Write both files; whoever reads sees the old or the new one, never a part."""
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / JSON_NAME, json.dumps(self.as_json(), indent=1) + "\n")
        _replace(folder / CSV_NAME, self.as_csv())


def resume(folder: Path, settings: Mapping[str, Any]) -> Results:
    """The finished runs in `folder`, or none where it holds no results.

    UsageError `output-is-project` where bnncl has generated a project in `folder`, `bad-results` where the
    file is not what `write` writes, `other-settings` where it was made with other settings: what they are
    is named.
    """
    _check_folder(folder)
    path = folder / JSON_NAME
    if not path.is_file():
        return Results(settings)
    found = read(path)
    wanted = json.loads(json.dumps(dict(settings)))
    names = sorted({*wanted, *found.settings})
    names = [name for name in names if name not in _FOUND_OUT or (name in wanted and name in found.settings)]
    other = [name for name in names if wanted.get(name) != found.settings.get(name)]
    if other:
        raise UsageError(
            Problem(
                "other-settings",
                f"the results there were found with another {', '.join(other)}",
                str(folder),
                "Runs under different settings must not be mixed.",
                "Name another folder with -o, or repeat the settings that its results.json holds.",
            )
        )
    return Results({**found.settings, **wanted}, found.runs)


def _check_folder(folder: Path) -> None:
    if owned_files(folder) is not None:
        raise UsageError(
            Problem(
                "output-is-project",
                "this folder holds a project that bnncl generated",
                str(folder),
                "Results of a simulation do not belong among the sources of a firmware.",
                "Name another folder with -o.",
            )
        )


def read(path: Path) -> Results:
    """The results in a file; UsageError `bad-results`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, not {FORMAT}")
        return Results(dict(content["settings"]), tuple(_run(each) for each in content["runs"]))
    except (ValueError, KeyError, TypeError) as error:
        hint = "Name another folder with -o, or remove the file."
        raise UsageError(
            Problem("bad-results", "these are no results of a simulation", str(path), str(error), hint)
        ) from error


def _as_json(run: Run) -> dict[str, Any]:
    made = asdict(run)
    if run.trained_per_second is None:
        del made["trained_per_second"]
    return made


def _run(content: dict[str, Any]) -> Run:
    rows = tuple(Row(**{**row, "classes": tuple(row["classes"])}) for row in content["rows"])
    matrix = tuple(tuple(row) for row in content["matrix"])
    return Run(**{**content, "rows": rows, "matrix": matrix})


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value)
    return f"{value:.6f}" if isinstance(value, float) else "" if value is None else value


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)

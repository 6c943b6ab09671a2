"""Rows of a benchmark, as they are printed, stored and compared with stored ones."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bnncl.diagnostics import Problem, UsageError
from bnncl.version import VERSION

FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One layer on one target with inputs of one density, which is None for pixels.

    `kernels` is the choice the compiler had, `kernel` what it took. `instructions` are counted, to within
    `resolution`; `predicted` ones are those of the cost model at this density. `error` is
    predicted / counted - 1. Sizes are in bytes: `flash_bytes` of code and constants
    of the layer, `ram_bytes` of its input, output and scratch. `bound` are instructions, `bound_cycles`
    cycles, of `bnncl.bench.bounds`, None where there are none. `macs` leaves padding out; `binary` says that
    they are ±1 by ±1. Of a step of learning `kernel` is the call, there are no `macs` and no prediction, and
    sizes are those of all learning.
    """

    shape: str
    target: str
    density: float | None
    kernels: str
    kernel: str
    instructions: int
    resolution: int
    flash_bytes: int
    ram_bytes: int
    constant_bytes: int = 0
    scratch_bytes: int = 0
    macs: int = 0
    binary: bool = False
    bound: int | None = None
    bound_cycles: int | None = None
    predicted: int | None = None
    error: float | None = None

    @property
    def key(self) -> tuple[str, str, float | None, str]:
        """What a row of another run must have in common with this one, to be compared."""
        return self.shape, self.target, self.density, self.kernels

    @property
    def ratio(self) -> float | None:
        """Instructions as a multiple of the bound."""
        return self.instructions / self.bound if self.bound else None


@dataclass(frozen=True)
class Bench:
    """Rows in order of shapes, choices of kernels, targets, densities; and what went wrong.

    `compilers` are names and versions by target: counts depend on them.
    """

    rows: tuple[Row, ...]
    compilers: dict[str, str]
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers, strings, lists and dicts."""
        return {
            "format": FORMAT,
            "tool_version": VERSION,
            "compilers": self.compilers,
            "rows": [asdict(row) for row in self.rows],
        }


def json_text(held: dict[str, Any]) -> str:
    """`held`, which `as_json` gave and more may have been added to, with a line for each row."""
    rows = ",\n".join(f"    {json.dumps(row)}" for row in held["rows"])
    rest = json.dumps({**held, "rows": []}, indent=2)
    return rest.replace('"rows": []', f'"rows": [\n{rows}\n  ]', 1) + "\n" if rows else rest + "\n"


def stored_bench(path: Path) -> Bench:
    """What `as_json` gave, read from `path`; UsageError (`bad-baseline`) where it is something else."""
    try:
        held = json.loads(path.read_text())
        if held["format"] != FORMAT:
            raise ValueError(f"format {held['format']}")
        names = [field.name for field in fields(Row)]
        rows = tuple(Row(**{name: row[name] for name in names}) for row in held["rows"])
        return Bench(rows, dict(held["compilers"]))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            Problem(
                "bad-baseline",
                "this is no stored result of a benchmark",
                str(path),
                f"{type(error).__name__}: {error}",
                "Make one: bnncl bench --report json -o FILE.",
            )
        ) from error

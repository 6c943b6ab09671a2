"""Holds a benchmark against a stored one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bnncl.bench.results import Bench, Row
from bnncl.diagnostics import Problem, UsageError

FIGURES: Final = (
    ("instructions", "instructions"),
    ("flash_bytes", "bytes of flash"),
    ("ram_bytes", "bytes of RAM"),
)


@dataclass(frozen=True)
class Change:
    """A figure that is more or less than it was by more than the tolerance, on each of `targets`.

    Instructions are those at one `density`; memory does not depend on it.
    """

    shape: str
    targets: tuple[str, ...]
    density: float | None
    figure: str
    before: int
    now: int
    kernel: str

    @property
    def is_regression(self) -> bool:
        """Whether it is more."""
        return self.now > self.before

    def __str__(self) -> str:
        density = "" if self.density is None else f" at density {self.density:g}"
        share = f" ({100 * (self.now / self.before - 1):+.1f} %)" if self.before else ""
        figures = f"{self.before:,} -> {self.now:,} {dict(FIGURES)[self.figure]}{share}"
        return f"{self.shape} on {', '.join(self.targets)}{density}: {figures}, {self.kernel}"


@dataclass(frozen=True)
class Comparison:
    """`compared` rows are in both, `added` only in the new one; `notes` are whole sentences."""

    compared: int
    added: int
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The changes for the worse."""
        return tuple(change for change in self.changes if change.is_regression)

    @property
    def improvements(self) -> tuple[Change, ...]:
        """The changes for the better."""
        return tuple(change for change in self.changes if not change.is_regression)

    def as_json(self) -> dict[str, object]:
        """Everything as plain numbers, strings and lists."""
        return {
            "compared": self.compared,
            "added": self.added,
            "regressions": [str(each) for each in self.regressions],
            "improvements": [str(each) for each in self.improvements],
            "notes": list(self.notes),
        }


def compare(now: Bench, before: Bench, tolerance: float, where: str) -> Comparison:
    """Every figure that changed by more than the share `tolerance` and by more than it is counted to.

    What another compiler made is not compared. Raises UsageError (`baseline-disjoint`) where `before`, read
    from `where`, then has no row of `now`.
    """
    others = _other_compilers(now, before)
    old = {row.key: row for row in before.rows if row.target not in others}
    pairs = [(row, old[row.key]) for row in now.rows if row.key in old]
    if now.rows and not pairs:
        message = "it has no row of this benchmark that the same compiler made"
        hint = "Choose shapes, targets, densities and kernels that it has, or store a new one: -o FILE.json."
        raise UsageError(Problem("baseline-disjoint", message, where, " ".join(others.values()), hint))
    changes = tuple(change for figure, _ in FIGURES for change in _changes(pairs, figure, tolerance))
    return Comparison(len(pairs), len(now.rows) - len(pairs), changes, tuple(others.values()))


def _changes(pairs: list[tuple[Row, Row]], figure: str, tolerance: float) -> Iterator[Change]:
    """The changes of one figure; those of memory once for all targets that have the same."""
    targets: dict[tuple[str, float | None, int, int, str], dict[str, None]] = {}
    for row, was in pairs:
        before, now = int(getattr(was, figure)), int(getattr(row, figure))
        counted = figure == "instructions"
        if abs(now - before) <= max(row.resolution if counted else 0, tolerance * before):
            continue
        kernel = row.kernel if row.kernel == was.kernel else f"{was.kernel} -> {row.kernel}"
        key = (row.shape, row.density if counted else None, before, now, kernel)
        targets.setdefault(key, {})[row.target] = None
    for (shape, density, before, now, kernel), names in targets.items():
        yield Change(shape, tuple(names), density, figure, before, now, kernel)


def _other_compilers(now: Bench, before: Bench) -> dict[str, str]:
    """A sentence for each target that another compiler compiled for."""
    found = {}
    for target, compiler in now.compilers.items():
        other = before.compilers.get(target, compiler)
        if other != compiler:
            found[target] = f"{target}: not compared, compiled by {compiler}, in the baseline by {other}."
    return found

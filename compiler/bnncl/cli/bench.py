"""`bnncl bench`: counted instructions of single layers on every core."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from bnncl.bench.shapes import SHAPES, shapes
from bnncl.cli import values
from bnncl.diagnostics import Collector, Problem, UsageError, VerificationFailed
from bnncl.passes.select_kernels import Preference
from bnncl.targets import TARGETS, target

if TYPE_CHECKING:
    from bnncl.bench.compare import Comparison
    from bnncl.bench.results import Bench, Row
    from bnncl.bench.run import Progress, Settings

NAME = "bench"
HELP = "Count the instructions of single layers on every core, and compare with a stored count."
FORMS = ("text", "json")
_WIDTH = 160
_DENSITIES = (0.1, 0.5, 0.9)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--shapes",
        type=values.names,
        metavar="A,B,...",
        help=f"layers (default: all of {', '.join(layer.name for layer in SHAPES)})",
    )
    parser.add_argument("--targets", type=values.names, metavar="A,B,...", help="cores (default: all)")
    parser.add_argument(
        "--densities",
        type=values.shares,
        default=_DENSITIES,
        metavar="P,...",
        help="share of activations that are -1 (default 0.1,0.5,0.9)",
    )
    parser.add_argument(
        "--kernels",
        type=values.names,
        default=("auto",),
        metavar="A,...",
        help=f"what binary layers may use, of {', '.join(get_args(Preference))}; several give rows for each "
        "(default auto)",
    )
    _comparing_options(parser)


def _comparing_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="JSON of an earlier run; exit 1 where a row got worse"
    )
    parser.add_argument(
        "--tolerance",
        type=values.share,
        default=0.005,
        metavar="SHARE",
        help="by how much a row may differ from the baseline's (default 0.005)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="write the report there; .json and .html say its form; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and report; returns the exit code."""
    settings = _settings(args)
    from bnncl.bench.compare import compare
    from bnncl.bench.results import stored_bench
    from bnncl.bench.run import bench

    before = None if args.baseline is None else stored_bench(args.baseline)
    with _progress() as progress:
        found = bench(settings, progress)
    compared = None if before is None else compare(found, before, args.tolerance, str(args.baseline))
    _report(args, found, compared)
    regressions = () if compared is None else compared.regressions
    problems = [*found.wrong, *(Problem("bench-regression", str(each)) for each in regressions)]
    if problems:
        raise VerificationFailed(*problems)
    return 0


def _settings(args: argparse.Namespace) -> Settings:
    """What to measure; UsageError with everything that is unknown or not installed."""
    from bnncl.bench.run import Settings
    from bnncl.verification.verify import require_tools

    problems = Collector()
    layers, targets = SHAPES, []
    try:
        layers = SHAPES if args.shapes is None else shapes(args.shapes)
    except UsageError as error:
        problems.extend(error.problems)
    for name in args.targets or TARGETS:
        try:
            targets.append(target(name))
            require_tools(targets[-1])
        except UsageError as error:
            problems.extend(error.problems)
    known = get_args(Preference)
    for name in args.kernels:
        if name not in known:
            problems.add(Problem("bad-kernels", f"'{name}' is none of {', '.join(known)}", "--kernels"))
    problems.raise_as(UsageError)
    return Settings(layers, tuple(targets), args.densities, args.kernels)


def _report(args: argparse.Namespace, found: Bench, compared: Comparison | None) -> None:
    """Write the files that were asked for; print the report, or where files have it what changed."""
    forms = {".json": "json", ".html": "html", ".txt": "text"}
    for path in args.output:
        text = _as(forms.get(path.suffix, args.report), found, compared)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if not args.output:
        print(_as(args.report, found, compared), end="")
        return
    print("\n".join([*_verdict(found, compared), *(f"written to {path}" for path in args.output)]))


def _as(form: str, found: Bench, compared: Comparison | None) -> str:
    if form == "json":
        return json.dumps({**found.as_json(), **_changes(compared)}, indent=2) + "\n"
    return _as_text(found, compared)


def _changes(compared: Comparison | None) -> dict[str, object]:
    if compared is None:
        return {}
    held = {
        "compared": compared.compared,
        "added": compared.added,
        "regressions": [str(each) for each in compared.changes if each.is_regression],
        "improvements": [str(each) for each in compared.changes if not each.is_regression],
    }
    return {"baseline": held}


def _as_text(found: Bench, compared: Comparison | None) -> str:
    """The table, then what changed."""
    table = Table(box=None)
    for title in ("shape", "target", "-1", "kernel"):
        table.add_column(title)
    for title in ("instructions", "bound", "x bound", "model", "flash", "RAM"):
        table.add_column(title, justify="right")
    for row in found.rows:
        table.add_row(*_cells(row))
    text = StringIO()
    Console(file=text, width=_WIDTH).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*lines, "", *_verdict(found, compared)]) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.shape,
        row.target,
        "" if row.density is None else f"{row.density:g}",
        row.kernel.removeprefix("bnncl_"),
        f"{row.instructions:,}",
        "" if row.bound is None else f"{row.bound:,}",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.error is None else f"{100 * row.error:+.0f} %",
        f"{row.flash_bytes:,}",
        f"{row.ram_bytes:,}",
    )


def _verdict(found: Bench, compared: Comparison | None) -> list[str]:
    lines = [f"{len(found.rows)} rows, every output equal to the reference's"]
    if found.wrong:
        lines = [f"{len(found.rows)} rows; {len(found.wrong)} computed something else than the reference"]
    if compared is None:
        return lines
    worse, better = len(compared.regressions), len(compared.changes) - len(compared.regressions)
    lines.append(f"{compared.compared} of them are in the baseline: {worse} figures worse, {better} better")
    lines += [f"  {'worse' if each.is_regression else 'better'}: {each}" for each in compared.changes]
    return [*lines, *compared.notes]


@contextmanager
def _progress() -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("compiling", total=None)
        yield lambda done, of, what: bars.update(task, completed=done, total=of, description=what)

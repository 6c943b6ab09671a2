"""`bnncl bench`: counted instructions of single layers on every core."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from bnncl.bench.choices import CHOICES
from bnncl.bench.shapes import SHAPES, shapes
from bnncl.cli import values
from bnncl.diagnostics import Collector, Problem, UsageError, VerificationFailed
from bnncl.targets import TARGETS, target

if TYPE_CHECKING:
    from bnncl.bench.compare import Change, Comparison
    from bnncl.bench.results import Bench
    from bnncl.bench.run import Progress, Settings

NAME = "bench"
HELP = "Count the instructions of single layers on every core, and compare with a stored count."
FORMS = ("text", "json", "html")
_WIDTH = 160
_NAMED = 10
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
        help=f"what binary layers may use, of {', '.join(CHOICES)}; several give rows for each "
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
    problems = list(found.problems)
    if compared is not None and compared.regressions:
        problems.append(_regression(compared.regressions, args.baseline))
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
    for name in args.kernels:
        if name not in CHOICES:
            problems.add(Problem("bad-kernels", f"'{name}' is none of {', '.join(CHOICES)}", "--kernels"))
    problems.raise_as(UsageError)
    return Settings(layers, tuple(targets), args.densities, args.kernels)


def _regression(worse: Sequence[Change], baseline: Path) -> Problem:
    """What the report lists in full."""
    named = [str(each) for each in worse[:_NAMED]]
    if len(worse) > _NAMED:
        named.append(f"and {len(worse) - _NAMED} more")
    message = f"{len(worse)} figures are worse than in the baseline"
    hint = "If that is meant, store a new baseline."
    return Problem("bench-regression", message, str(baseline), "; ".join(named), hint)


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
    print("\n".join([*_findings(found, compared), *(f"written to {path}" for path in args.output)]))


def _as(form: str, found: Bench, compared: Comparison | None) -> str:
    if form == "json":
        from bnncl.bench.results import json_text

        held = {} if compared is None else {"baseline": compared.as_json()}
        return json_text({**found.as_json(), **held})
    if form == "html":
        from bnncl.bench.page import page

        return page(found, compared)
    return _as_text(found, compared)


def _as_text(found: Bench, compared: Comparison | None) -> str:
    """The table, then what changed."""
    from bnncl.bench.table import COLUMNS, LEGEND, cells

    table = Table(box=None)
    for title, number in COLUMNS:
        table.add_column(title, justify="right" if number else "left")
    for row in found.rows:
        table.add_row(*cells(row))
    text = StringIO()
    Console(file=text, width=_WIDTH).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*lines, "", *LEGEND, "", *_findings(found, compared)]) + "\n"


def _findings(found: Bench, compared: Comparison | None) -> list[str]:
    from bnncl.bench.table import verdict

    lines = list(verdict(found, compared))
    if compared is not None:
        lines += [f"worse: {each}" for each in compared.regressions]
        lines += [f"better: {each}" for each in compared.improvements]
    return lines


@contextmanager
def _progress() -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("compiling", total=None)
        yield lambda done, of, what: bars.update(task, completed=done, total=of, description=what)

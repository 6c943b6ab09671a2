"""`bnncl simulate`: continual-learning experiments with the device's own arithmetic."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from bnncl.cli import values
from bnncl.cli.train import add_tail_options
from bnncl.driver.train_options import HEAD, OF_TAILS, Rounding, TrainOptions
from bnncl.learn.methods import BY_NAME, HEAD_METHODS, METHODS, TAIL_METHODS

if TYPE_CHECKING:
    from bnncl.learn.results import Results, Run
    from bnncl.learn.run import Progress
    from bnncl.learn.settings import Settings

NAME = "simulate"
HELP = "Learn new classes or new instances on real data, on the device's arithmetic and on float references."
PLOT_NAME = "accuracy.png"
_LOG = logging.getLogger(__name__)
_PIPED_WIDTH = 120


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--model", type=Path, required=True, metavar="model.pt", help="trained on the first classes"
    )
    parser.add_argument(
        "--data",
        default="digits",
        metavar="NAME|DATA.npz",
        help="digits (default), fashion_mnist, cifar10, cifar100, spoken_digits (in $BNNCL_DATA), or a file",
    )
    parser.add_argument(
        "--scenario", choices=("nc", "ni"), default="nc", help="new classes, or new instances"
    )
    parser.add_argument(
        "--methods",
        type=values.names,
        metavar="A,B,...",
        help=f"of {', '.join(method.name for method in METHODS)} (default: {', '.join(HEAD_METHODS)}; "
        f"with --train MODULE {', '.join(TAIL_METHODS)})",
    )
    parser.add_argument("--seeds", type=_seeds, default=(0, 1, 2), metavar="0,1,2", help="default 0,1,2")
    parser.add_argument("-o", "--output", type=Path, default=Path("simulation"), help="folder of the results")
    parser.add_argument("--no-plot", action="store_true", help=f"do not draw {PLOT_NAME}")
    _stream_options(parser.add_argument_group("stream"))
    _learning_options(parser.add_argument_group("learning"))
    add_tail_options(parser.add_argument_group("learning of more than the head (--train MODULE)"))


def _stream_options(group: Any) -> None:  # noqa: ANN401 - argparse does not name its type
    count = values.count
    group.add_argument("--at-once", type=count, default=1, metavar="N", help="classes in an experience (nc)")
    group.add_argument("--experiences", type=count, default=5, metavar="N", help="how many (ni, default 5)")
    group.add_argument(
        "--shuffle-classes", action="store_true", help="classes arrive in an order by seed (nc)"
    )
    group.add_argument("--experience", type=count, metavar="N", help="at most N samples in an experience")
    group.add_argument("--train-samples", type=count, metavar="N", help="use N of each class of the data")
    group.add_argument("--test-samples", type=count, metavar="N", help="use N of each class of the test data")


def _learning_options(group: Any) -> None:  # noqa: ANN401
    count = values.count
    group.add_argument(
        "--train",
        default=HEAD,
        metavar="head|MODULE",
        help="the last linear layer learns (default), or all that follows from the bits of a module",
    )
    group.add_argument(
        "--new-head", action="store_true", help="no class is known first: all that come are new"
    )
    group.add_argument("--replay", type=count, default=200, metavar="N", help="slots (default 200)")
    group.add_argument(
        "--replay-bits",
        type=int,
        choices=(1, 8, 7, 6),
        help="of a replayed value on the device (default 1 where a binary layer can be replayed, else 8); "
        "with a module and more than 1, of the numbers that its first sign reads",
    )
    group.add_argument(
        "--latents", type=int, choices=(1, 8, 32), default=1, help="bits of a replayed value in method cwr"
    )
    _compiled_options(group)
    group.add_argument(
        "--engine",
        choices=("c", "reference", "features"),
        default="c",
        help="generated C (default), Python, or Python on features computed once",
    )


def _compiled_options(group: Any) -> None:  # noqa: ANN401
    """Those of `bnncl compile`, with its defaults."""
    plain = TrainOptions()

    def bits(name: str, about: str, default: int) -> None:
        group.add_argument(
            name, type=int, default=default, metavar="BITS", help=f"{about} (default {default})"
        )

    bits("--qf", "forward copies, 2..8", plain.qf)
    bits("--qb", "weights, gradients", plain.qb)
    group.add_argument("--rounding", choices=get_args(Rounding), default=plain.rounding)
    group.add_argument(
        "--rate", type=float, help="learning rate (default: the compiler's own, 8 by the squares of features)"
    )
    new, replayed = plain.minibatch
    group.add_argument(
        "--minibatch",
        type=_minibatch,
        default=plain.minibatch,
        metavar="NEW:REPLAYED",
        help=f"samples of a step (default {new}:{replayed})",
    )
    group.add_argument(
        "--epochs",
        type=values.count,
        default=plain.epochs,
        metavar="N",
        help=f"over an experience (default {plain.epochs})",
    )


def run(args: argparse.Namespace) -> int:
    """Simulate, draw, and print the table."""
    settings = _settings(args)
    settings.check()
    from bnncl.learn.data import load
    from bnncl.learn.run import simulate

    data = load(args.data).limited(args.train_samples, args.test_samples)
    with _progress() as progress:
        results = simulate(settings, data, args.output, progress)
    if not args.no_plot:
        _draw(results, args.output / PLOT_NAME)
    if args.report == "json":
        print(json.dumps(results.as_json(), indent=2))
    else:
        _print_table(results, settings)
    return 0


def _settings(args: argparse.Namespace) -> Settings:
    from bnncl.learn.settings import Settings

    return Settings(
        model=args.model,
        data=args.data,
        scenario=args.scenario,
        methods=args.methods or (HEAD_METHODS if args.train == HEAD else TAIL_METHODS),
        seeds=args.seeds,
        at_once=args.at_once,
        experiences=args.experiences,
        shuffle_classes=args.shuffle_classes,
        most=args.experience,
        train_each=args.train_samples,
        test_each=args.test_samples,
        replay=args.replay,
        replay_bits=args.replay_bits,
        latents=args.latents,
        qf=args.qf,
        qb=args.qb,
        rounding=args.rounding,
        rate=args.rate,
        minibatch=args.minibatch,
        epochs=args.epochs,
        engine=args.engine,
        train=args.train,
        new_head=args.new_head,
        **{name: value for name in OF_TAILS if (value := getattr(args, name)) is not None},
    )


def _draw(results: Results, path: Path) -> None:
    try:
        from bnncl.learn.plot import draw
    except ModuleNotFoundError as error:
        _LOG.warning("no plot: %s (pip install matplotlib)", error)
        return
    draw(results, path)


def _print_table(results: Results, settings: Settings) -> None:
    from bnncl.learn.results import USED_RATE, USED_TAIL_RATE

    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    table = Table(
        "method", "latents", "latent bytes", "all classes %", "old %", "new %", "forgotten", box=None
    )
    for name in settings.methods:
        runs = [found for seed in settings.seeds if (found := results.find(name, seed)) is not None]
        if runs:
            memory = f"{runs[0].slots} x {runs[0].latent_bits} bit" if runs[0].slots else "-"
            cells = [_over_seeds(runs, key) for key in ("seen", "old", "new", "forgetting")]
            table.add_row(BY_NAME[name].title, memory, f"{runs[0].replay_bytes:,}", *cells)
    console.print(table)
    console.print(f"After the last experience; mean and standard deviation of seeds {settings.seeds}.")
    for name, about, given in (
        (USED_RATE, "Learning rate", settings.rate),
        (USED_TAIL_RATE, "Learning rate of the tail", settings.tail_rate),
    ):
        rate = results.settings.get(name)
        if rate is not None:
            chosen = "the compiler's own" if given is None else "as given"
            console.print(f"{about} {rate:.4g}, {chosen}.")
    speeds = _speeds(results, settings)
    if speeds:
        console.print(f"Samples trained on a second: {speeds}.")


def _speeds(results: Results, settings: Settings) -> str:
    """How fast tails learned here, each the mean of its seeds."""
    from statistics import fmean

    found = []
    for name in settings.methods:
        runs = [results.find(name, seed) for seed in settings.seeds]
        each = [run.trained_per_second for run in runs if run and run.trained_per_second is not None]
        if each:
            found.append(f"{name} {fmean(each):,.0f}")
    return ", ".join(found)


def _over_seeds(runs: list[Run], name: str) -> str:
    from statistics import fmean, stdev

    shares = [100 * share for run in runs if (share := getattr(run.rows[-1], name)) is not None]
    if not shares:
        return "-"
    return f"{fmean(shares):.1f}" + (f" ± {stdev(shares):.1f}" if len(shares) > 1 else "")


class _Bars:
    """Progress on a terminal: the bar of what is under way."""

    def __init__(self, bars: Bars) -> None:
        self._bars, self._task = bars, bars.add_task("", total=None, visible=False)

    def begin(self, title: str, total: int) -> None:
        """Start a bar in place of the last."""
        self._bars.reset(self._task, description=title, total=total, visible=True)

    def advance(self, steps: int) -> None:
        """Move it on."""
        self._bars.advance(self._task, steps)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Bars(*columns, *times, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)


def _seeds(text: str) -> tuple[int, ...]:
    return _whole(text, ",", "0,1,2")


def _minibatch(text: str) -> tuple[int, ...]:
    found = _whole(text, ":", "8:8")
    if len(found) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not NEW:REPLAYED such as 8:8")
    return found


def _whole(text: str, separator: str, example: str) -> tuple[int, ...]:
    parts: list[str] = text.split(separator)
    digits: Callable[[str], bool] = lambda part: part.isascii() and part.isdigit()  # noqa: E731
    if not all(digits(part.strip()) for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' does not look like {example}")
    return tuple(dict.fromkeys(int(part) for part in parts)) if separator == "," else tuple(map(int, parts))

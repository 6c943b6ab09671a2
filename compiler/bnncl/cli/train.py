"""The options of `bnncl compile` for learning on the device."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from bnncl.cli import values
from bnncl.driver.train_options import Abort, Rounding, TrainOptions


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options; what is not given keeps the default of `TrainOptions`."""
    plain = TrainOptions()
    group = parser.add_argument_group("learning on the device")
    group.add_argument("--train", choices=("head",), help="let the last linear layer go on learning")

    def number(name: str, about: str, default: object) -> None:
        group.add_argument(f"--{name}", type=int, metavar="N", help=f"{about} (default {default})")

    number("replay", "slots of the replay memory", plain.replay)
    group.add_argument(
        "--replay-bits",
        type=int,
        choices=(1, 8, 7, 6),
        help="bits of a number in it (default 1 where a binary layer can be replayed, else 8)",
    )
    number("max-classes", "room for classes", "those of the model")
    number("experience", "new samples between two commits, at most", plain.experience)
    number("epochs", "rounds over the new samples", plain.epochs)
    number("qf", "bits of weights and features when scoring, 2..8", plain.qf)
    number("qb", "bits of stored weights and of gradients, up to 16", plain.qb)
    group.add_argument(
        "--rounding", choices=get_args(Rounding), help=f"of updates (default {plain.rounding})"
    )
    group.add_argument(
        "--rate", type=float, metavar="R", help="learning rate (default: 8 by the squares of features)"
    )
    _rest(group, plain)


def _rest(group: Any, plain: TrainOptions) -> None:  # noqa: ANN401 - argparse does not name its type
    new, replayed = plain.minibatch
    group.add_argument(
        "--minibatch",
        type=values.pair,
        metavar="NEW:REPLAY",
        help=f"new and replayed samples of a step (default {new}:{replayed})",
    )
    group.add_argument(
        "--abort",
        choices=get_args(Abort),
        help="no effect now: training works on a head of its own, so that an abort needs no copy "
        f"(default {plain.abort})",
    )
    group.add_argument(
        "--replay-init", type=Path, metavar="DATA.npz", help="arrays x and y to fill the replay memory with"
    )


def chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The fields of `TrainOptions` that were given."""
    given = {name: getattr(args, name) for name in vars(TrainOptions())}
    return {name: value for name, value in given.items() if value is not None}

"""The options of `bnncl compile` for learning on the device."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from bnncl.cli import values
from bnncl.driver.train_options import Abort, GradientScale, LatentRule, Rounding, Ste, TrainOptions


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options; what is not given keeps the default of `TrainOptions`."""
    plain = TrainOptions()
    group = parser.add_argument_group("learning on the device")
    group.add_argument(
        "--train",
        metavar="head|MODULE",
        help="let the last linear layer go on learning, or all that follows from the bits of a module",
    )

    def number(name: str, about: str, default: object) -> None:
        group.add_argument(f"--{name}", type=int, metavar="N", help=f"{about} (default {default})")

    number("replay", "slots of the replay memory", plain.replay)
    group.add_argument(
        "--replay-bits",
        type=int,
        choices=(1, 8, 7, 6),
        help="bits of a number in it (default 1 where a binary layer can be replayed, else 8); with a "
        "module and more than 1, of the numbers that its first sign reads",
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
    add_tail_options(parser.add_argument_group("learning of more than the head (--train MODULE)"))


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
        help="what an abort goes back to: a copy of the tail's latent weights in RAM, or what storage holds "
        f"(default {plain.abort}; without a tail no copy is needed)",
    )
    group.add_argument(
        "--new-head", action="store_true", default=None, help="no class is known first (with --max-classes)"
    )
    group.add_argument(
        "--replay-init", type=Path, metavar="DATA.npz", help="arrays x and y to fill the replay memory with"
    )


def add_tail_options(group: Any) -> None:  # noqa: ANN401 - argparse does not name its type
    """Declare those that count only where more than the head learns."""
    plain = TrainOptions()
    group.add_argument("--tail-rate", type=float, metavar="R", help="learning rate of all but the head")
    group.add_argument(
        "--filter-rate",
        type=float,
        metavar="R",
        help="learning rate of latent weights (default: --tail-rate)",
    )
    group.add_argument("--qw", type=int, choices=(8, 16), help=f"bits of latent weights (default {plain.qw})")
    group.add_argument("--ste", choices=get_args(Ste), help=f"gradient of a sign (default {plain.ste})")
    group.add_argument(
        "--latent-rule",
        choices=get_args(LatentRule),
        help=f"what of a latent weight lasts from step to step (default {plain.latent_rule})",
    )
    group.add_argument(
        "--accumulate",
        type=values.accumulate,
        metavar="full|8",
        help="update after a minibatch, or after every 8 samples (default full)",
    )
    group.add_argument(
        "--gradient-scale",
        choices=get_args(GradientScale),
        help=f"exponents of gradients: by sample, or calibrated (default {plain.gradient_scale})",
    )


def chosen(args: argparse.Namespace) -> dict[str, Any]:
    """The fields of `TrainOptions` that were given."""
    given = {name: getattr(args, name) for name in vars(TrainOptions())}
    return {name: value for name, value in given.items() if value is not None}

"""What a user can ask of a compilation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

import numpy as np

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.driver.forms import form_problems
from bnncl.driver.train_options import TrainOptions
from bnncl.ir.op import Array
from bnncl.kernels.selection import Preference, Timing
from bnncl.passes.input_format import InputFormat, stated
from bnncl.targets import Board, Target, board, target

_T = TypeVar("_T")
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg
        stdbool stddef stdint stdio stdlib string tgmath time wchar wctype
        asm auto bnncl bool break case char const continue default do double else enum extern float for goto
        if inline int long main register restrict return short signed sizeof static struct switch typedef
        union unsigned void volatile while""",
    )
)
"""Words of C, and headers of its library, whose names a model's header would take."""


@dataclass(frozen=True)
class InputMap:
    """The stored input as a user states it: int8 or uint8, real = scale[c] * q + offset[c]."""

    signed: bool
    scale: tuple[float, ...]
    offset: tuple[float, ...]


@dataclass(frozen=True)
class Options(TrainOptions):
    """Settings of one compilation, checked by `resolve`; sizes in bytes, widths in bits.

    `known_counts`, one for each class of the model, are the samples that its head was learned from, where
    neither `replay_init` nor the labels of the calibration data shall say so.
    """

    targets: tuple[str, ...] = ("cortex-m7",)
    boards: tuple[str, ...] = ()
    name: str = "model"
    ram: int | None = None
    flash: int | None = None
    input_range: tuple[float, float] = (-1.0, 1.0)
    input_map: InputMap | None = None
    first_bits: int = 16
    real_bits: int = 16
    kernels: Preference = "auto"
    scratch_limit: int | None = None
    timing: Timing = "typical"
    pure_c: bool = False
    require_calibration: bool = False
    labels: tuple[str, ...] = ()
    emit: tuple[str, ...] = ()
    known_counts: tuple[int, ...] = ()

    def resolve(self) -> tuple[tuple[Target, ...], tuple[Board, ...]]:
        """Targets and boards by name; raises UsageError with every problem of these options."""
        problems = Collector()
        if not self.targets:
            problems.add(Problem("unknown-target", "no target is named", "--target"))
        targets = _looked_up(self.targets, target, problems)
        boards = _looked_up(self.boards, board, problems)
        problems.extend(self._problems())
        for each in boards:
            if targets and each.target not in [one.name for one in targets]:
                problems.add(
                    Problem(
                        "board-of-other-target",
                        f"board {each.id} has a {each.target}, which is not among the targets",
                        "--board",
                        hint=f"Add --target {each.target}.",
                    )
                )
        problems.raise_as(UsageError)
        chosen = tuple(each.portable() if self.pure_c else each for each in targets)
        if self.timing == "constant":
            chosen = tuple(each.constant_time() for each in chosen)
        return chosen, tuple(boards)

    def _problems(self) -> list[Problem]:
        found = []
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name) or self.name in _TAKEN:
            why = "It becomes part of C names: lower-case letters, digits and _, starting with a letter."
            found.append(Problem("bad-name", f"'{self.name}' cannot name a model", "--name", why))
        low, high = self.input_range
        if not (np.isfinite([low, high]).all() and low < high):
            found.append(Problem("bad-input-range", f"{low}:{high} is not an interval", "--input-range"))
        for option, bits in (("--first-bits", self.first_bits), ("--real-bits", self.real_bits)):
            if bits not in (8, 16):
                found.append(Problem("bad-width", f"{bits} bits are not supported, 8 and 16 are", option))
        for option, limit in (
            ("--ram", self.ram),
            ("--flash", self.flash),
            ("--scratch-limit", self.scratch_limit),
        ):
            if limit is not None and limit < 0:
                found.append(Problem("bad-limit", f"{limit} bytes are fewer than none", option))
        if self.kernels not in get_args(Preference):
            found.append(
                Problem("bad-kernels", f"'{self.kernels}' is none of auto, xnor, vertical", "--kernels")
            )
        if self.timing not in get_args(Timing):
            known = ", ".join(get_args(Timing))
            found.append(Problem("bad-timing", f"'{self.timing}' is none of {known}", "timing"))
        return [*found, *form_problems(self.name, self.emit), *self.train_problems()]

    def check_labels(self, classes: int) -> None:
        """Raise UsageError (`bad-class-names`) where there are names, but not one for each class."""
        if self.labels and len(self.labels) != classes:
            raise UsageError(
                Problem(
                    "bad-class-names",
                    f"{len(self.labels)} names for {classes} classes",
                    "--class-names",
                    hint="Give one name for each output of the model, in order: --class-names cat,dog",
                )
            )

    def stated_format(self, channels: int) -> InputFormat | None:
        """The input format stated by the user for `channels` channels, if any."""
        if self.input_map is None:
            return None
        scale, offset = np.array(self.input_map.scale, float), np.array(self.input_map.offset, float)
        fits = all(part.size in (1, channels) and np.isfinite(part).all() for part in (scale, offset))
        if not fits or not (scale > 0).all():
            raise UsageError(
                Problem(
                    "bad-input-map",
                    f"{scale.size} scales and {offset.size} offsets do not describe {channels} channels",
                    "--input-map",
                    "There must be one positive scale and one offset, or one of each for every channel.",
                    "For pixels k/255: --input-map uint8:0.00392156862745098:0",
                )
            )
        return stated(scale, offset, signed=self.input_map.signed)

    def settings(self) -> tuple[tuple[str, str], ...]:
        """Everything that shaped the numbers, as it is listed in the generated header."""
        low, high = self.input_range
        return (
            ("targets", ",".join(self.targets)),
            ("boards", ",".join(self.boards) or "none"),
            ("input range without calibration", f"{low:g}:{high:g}"),
            ("first filter bits", str(self.first_bits)),
            ("real path bits", str(self.real_bits)),
            ("kernels", self.kernels),
            ("scratch limit", "none" if self.scratch_limit is None else str(self.scratch_limit)),
            *((("timing", self.timing),) if self.timing != "typical" else ()),
            *((("pure C", "yes"),) if self.pure_c else ()),
            *self.train_settings(),
        )


def _looked_up(names: Sequence[str], find: Callable[[str], _T], problems: Collector) -> list[_T]:
    found: list[_T] = []
    for name in dict.fromkeys(names):
        try:
            found.append(find(name))
        except UsageError as error:
            problems.extend(error.problems)
    return found


def as_identifier(stem: str) -> str:
    """A model name made from the stem of a file."""
    name = re.sub(r"[^a-z0-9_]+", "_", stem.lower()).strip("_") or "model"
    name = name if name[0].isalpha() else f"model_{name}"
    return f"{name}_net" if name in _TAKEN else name


def top_class(scores: Array) -> Array:
    """The class with the largest score of each sample, the first one on a tie."""
    return np.asarray(scores.reshape(len(scores), -1).argmax(1))

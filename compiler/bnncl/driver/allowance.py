"""What a given RAM allows: for each place where the replay cut can be, bytes by part, and replay slots."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from bnncl.diagnostics import UnsupportedModel, UsageError
from bnncl.driver.options import Options
from bnncl.driver.pipeline import compile_model
from bnncl.driver.train_options import HEAD
from bnncl.frontend.model import ModelSource, open_model
from bnncl.ir.types import Binary
from bnncl.ops.conv import BinaryConv
from bnncl.plan import Report

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowance:
    """One value of `--train`: bytes of RAM by part without replays, and how many slots the rest holds.

    `slots` is below 0 where even no slot fits: minus the bytes that are missing. `learned` counts latent
    weights and parameters beside the head.
    """

    train: str
    cut: str
    learned: int
    inference_bytes: int
    weight_bytes: int
    kept_bytes: int
    gradient_bytes: int
    cache_bytes: int
    arena_bytes: int
    head_bytes: int
    experience_bytes: int
    other_bytes: int
    total_bytes: int
    slot_bytes: int
    slots: int

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def allowances(source: ModelSource, options: Options, ram: int) -> tuple[Allowance, ...]:
    """What fits into `ram` bytes, from the head alone to the earliest cut that can be.

    Options count as given, but for those of the replay memory. Of modules with one cut the outermost stands
    for all. Raises what opening the model raises.
    """
    plain = replace(options, replay=0, replay_init=None, ram=None, flash=None, boards=())
    found: dict[str, Allowance] = {}
    for train in (HEAD, *_modules(source)):
        try:
            report = compile_model(source, replace(plain, train=train)).report
        except (UnsupportedModel, UsageError) as error:
            if train == HEAD:
                raise
            _LOG.info("no cut before %s: %s", train, error.problems[0].message)
            continue
        each = _allowance(train, report, ram)
        found.setdefault(HEAD if train == HEAD else each.cut, each)
    head, *tails = found.values()
    return (head, *reversed(tails))


def _modules(source: ModelSource) -> Iterator[str]:
    """Paths of modules that compute binary convolutions, and of those that hold them, in order."""
    graph = open_model(source).graph
    paths: dict[str, None] = {}
    for op in graph.ops:
        if isinstance(op, BinaryConv) and isinstance(graph.type_of(op.x).domain, Binary):
            parts = op.module.split(".")
            paths.update(dict.fromkeys(".".join(parts[: count + 1]) for count in range(len(parts))))
    return iter(paths)


def _allowance(train: str, report: Report, ram: int) -> Allowance:
    parts = report.learning
    assert parts is not None
    inference = report.context_bytes + report.workspace_bytes
    total = inference + parts.state_bytes - parts.replay_bytes
    left = ram - total
    return Allowance(
        train=train,
        cut=parts.cut,
        learned=parts.weights,
        inference_bytes=inference,
        weight_bytes=parts.weight_bytes,
        kept_bytes=parts.abort_bytes,
        gradient_bytes=parts.gradient_bytes,
        cache_bytes=parts.cache_bytes,
        arena_bytes=parts.arena_bytes,
        head_bytes=parts.head_bytes,
        experience_bytes=parts.experience_bytes,
        other_bytes=parts.batch_bytes + parts.counter_bytes,
        total_bytes=total,
        slot_bytes=parts.slot_bytes,
        slots=left // parts.slot_bytes if left >= 0 else left,
    )

"""What a given RAM allows: for each place where the replay cut can be, bytes by part, and replay slots."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from bnncl.diagnostics import UnsupportedModel, UsageError
from bnncl.driver.options import Options
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project
from bnncl.driver.real_head import separate
from bnncl.driver.tail_cut import cut_before, taken_off
from bnncl.driver.train_options import HEAD, OF_TAILS, TrainOptions
from bnncl.frontend.model import ModelSource, open_model
from bnncl.ir.types import Binary
from bnncl.ops.conv import BinaryConv
from bnncl.plan import Report

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowance:
    """One value of `--train`: bytes of RAM by part without replays, and how many slots the rest holds.

    `slots` is below 0 where even no slot fits: minus the bytes that are missing. `learned` counts latent
    weights and parameters beside the head. `other_total` is the total with `other_accumulate` samples between
    two updates (0: a minibatch); that of the head alone is the same.
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
    other_accumulate: int
    other_total: int

    def as_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def allowances(source: ModelSource, options: Options, ram: int) -> tuple[Allowance, ...]:
    """What fits into `ram` bytes, from the head alone to the earliest cut that can be.

    Options count as given, but for those of the replay memory. Of modules with one cut the outermost stands
    for all. Raises what opening the model raises.
    """
    plain = replace(options, replay=0, replay_init=None, ram=None, flash=None, boards=())
    of_tails = {name: getattr(TrainOptions(), name) for name in OF_TAILS}
    head = _allowance(HEAD, _with_head(source, replace(plain, train=HEAD, **of_tails)).report, ram)
    tails = [
        _allowance(train, compile_model(source, replace(plain, train=train)).report, ram)
        for train in _outermost(source, plain)
    ]
    return (head, *reversed(tails))


def _with_head(source: ModelSource, options: Options) -> Project:
    """The model whose head alone learns; its latents are bits where that is all that the head reads."""
    try:
        return compile_model(source, options)
    except UsageError as error:
        if any(problem.slug != "latents-are-bits" for problem in error.problems):
            raise
        _LOG.info("head: %s", error.problems[0].message)
        return compile_model(source, replace(options, replay_bits=None))


def _outermost(source: ModelSource, options: Options) -> Iterator[str]:
    """Paths of modules that a cut can be put before, one for each cut, from the input on."""
    found: set[str] = set()
    for train in _modules(source):
        try:
            model = open_model(source, train)
            before, _ = separate(model.graph)
            assert model.calibration is not None, "the head alone was compiled before"
            names = {"head": taken_off(model.graph, before), "modules": model.modules}
            numbers = options.number_bits is not None
            cut = cut_before(before, train, model.calibration[:1], **names, numbers=numbers).cut
        except (UnsupportedModel, UsageError) as error:
            _LOG.info("no cut before %s: %s", train, error.problems[0].message)
            continue
        if cut not in found:
            found.add(cut)
            yield train


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
        other_accumulate=parts.other_accumulate,
        other_total=total + (parts.other_state_bytes - parts.state_bytes if parts.weights else 0),
    )

"""Holds the learning of a generated project against the reference, call by call."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.interp.head import Phase, Refused
from bnncl.interp.learner import Learner
from bnncl.ir.op import Array
from bnncl.kernels.learned_head import head_of
from bnncl.ops.learned_head import HeadConfig
from bnncl.targets import Target
from bnncl.verification.harness import Sources
from bnncl.verification.opened import Opened, open_project
from bnncl.verification.train_harness import INFER_EVERY, Answer, Call, Script, answers, state_after

MINIBATCHES = 200
_MOST_SAMPLES = 48
_SEED = 20_241


@dataclass(frozen=True)
class TrainVerification:
    """What was compared: calls, minibatches, and how much of the state they changed.

    `findings` is empty where C and reference are equal after every call. `changed_bytes` of
    `head_bytes` of the consolidated rows are others than at first; `new_classes` were learned,
    `consolidations` made, `replaced` slots of the replay memory hold something else than once before.
    """

    environment: str
    findings: tuple[str, ...]
    calls: int
    minibatches: int
    changed_bytes: int
    head_bytes: int
    new_classes: int
    consolidations: int
    replaced: int

    @property
    def passed(self) -> bool:
        """Whether all is equal."""
        return not self.findings


@dataclass(frozen=True)
class _Reference:
    answers: tuple[Answer, ...]
    minibatches: int
    changed_bytes: int
    head_bytes: int
    new_classes: int
    consolidations: int
    replaced: int


def verify_training(
    folder: Path, target: Target, inputs: Array, labels: Array | None, minibatches: int = MINIBATCHES
) -> TrainVerification:
    """Learn in Python and in C from stored `inputs` (S, H, W, C) and `labels` (S,), random ones if None.

    UsageError (`not-learning`) where the project was compiled without --train, (`labels-range`) for labels
    that there is no room for.
    """
    project = open_project(folder)
    config = _config(project)
    inputs = inputs[:_MOST_SAMPLES]
    classes = _labels(labels, len(inputs), config)
    calls = tuple(program(config, classes, minibatches))
    wanted = _reference(project, inputs, calls)
    sources = Sources(folder, project.name, len(project.graph.ops))
    flat = inputs.reshape(len(inputs), -1)
    got = answers(sources, target, Script(flat, calls, _SEED))
    findings = []
    pairs = zip(wanted.answers, got, strict=True)
    at = next((index for index, (one, other) in enumerate(pairs) if one != other), None)
    if at is not None:
        state = state_after(sources, target, Script(flat, calls[: at + 1], _SEED))
        findings.append(_difference(project, inputs, calls[: at + 1], (wanted.answers[at], got[at]), state))
    return TrainVerification(
        target.pio_env,
        tuple(findings),
        len(calls),
        wanted.minibatches,
        wanted.changed_bytes,
        wanted.head_bytes,
        wanted.new_classes,
        wanted.consolidations,
        wanted.replaced,
    )


def program(config: HeadConfig, labels: Array, minibatches: int) -> Iterator[Call]:
    """Calls that commit at least `minibatches` minibatches, with aborts and refused calls among them."""
    rng = random.Random(_SEED)
    trained = experience = 0
    while trained < minibatches:
        yield Call("begin")
        offered = rng.randint(1, min(config.experience, 6 * config.new_per_step))
        for _ in range(offered):
            number = rng.randrange(len(labels))
            yield Call("sample", number, int(labels[number]))
        yield Call("sample", 0, config.max_classes)
        batches = -(-offered // config.new_per_step) * config.epochs
        units = batches * (config.batch + config.max_classes)
        given_up = experience % 5 == 4
        work = rng.randint(1, units) if given_up else units
        while work > 0:
            budget = min(work, rng.choice((1, 7, config.batch, 3 * (config.batch + config.max_classes))))
            yield Call("step", budget)
            work -= budget
        yield from (Call("sample", 0, 0), Call("step", 0), Call("begin"))
        yield Call("abort" if given_up else "commit")
        trained += 0 if given_up else batches
        experience += 1
    yield Call("commit")


def _config(project: Opened) -> HeadConfig:
    head = head_of(project.graph)
    if head is None:
        message, hint = "the project was compiled without learning", "Compile it with --train head."
        raise UsageError(Problem("not-learning", message, str(project.folder), hint=hint))
    return head.config


def _labels(given: Array | None, count: int, config: HeadConfig) -> Array:
    if given is None:
        return np.random.Generator(np.random.PCG64(_SEED)).integers(0, config.max_classes, count)
    labels = given[:count]
    if labels.min() < 0 or labels.max() >= config.max_classes:
        message = f"labels {labels.min()}..{labels.max()}, and there is room for {config.max_classes} classes"
        raise UsageError(Problem("labels-range", message, "--data"))
    return labels


def _reference(project: Opened, inputs: Array, calls: tuple[Call, ...]) -> _Reference:
    device = Learner(project.graph, _SEED)
    rows, known = device.head.cw.copy(), device.head.known().copy()
    latents = device.latents(inputs)
    found, commits, replaced = [], 0, 0
    for index, call in enumerate(calls):
        before = device.head.replay.latents.copy() if call.what == "commit" else None
        slots = device.head.replay.stored
        status, done = _do(device, call, latents)
        if before is not None and status == "OK":
            commits += 1
            replaced += int((device.head.replay.latents[:slots] != before[:slots]).any(1).sum())
        scores: tuple[int, ...] = ()
        if index % INFER_EVERY == 0:
            sample = inputs[index % len(inputs)]
            scores = tuple(int(score) for score in device.infer(sample[None])[0])
        found.append(Answer(status, done, zlib.crc32(device.head.canonical()), scores))
    changed = device.head.cw.astype("<i2").view(np.uint8) != rows.astype("<i2").view(np.uint8)
    return _Reference(
        tuple(found),
        device.head.steps,
        int(changed.sum()),
        changed.size,
        int((device.head.known() & ~known).sum()),
        commits,
        replaced,
    )


def _do(device: Learner, call: Call, latents: Array) -> tuple[str, bool]:
    """Make one call; its status, and whether all is done."""
    head = device.head
    try:
        if call.what == "sample":
            head.sample(latents[call.number], call.label)
        elif call.what == "step":
            return "OK", head.step(call.number)
        else:
            {"begin": head.begin, "commit": head.commit, "abort": head.abort}[call.what]()
    except Refused as refused:
        return refused.status, False
    return "OK", False


def _difference(
    project: Opened, inputs: Array, calls: tuple[Call, ...], answers_: tuple[Answer, Answer], state: bytes
) -> str:
    device = Learner(project.graph, _SEED)
    latents = device.latents(inputs)
    for call in calls:
        _do(device, call, latents)
    wanted, got = answers_
    where = f"call {len(calls) - 1}, {calls[-1]}, minibatch {device.head.steps}"
    if (wanted.status, wanted.done) != (got.status, got.done):
        return f"{where}: expected {wanted.status}, done {wanted.done}; was {got.status}, done {got.done}"
    if wanted.crc == got.crc:
        return f"{where}: the scores after it: expected {wanted.scores} was {got.scores}"
    return f"{where}: {_field(device, state)}"


def _field(device: Learner, state: bytes) -> str:
    """The first field of the canonical state that differs."""
    expected = device.head.canonical()
    octets = zip(expected, state, strict=False)
    at = next((i for i, (one, other) in enumerate(octets) if one != other), min(len(expected), len(state)))
    start = 0
    for name, size, count in fields(device):
        if at < start + size * count:
            index = (at - start) // size
            one, other = (
                int.from_bytes(each[start + index * size :][:size], "little") for each in (expected, state)
            )
            return f"{name}[{index}]: expected {one:#x} was {other:#x}"
        start += size * count
    return f"{len(expected)} bytes of state, not {len(state)}"


def fields(device: Learner) -> tuple[tuple[str, int, int], ...]:
    """The fields of the canonical state in order: name, bytes of an element, elements."""
    head, config = device.head, device.head.config
    weights, count, stored = config.max_classes * config.features, head.count, head.replay.stored
    found = [(name, 4, 1) for name in ("phase", "steps", "epoch", "batch", "item", "count")]
    found += [("past", 4, config.max_classes), ("cw", 2, weights), ("stored", 4, 1)]
    found += [("met", 4, config.max_classes), ("replay_labels", 2, stored)]
    found += [("replay_latents", 1, stored * config.latent_bytes)]
    if head.phase is not Phase.IDLE:
        found += [("labels", 2, count), ("latents", 1, count * config.latent_bytes)]
    if head.phase > Phase.OPEN:
        found.append(("tw", 2, weights))
    return tuple(found)

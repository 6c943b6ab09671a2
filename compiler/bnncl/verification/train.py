"""Holds the learning of a generated project against the reference, call by call."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.emit.tail_view import goes_back
from bnncl.interp.counting import CountingHead
from bnncl.interp.head import Refused
from bnncl.interp.learner import Learner
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.kernels.learned_head import head_of, parts
from bnncl.ops.learned_head import HeadConfig
from bnncl.plan.learning import units_of_a_minibatch
from bnncl.targets import Target
from bnncl.verification.harness import Sources
from bnncl.verification.opened import Opened, open_project
from bnncl.verification.tail_arrays import first_sign, signs_of, tail_arrays, trained_bytes
from bnncl.verification.train_fields import first_difference
from bnncl.verification.train_harness import INFER_EVERY, Answer, Call, Script, answers, state_after

MINIBATCHES = 200
_MOST_SAMPLES = 48
_SEED = 20_241


@dataclass(frozen=True)
class TrainVerification:
    """What was compared: calls, minibatches, and what happened in them.

    `findings` is empty where C and reference are equal after every call. `changed_bytes` of
    `head_bytes` of the consolidated rows are others than at first, and `changed_weight_bytes` of
    `weight_bytes` of a tail. The other numbers are those of `interp.counting.Counts`, and from `flips` on of
    `TailCounts`, 0 where only a head learns.
    """

    environment: str
    findings: tuple[str, ...]
    calls: int
    minibatches: int
    commits: int
    new_classes: int
    consolidations: int
    saturations: int
    round_ups: int
    replacements: int
    evictions: int
    changed_bytes: int
    head_bytes: int
    flips: int = 0
    weight_saturations: int = 0
    weight_round_ups: int = 0
    gradient_saturations: int = 0
    changed_weight_bytes: int = 0
    weight_bytes: int = 0

    @property
    def passed(self) -> bool:
        """Whether all is equal."""
        return not self.findings


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A program of calls with what the reference answers to each, to hold C against on any target."""

    project: Opened
    inputs: Array
    calls: tuple[Call, ...]
    answers: tuple[Answer, ...]
    numbers: Mapping[str, int]

    def on(self, target: Target) -> TrainVerification:
        """Make the same calls in C, on `target`."""
        sources = Sources(self.project.folder, self.project.name, len(self.project.graph.ops))
        got = answers(sources, target, self._script(len(self.calls)))
        pairs = zip(self.answers, got, strict=True)
        at = next((index for index, (one, other) in enumerate(pairs) if one != other), None)
        findings = () if at is None else (self._finding(sources, target, at, got[at]),)
        return TrainVerification(target.pio_env, findings, len(self.calls), **self.numbers)

    def _script(self, calls: int) -> Script:
        flat = self.inputs.reshape(len(self.inputs), -1)
        return Script(tail_arrays(self.project.program), flat, self.calls[:calls], _SEED)

    def _finding(self, sources: Sources, target: Target, at: int, got: Answer) -> str:
        """What differs after call `at`."""
        device = Learner(self.project.program, _SEED)
        latents = device.latents(self.inputs)
        for call in self.calls[: at + 1]:
            _do(device, call, latents)
        wanted = self.answers[at]
        where = f"call {at}, {self.calls[at]}, minibatch {device.head.steps}"
        if (wanted.status, wanted.done) != (got.status, got.done):
            return f"{where}: expected {wanted.status}, done {wanted.done}; was {got.status}, done {got.done}"
        if (wanted.crc, wanted.caches) == (got.crc, got.caches):
            return f"{where}: the scores after it: expected {wanted.scores} was {got.scores}"
        state, signs = state_after(sources, target, self._script(at + 1))
        if wanted.crc == got.crc:
            return f"{where}: {first_sign(device, signs)}"
        return f"{where}: {first_difference(device.head, state)}"


def verify_training(
    folder: Path, target: Target, inputs: Array, labels: Array | None, minibatches: int = MINIBATCHES
) -> TrainVerification:
    """`rehearse`, then learn in C on `target`."""
    return rehearse(folder, inputs, labels, minibatches).on(target)


def rehearse(folder: Path, inputs: Array, labels: Array | None, minibatches: int = MINIBATCHES) -> Rehearsal:
    """Learn in Python from stored `inputs` (S, H, W, C) and `labels` (S,), random ones if None.

    UsageError (`not-learning`) where the project was compiled without --train, (`labels-range`) for labels
    that there is no room for.
    """
    project = open_project(folder)
    config = _config(project)
    inputs = inputs[:_MOST_SAMPLES]
    classes = _labels(labels, len(inputs), config)
    calls = tuple(program(project.program, classes, minibatches))
    device = Learner(project.program, _SEED, counted=True)
    head = device.head
    assert isinstance(head, CountingHead)
    before = head.cw.astype("<i2").view(np.uint8), trained_bytes(device)
    found = reference_answers(device, inputs, calls)
    changed = head.cw.astype("<i2").view(np.uint8) != before[0]
    changed_weights = trained_bytes(device) != before[1]
    numbers = {
        "minibatches": head.steps,
        **asdict(head.counts),
        "changed_bytes": int(changed.sum()),
        "head_bytes": changed.size,
        "changed_weight_bytes": int(changed_weights.sum()),
        "weight_bytes": changed_weights.size,
    }
    return Rehearsal(project, inputs, calls, found, numbers)


def program(learned: Program, labels: Array, minibatches: int) -> Iterator[Call]:
    """Calls that commit at least `minibatches` minibatches, with aborts and refused calls among them.

    Samples are drawn from `labels` (S,). Each experience knows one class more than the one before, and brings
    that one and up to three others. Nothing is given up once steps have begun where that could not be undone.
    """
    rng = random.Random(_SEED)
    config, units_of_one = parts(learned.graphs[0]).head.config, units_of_a_minibatch(learned)
    undone = goes_back(learned.states)
    trained = experience = 0
    while trained < minibatches:
        yield Call("begin")
        offered = rng.randint(1, min(config.experience, 6 * config.new_per_step))
        brought = _brought(rng, labels, experience)
        for _ in range(offered):
            number = rng.choice(brought)
            yield Call("sample", number, int(labels[number]))
        yield Call("sample", 0, config.max_classes)
        batches = -(-offered // config.new_per_step) * config.epochs
        units = batches * units_of_one
        given_up = experience % 5 == 4
        work = rng.randint(1, units) * undone if given_up else units
        while work > 0:
            budget = min(work, rng.choice((1, 7, config.batch, 3 * units_of_one)))
            yield Call("step", budget)
            work -= budget
        yield from (Call("sample", 0, 0), Call("step", 0), Call("begin"))
        yield Call("abort" if given_up else "commit")
        trained += 0 if given_up else batches
        experience += 1
    yield Call("commit")
    if not undone:
        yield from (Call("begin"), Call("sample", 0, int(labels[0])), Call("step", 1), Call("abort"))
        yield from (Call("begin"), Call("sample", 0, 0), Call("step", 1), Call("commit"), Call("abort"))


def _brought(rng: random.Random, labels: Array, experience: int) -> list[int]:
    """The samples that an experience draws from."""
    classes = np.unique(labels).tolist()
    newest = min(experience, len(classes) - 1)
    others = rng.sample(classes[: newest + 1], rng.randint(0, min(3, newest)))
    return np.flatnonzero(np.isin(labels, [classes[newest], *others])).tolist()


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


def reference_answers(device: Learner, inputs: Array, calls: Sequence[Call]) -> tuple[Answer, ...]:
    """What `device` answers to `calls` on samples `inputs` (S, H, W, C)."""
    latents = device.latents(inputs)
    found = []
    for index, call in enumerate(calls):
        status, done = _do(device, call, latents)
        scores: tuple[int, ...] = ()
        if index % INFER_EVERY == 0:
            sample = inputs[index % len(inputs)]
            scores = tuple(int(score) for score in device.infer(sample[None])[0])
        sums = zlib.crc32(device.head.canonical()), zlib.crc32(signs_of(device))
        found.append(Answer(status, done, *sums, scores))
    return tuple(found)


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

"""Runs every method with every seed over the same streams, and keeps what was found."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project
from bnncl.frontend.model import ModelSource, open_model
from bnncl.learn.backbone import Backbone, Computed
from bnncl.learn.baselines import CwrStar, FineTuning, Joint, Recipe
from bnncl.learn.batched import FeatureEngine
from bnncl.learn.data import DataSet
from bnncl.learn.engine import CEngine, Engine, ReferenceEngine
from bnncl.learn.methods import Method
from bnncl.learn.metrics import Shares, by_class, summarise
from bnncl.learn.results import USED_RATE, Results, Row, Run, resume
from bnncl.learn.samples import Samples
from bnncl.learn.scenarios import Stream, class_incremental, new_instances
from bnncl.learn.settings import Settings

_LOG = logging.getLogger(__name__)


class Progress(Protocol):
    """Who is told how far a simulation is."""

    def begin(self, title: str, total: int) -> None:
        """Something begins that takes `total` steps."""

    def advance(self, steps: int) -> None:
        """So many steps are done."""


class Silent:
    """A progress that nobody looks at."""

    def begin(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""


def simulate(
    settings: Settings,
    data: DataSet,
    folder: Path,
    progress: Progress | None = None,
    computed: Computed | None = None,
) -> Results:
    """Every method with every seed, those that `folder` already holds left out; written after each.

    Features that are in `computed` are not computed again, and others are added to it.
    Raises UsageError for wrong settings, and what compiling raises.
    """
    methods = settings.check()
    told = progress or Silent()
    results = resume(folder, settings.as_json() | {"data_sha256": data.sha256()} | _model(settings))
    wanted = [(method, seed) for method in methods for seed in settings.seeds]
    missing = [(method, seed) for method, seed in wanted if results.find(method.name, seed) is None]
    if not missing:
        _LOG.info("nothing is missing in %s", folder)
        return results
    bench = prepare(settings, data, told, computed)
    results = resume(folder, {**results.settings, USED_RATE: bench.rate})
    told.begin("learning", sum(len(bench.streams[seed].experiences) for _, seed in missing))
    for method, seed in missing:
        results = results.with_run(bench.run(method, seed, told))
        results.write(folder)
    return results


def _model(settings: Settings) -> dict[str, str]:
    return {"model_sha256": open_model(ModelSource(settings.model)).sha256}


@dataclass(eq=False)
class Bench:
    """What all runs share: samples behind one backbone, streams by seed, and compiled projects."""

    settings: Settings
    data: DataSet
    project: Project
    backbone: Backbone
    streams: dict[int, Stream]
    train: Samples
    test: Samples
    known: Samples
    _engines: dict[bool, CEngine] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """The learning rate of all methods: that of the settings, or that of the compiled head."""
        return self.backbone.rate if self.settings.rate is None else self.settings.rate

    def run(self, method: Method, seed: int, told: Progress) -> Run:
        """One method with one seed, from the first experience to the last."""
        stream, begun = self.streams[seed], time.perf_counter()
        slots, bits, size = self._memory(method)
        learner = self._learner(method, seed, slots, bits)
        matrix = [self._accuracies(learner)]
        for experience in stream.experiences:
            learner.learn(self.train.take(experience.indices))
            matrix.append(self._accuracies(learner))
            told.advance(1)
        seconds = time.perf_counter() - begun
        _LOG.info("%s, seed %d: %.1f s", method.name, seed, seconds)
        if isinstance(learner, CEngine):
            _LOG.info("the C has learned %.0f samples a second", learner.samples_per_second)
        rows = self._rows(stream, np.array(matrix))
        shares = tuple(tuple(None if np.isnan(share) else float(share) for share in row) for row in matrix)
        return Run(method.name, seed, slots, bits, slots * size, round(seconds, 3), rows, shares)

    def _memory(self, method: Method) -> tuple[int, int, int]:
        """Slots, bits a value, and bytes a latent."""
        if not method.replays:
            return 0, 0, 0
        config = self.backbone.cut.head.config
        own = self.backbone.latent_bits
        bits = self.settings.latents if method.latent_bits is None else method.latent_bits
        bits = own if method.kind == "device" else bits
        size = config.latent_bytes if bits == own else -(-self.backbone.latent_values * bits // 8)
        slots = config.slots * config.latent_bytes // size if method.equal_bytes else config.slots
        return slots, bits, size

    def _learner(self, method: Method, seed: int, slots: int, bits: int) -> Engine:
        if method.kind == "device":
            return self._device(seed, replays=method.replays)
        start = self.backbone.start(self.known)
        settings = self.settings
        new, replayed = settings.minibatch
        recipe = Recipe(
            rate=self.rate,
            epochs=settings.epochs,
            new_per_step=new,
            replay_per_step=replayed if slots else 0,
            slots=slots,
            latent_bits=bits or 32,
            exact=self.backbone.exact,
        )
        if method.kind == "joint":
            return Joint(start)
        return FineTuning(start, recipe, seed) if method.kind == "naive" else CwrStar(start, recipe, seed)

    def _device(self, seed: int, *, replays: bool) -> Engine:
        if self.settings.engine != "c":
            program = self._project(replays=replays).spec.program
            if self.settings.engine == "reference":
                return ReferenceEngine(program, seed)
            backbone = self.backbone if replays else Backbone.of(program.graphs[0])
            new, replayed = self.settings.minibatch
            minibatch = (new, replayed if replays else 0)
            config = backbone.config(self.settings.rate, minibatch, self.settings.epochs)
            return FeatureEngine(backbone, config, seed)
        if replays not in self._engines:
            self._engines[replays] = CEngine(self._project(replays=replays))
        return self._engines[replays].begin(seed)

    def _project(self, *, replays: bool) -> Project:
        if replays == (self.backbone.cut.head.config.slots > 0):
            return self.project
        return compiled(self.settings, self.data, self.streams, replays=replays)

    def _accuracies(self, learner: Engine) -> Shares:
        predicted = learner.scores(self.test).argmax(1)
        return by_class(predicted, self.test.labels, self.data.classes)

    def _rows(self, stream: Stream, matrix: Shares) -> tuple[Row, ...]:
        counts = np.bincount(self.test.labels, minlength=self.data.classes)
        seen = [stream.seen(after) for after in range(len(matrix))]
        rows = []
        for at, found in enumerate(summarise(matrix, counts, seen)):
            came = stream.experiences[at - 1] if at else None
            classes, samples = (came.classes, len(came.indices)) if came else ((), 0)
            rows.append(Row(at, classes, samples, found.seen, found.old, found.new, found.forgetting))
        return tuple(rows)


def prepare(settings: Settings, data: DataSet, told: Progress, computed: Computed | None = None) -> Bench:
    """What the runs of `settings` share; features that are in `computed` are not computed again."""
    store = Computed() if computed is None else computed
    told.begin("compiling", 1)
    base = range(_known_classes(settings))
    streams = {seed: stream_of(settings, data, base, seed) for seed in settings.seeds}
    project = compiled(settings, data, streams)
    told.advance(1)
    backbone = Backbone.of(project.spec.graph)
    told.begin("frozen layers", len(data.x_train) + len(data.x_test))
    train = store.samples(backbone, data.x_train, data.y_train, told.advance)
    test = store.samples(backbone, data.x_test, data.y_test, told.advance)
    known = train.take(np.flatnonzero(np.isin(data.y_train, base)))
    return Bench(settings, data, project, backbone, streams, train, test, known)


def _known_classes(settings: Settings) -> int:
    graph = open_model(ModelSource(settings.model)).graph
    return graph.type_of(graph.outputs[0]).elements


def stream_of(settings: Settings, data: DataSet, base: range, seed: int) -> Stream:
    """The stream of a seed: the classes in `base` are known before."""
    if settings.scenario == "nc":
        return class_incremental(
            data.y_train,
            base,
            at_once=settings.at_once,
            most=settings.most,
            seed=seed,
            shuffle_classes=settings.shuffle_classes,
        )
    return new_instances(
        data.y_train, base, count=settings.experiences, most=settings.most, seed=seed, domains=data.domains
    )


def compiled(
    settings: Settings, data: DataSet, streams: dict[int, Stream], *, replays: bool = True
) -> Project:
    """The model with a head that learns, its replay memory filled with the training samples it knows."""
    base = next(iter(streams.values())).base
    largest = max(len(one.indices) for stream in streams.values() for one in stream.experiences)
    options = settings.options(largest, max(data.classes, len(base)), replays=replays)
    known = np.isin(data.y_train, base)
    if known.any() and replays:
        options = replace(options, replay_init=(data.x_train[known], data.y_train[known]))
    elif known.any():
        counts = np.bincount(data.y_train[known], minlength=len(base))
        options = replace(options, known_counts=tuple(counts.tolist()))
    if not set(data.y_train[known]) & set(base):
        message = f"no sample is of one of the {len(base)} classes that the model knows"
        raise UsageError(Problem("no-known-classes", message, "--data", hint="Classes are numbered from 0."))
    return compile_model(ModelSource(settings.model), options)


__all__ = ["Bench", "Progress", "Silent", "compiled", "prepare", "simulate", "stream_of"]

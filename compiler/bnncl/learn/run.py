"""Runs every method with every seed over the same streams, and keeps what was found."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from bnncl.driver.project import Project
from bnncl.driver.tail import USUAL_RATE
from bnncl.frontend.model import ModelSource, open_model
from bnncl.learn.backbone import Backbone, Computed
from bnncl.learn.baselines import CwrStar, FineTuning, Joint
from bnncl.learn.baselines.tail import Parameters, TailBaseline, TailFineTuning, TailJoint, TailRecipe
from bnncl.learn.batched import FeatureEngine
from bnncl.learn.compiling import compiled, known_classes, stream_of
from bnncl.learn.data import DataSet
from bnncl.learn.engine import CEngine, Engine, ReferenceEngine
from bnncl.learn.methods import BY_NAME, Method
from bnncl.learn.metrics import Shares, by_class, summarise
from bnncl.learn.results import USED_RATE, USED_TAIL_RATE, Results, Row, Run, resume
from bnncl.learn.samples import Samples
from bnncl.learn.scenarios import Experience, Stream
from bnncl.learn.settings import Settings
from bnncl.learn.tails import Tails
from bnncl.learn.views import View, Views

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
    results = resume(folder, dict(results.settings) | bench.rates)
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
    views: Views
    _engines: dict[bool, CEngine] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """The learning rate of all heads: that of the settings, or that of the compiled head."""
        return self.backbone.rate if self.settings.rate is None else self.settings.rate

    @property
    def tail_rate(self) -> float:
        """The learning rate of all tails."""
        return USUAL_RATE if self.settings.tail_rate is None else self.settings.tail_rate

    @property
    def rates(self) -> dict[str, float]:
        """The rates as results name them."""
        tail = {} if self.settings.tail is None else {USED_TAIL_RATE: self.tail_rate}
        return {USED_RATE: self.rate} | tail

    def run(self, method: Method, seed: int, told: Progress) -> Run:
        """One method with one seed, from the first experience to the last."""
        stream, view, begun = self.streams[seed], self.views.of(method), time.perf_counter()
        slots, bits, size = self._memory(method)
        learner = self._learner(method, seed, slots, bits)
        matrix, learning = [self._accuracies(learner, view.test)], 0.0
        for experience in stream.experiences:
            arrived, since = view.train.take(experience.indices), time.perf_counter()
            learner.learn(arrived)
            learning += time.perf_counter() - since
            matrix.append(self._accuracies(learner, view.test))
            told.advance(1)
        seconds = time.perf_counter() - begun
        _LOG.info("%s, seed %d: %.1f s", method.name, seed, seconds)
        if isinstance(learner, CEngine):
            _LOG.info("the C has learned %.0f samples a second", learner.samples_per_second)
        speed = self._speed(method, stream, view, slots, learning)
        rows = self._rows(stream, np.array(matrix), view.test)
        shares = tuple(tuple(None if np.isnan(share) else float(share) for share in row) for row in matrix)
        return Run(method.name, seed, slots, bits, slots * size, round(seconds, 3), rows, shares, speed)

    def _speed(self, method: Method, stream: Stream, view: View, slots: int, seconds: float) -> float | None:
        """Samples trained on a second, replayed ones included, where a tail learned in `seconds`."""
        if self.settings.tail is None or not (method.tail or method.kind == "device"):
            return None
        if method.kind == "tail-joint":
            return None
        filled = bool(slots and len(view.known))
        passes = sum(_passes(self.settings, stream.experiences, slots > 0, filled))
        _LOG.info("%s: %.0f samples a second, replayed ones included", method.name, passes / seconds)
        return round(passes / seconds, 1)

    def _memory(self, method: Method) -> tuple[int, int, int]:
        """Slots, bits a value, and bytes a latent."""
        if not method.replays:
            return 0, 0, 0
        config = self.backbone.cut.head.config
        own = self.backbone.latent_bits
        bits = self.settings.latents if method.latent_bits is None else method.latent_bits
        bits = own if method.kind == "device" else bits
        tails = self.views.tails
        numbers = tails.numbers(bits) if tails is not None and method.tail else 1
        size = config.latent_bytes if bits == own else -(-self.backbone.latent_values * numbers * bits // 8)
        slots = config.slots * config.latent_bytes // size if method.equal_bytes else config.slots
        return slots, bits, size

    def _learner(self, method: Method, seed: int, slots: int, bits: int) -> Engine:
        if method.kind == "device":
            return self._device(seed, replays=method.replays)
        start = self.backbone.start(self.views.of(method).known)
        if method.kind == "joint":
            return Joint(start)
        recipe = self._recipe(slots, bits)
        if method.tail:
            return self._tail(method, seed, recipe)
        return FineTuning(start, recipe, seed) if method.kind == "naive" else CwrStar(start, recipe, seed)

    def _recipe(self, slots: int, bits: int) -> TailRecipe:
        settings = self.settings
        new, replayed = settings.minibatch
        return TailRecipe(
            rate=self.rate,
            epochs=settings.epochs,
            new_per_step=new,
            replay_per_step=replayed if slots else 0,
            slots=slots,
            latent_bits=bits or 32,
            exact=self.backbone.exact,
            tail_rate=self.tail_rate,
            filter=1.0 if settings.filter_rate is None else settings.filter_rate / self.tail_rate,
            rule=settings.latent_rule,
        )

    def _tail(self, method: Method, seed: int, recipe: TailRecipe) -> Engine:
        """A tail in float; its latents are what they are before they are replayed."""
        tails = self.views.tails
        assert tails is not None
        assert method.latent_bits is not None
        module, traced = tails.module(method.latent_bits)
        start = self.backbone.start(self.views.of(method).known)
        recipe = replace(recipe, exact=True)
        kinds: dict[str, type[TailBaseline] | type[TailFineTuning] | type[TailJoint]]
        kinds = {"tail": TailBaseline, "tail-naive": TailFineTuning, "tail-joint": TailJoint}
        return kinds[method.kind](module, Parameters.of_traced(traced), start, recipe, seed)

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

    def _accuracies(self, learner: Engine, test: Samples) -> Shares:
        predicted = learner.scores(test).argmax(1)
        return by_class(predicted, test.labels, self.data.classes)

    def _rows(self, stream: Stream, matrix: Shares, test: Samples) -> tuple[Row, ...]:
        counts = np.bincount(test.labels, minlength=self.data.classes)
        seen = [stream.seen(after) for after in range(len(matrix))]
        rows = []
        for at, found in enumerate(summarise(matrix, counts, seen)):
            came = stream.experiences[at - 1] if at else None
            classes, samples = (came.classes, len(came.indices)) if came else ((), 0)
            rows.append(Row(at, classes, samples, found.seen, found.old, found.new, found.forgetting))
        return tuple(rows)


def prepare(settings: Settings, data: DataSet, told: Progress, computed: Computed | None = None) -> Bench:
    """What the runs of `settings` share; features that are in `computed` are not computed again."""
    told.begin("compiling", 1)
    base = known_classes(settings)
    streams = {seed: stream_of(settings, data, base, seed) for seed in settings.seeds}
    project = compiled(settings, data, streams)
    told.advance(1)
    backbone = Backbone.of_program(project.spec.program)
    views = Views(data, base, backbone, _tails(settings, project, backbone), computed or Computed())
    if settings.tail is None:
        told.begin("frozen layers", len(data.x_train) + len(data.x_test))
        views.of(BY_NAME["device"], told.advance)
    return Bench(settings, data, project, backbone, streams, views)


def _tails(settings: Settings, project: Project, backbone: Backbone) -> Tails | None:
    if settings.tail is None:
        return None
    model = open_model(ModelSource(settings.model), settings.tail)
    return Tails.of(project, backbone, model, settings.tail, settings.ste)


def _passes(
    settings: Settings, experiences: tuple[Experience, ...], replays: bool, filled: bool
) -> Iterator[int]:
    """Samples that each experience trains on; the memory is `filled` from the first one on, or later."""
    new, replayed = settings.minibatch
    for at, each in enumerate(experiences):
        steps = settings.epochs * -(-len(each.indices) // new)
        again = steps * replayed if replays and (at or filled) else 0
        yield settings.epochs * len(each.indices) + again


__all__ = ["Bench", "Progress", "Silent", "compiled", "prepare", "simulate", "stream_of"]

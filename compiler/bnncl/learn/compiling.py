"""Streams of a simulation, and the projects that learn from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project
from bnncl.frontend.model import ModelSource, open_model
from bnncl.learn.data import DataSet
from bnncl.learn.scenarios import Stream, class_incremental, new_instances
from bnncl.learn.settings import Settings


def known_classes(settings: Settings) -> range:
    """The classes known before the first experience: those of the model, none with a new head."""
    if settings.new_head:
        return range(0)
    graph = open_model(ModelSource(settings.model)).graph
    return range(graph.type_of(graph.outputs[0]).elements)


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
    """The model that learns, its replay memory filled with the training samples of classes it knows.

    UsageError `no-known-classes` where there is none of them, unless the head is new.
    """
    base = next(iter(streams.values())).base
    largest = max(len(one.indices) for stream in streams.values() for one in stream.experiences)
    options = settings.options(largest, max(data.classes, len(base)), replays=replays)
    known = np.isin(data.y_train, base)
    if known.any() and replays:
        options = replace(options, replay_init=(data.x_train[known], data.y_train[known]))
    elif known.any():
        counts = np.bincount(data.y_train[known], minlength=len(base))
        options = replace(options, known_counts=tuple(counts.tolist()))
    elif not settings.new_head:
        message = f"no sample is of one of the {len(base)} classes that the model knows"
        raise UsageError(Problem("no-known-classes", message, "--data", hint="Classes are numbered from 0."))
    return compile_model(ModelSource(settings.model), options)


__all__ = ["compiled", "known_classes", "stream_of"]

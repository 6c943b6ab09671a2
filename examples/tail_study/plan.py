"""What the study of tails compares: a row of its table is a method of `bnncl simulate` and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bnncl.learn.settings import Settings

DATA = ("spoken_digits", "fashion_mnist", "cifar10")
SEEDS = (0, 1, 2)
MODULE = "blocks.4"
"""The tail begins there: the last three blocks, of 128 channels."""

EXPERIENCES = 10
"""Experiences of the scenario NI."""


@dataclass(frozen=True)
class Task:
    """A data set: `train_each` and `test_each` samples of a class, at most, and the seeds."""

    data: str = DATA[0]
    train_each: int | None = 500
    test_each: int | None = 500
    seeds: tuple[int, ...] = SEEDS

    @property
    def name(self) -> str:
        """The folder of its results."""
        return self.data if self.train_each is not None else f"{self.data}-all"


@dataclass(frozen=True)
class Row:
    """A line of the table; `changes` are fields of `Settings` that differ from `COMMON`."""

    name: str
    title: str
    method: str
    changes: Mapping[str, Any] = field(default_factory=dict)


COMMON: Mapping[str, Any] = {
    "train": MODULE,
    "new_head": True,
    "at_once": 2,
    "replay": 300,
    "minibatch": (50, 128),
    "epochs": 8,
    "rate": 0.1,
    "tail_rate": 0.1,
    "filter_rate": 10.0,
    "ste": "approxsign",
}
"""The protocol (PAPERS 4): 300 latents, balanced over classes, 50 new and 128 replayed samples a step."""

HEAD = {"train": "head", "rate": 0.08, "tail_rate": None, "filter_rate": None, "ste": "clip"}
_NOISE = {"rounding": "stochastic"}
_NI = {"scenario": "ni", "at_once": 1, "experiences": EXPERIENCES}

FLOAT, DEVICE, ONLY_HEAD, NAIVE, EQUAL_BYTES = "tail-32", "device", "head", "naive", "equal-bytes"
SMALL = (
    Row(ONLY_HEAD, "head only, CWR\\*, float", "cwr-32", HEAD),
    Row(FLOAT, "tail, float, float latents", "tail-32"),
    Row("tail", "tail, float, 1-bit latents", "tail"),
    Row(DEVICE, "**device (8, 16, 16), 1-bit latents**", "device"),
    Row("device-8-bit", "device (8, 16, 16), 8-bit latents", "device", {"replay_bits": 8}),
    Row("q_b-8", "device (8, 8, 16), stochastic rounding", "device", {"qb": 8, **_NOISE}),
    Row("q_b-12", "device (8, 12, 16), stochastic rounding", "device", {"qb": 12, **_NOISE}),
    Row("rule-ii", "device, latents by rule (ii)", "device", {"latent_rule": "sign"}),
    Row("device-plain", "device, no replay", "device-plain"),
    Row("joint", "tail, float, joint training", "tail-joint"),
)
MORE = (
    Row(NAIVE, "tail, float, fine-tuning", "tail-naive"),
    Row(EQUAL_BYTES, "tail, float latents in equal bytes", "tail-32-bytes"),
    Row("tail-8", "tail, float, 8-bit latents", "tail-8"),
    Row("head-16", "head only, CWR\\*, float, 16 epochs", "cwr-32", HEAD | {"epochs": 16}),
    Row("device-head", "device (8, 16), head only", "device", HEAD),
    Row("static", "device, calibrated exponents", "device", {"gradient_scale": "static"}),
    Row(
        "static-q_b-8",
        "device (8, 8, 16), calibrated exponents",
        "device",
        {"qb": 8, "gradient_scale": "static", **_NOISE},
    ),
    Row("accumulate-8", "device, update after 8 samples", "device", {"accumulate": 8}),
    Row("q_w-8", "device (8, 16, 8), stochastic rounding", "device", {"qw": 8, **_NOISE}),
    Row("q_b-12-nearest", "device (8, 12, 16), to nearest", "device", {"qb": 12}),
    Row("stochastic", "device (8, 16, 16), stochastic rounding", "device", _NOISE),
    Row("clip", "device, --ste clip", "device", {"ste": "clip"}),
    Row("identity", "device, --ste identity", "device", {"ste": "identity"}),
    Row("one-block-tail-32", "last block only: tail, float, float latents", "tail-32", {"train": "blocks.6"}),
    Row("one-block", "last block only: device", "device", {"train": "blocks.6"}),
    Row(
        "four-blocks-tail-32",
        "last four blocks: tail, float, float latents",
        "tail-32",
        {"train": "blocks.3"},
    ),
    Row("four-blocks", "last four blocks: device", "device", {"train": "blocks.3"}),
)
NEW_INSTANCES = (
    Row("ni-head", "NI: head only, CWR\\*, float", "cwr-32", HEAD | _NI),
    Row("ni-tail-32", "NI: tail, float, float latents", "tail-32", _NI),
    Row("ni-tail", "NI: tail, float, 1-bit latents", "tail", _NI),
    Row("ni-device", "NI: device (8, 16, 16), 1-bit latents", "device", _NI),
)
GRIDS: Mapping[str, tuple[Row, ...]] = {
    "small": SMALL,
    "more": MORE,
    "ni": NEW_INSTANCES,
    "large": (*SMALL, *MORE, *NEW_INSTANCES),
}
ALL = GRIDS["large"]
"""Every row, in the order of the table."""


def settings_of(row: Row, task: Task, model: Path) -> Settings:
    """What `bnncl simulate` is asked for."""
    told = {**COMMON, **row.changes}
    return Settings(model, task.data, methods=(row.method,), seeds=task.seeds, **told)

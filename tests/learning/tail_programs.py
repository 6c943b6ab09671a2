"""Whole programs whose tails learn: a frozen layer, a small tail of each kind of block, and a head."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bnncl.interp.latents import as_latents
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Constant, Storage, Value
from bnncl.ir.verify import verify
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.learned_head import HeadConfig, LearnedHead
from bnncl.ops.window import Window
from tests.passes.integer_tails import CLASSES, Learned, learned
from tests.passes.tails import TAILS, latents

NEW, REPLAYED, EXPERIENCE, SLOTS, FILLED = 4, 3, 10, 9, 6
_BIAS = 64


@cache
def program(kind: str = "bireal", *, accumulate: int = 0, narrow: bool = True, **settings: Any) -> Program:
    """The INTEGER program with a tail of `kind`, whose minibatches have NEW + REPLAYED samples.

    With `accumulate` there is an update after so many samples, and with `narrow` their sums have 16 bits. It
    knows three classes of CLASSES at first, and has met FILLED samples.
    """
    counts = {"samples": NEW + REPLAYED, "accumulate": accumulate if narrow else 0}
    made = learned(TAILS[kind](0), **{"stochastic": True, "rate": 0.02, **settings, **counts})
    forward = made.tail.forward
    cut = forward.inputs[0]
    source = Value("input", forward.type_of(cut), Storage.INPUT)
    features = forward.outputs[0]
    values = {**{source.name: source}, **forward.values}
    values[cut] = Value(cut, forward.type_of(cut))
    values[features] = Value(
        features, forward.type_of(features), Storage.ARENA, forward.values[features].meaning
    )
    head = _head(made, cut, features, accumulate)
    scores = head.infer(forward.type_of(features))
    values[head.output] = Value(head.output, scores, Storage.OUTPUT)
    inputs = ("input", *forward.inputs[1:])
    ops = (_encode(source.type, cut), *forward.ops, head)
    graph = type(forward)("infer", forward.stage, inputs, (head.output,), ops, {})
    return Program(
        kind, (verify(graph.with_ops(ops, values.values())), *made.tail.training), made.tail.states
    )


def inputs_of(kind: str, count: int, seed: int = 11) -> Array:
    """Stored inputs (count, H, W, C)."""
    return latents(TAILS[kind](0), count, seed)


def _encode(source: TensorType, cut: str) -> BinaryConv:
    """A layer that turns some channels round."""
    rng = np.random.default_rng(5)
    turned = rng.choice([-1, 1], source.channels).astype(np.int8)
    signs = np.where(np.eye(source.channels), turned[:, None], -1).astype(np.int8)[:, None, None, :]
    assert source.domain == Binary()
    first = Constant(np.full(source.channels, -1, np.int8))
    steps = Steps(Constant(np.zeros((1, source.channels), np.int32)), first)
    return BinaryConv(
        output=cut, x="input", module="encode", filter=Constant(signs), window=Window(), epilogue=steps
    )


def _head(made: Learned, cut: str, features: str, accumulate: int) -> LearnedHead:
    head, source = made.head, made.tail.forward.type_of(cut)
    rows = made.rows[0, 0].copy()
    known = np.arange(CLASSES) < 3
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, FILLED)
    kept = as_latents(made.samples[rng.integers(0, len(made.samples), FILLED)], source)
    config = HeadConfig(
        features=head.features,
        max_classes=CLASSES,
        latent_bytes=source.stored_bytes,
        slots=SLOTS,
        experience=EXPERIENCE,
        q_forward=head.q_forward,
        q_backward=head.q_backward,
        weight_exponent=head.weight_exponent,
        softmax_multiplier=1 << 24,
        softmax_shift=28,
        rate_multiplier=1 << 29,
        rate_shift=32,
        stochastic=made.settings.stochastic,
        new_per_step=NEW,
        replay_per_step=REPLAYED,
        epochs=2,
        score_shift=2,
        accumulate=accumulate,
    )
    limit = config.weight_limit
    return LearnedHead(
        output="scores",
        module="head",
        x=features,
        config=config,
        bias_feature=_BIAS,
        cut=cut,
        weights=Constant(np.where(known[:, None], np.clip(rows, -limit, limit), 0).astype(np.int16)),
        past=Constant(np.where(known, 12, 0).astype(np.uint32)),
        met=Constant(np.bincount(labels, minlength=CLASSES).astype(np.uint32)),
        replay_latents=Constant(kept),
        replay_labels=Constant(labels.astype(np.uint16)),
    )


__all__ = ["CLASSES", "EXPERIENCE", "FILLED", "NEW", "REPLAYED", "SLOTS", "TAILS", "inputs_of", "program"]

"""Makes the head of a model learnable: its integers, and the state that learning starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.calibration import Calibration
from bnncl.driver.cuts import find_cut, up_to
from bnncl.driver.head_rows import MULTIPLIER_BITS, Rows, fraction, rate_fraction
from bnncl.driver.options import Options
from bnncl.driver.project import labelled
from bnncl.driver.real_head import RealHead
from bnncl.frontend.calibration import read_npz
from bnncl.interp import run
from bnncl.interp.learner import as_latents
from bnncl.interp.replay import ReplayMemory
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.kernels.learned_head import head_of
from bnncl.numerics.softmax import LOG_BITS
from bnncl.ops.learned_head import HeadConfig, LearnedHead
from bnncl.plan.learn_bounds import overflowing
from bnncl.plan.learning import largest_input

_FACTORY_SEED = 0
_BATCH = 256
SCORES = "scores"


@dataclass(frozen=True, eq=False)
class Filling:
    """Samples for the replay memory: stored inputs (N, H, W, C) and labels (N,)."""

    inputs: Array
    labels: Array


def with_head(
    graph: Graph, head: RealHead, options: Options, calibration: Calibration, cut: str | None = None
) -> Graph:
    """The INTEGER `graph` of features with the learnable head behind it.

    Latents are `cut`, or what `find_cut` finds. UsageError or UnsupportedModel with what makes it impossible.
    """
    cut = cut or find_cut(graph)
    assert cut is not None, "latent_bits had numbers packed where no bits are"
    classes = 0 if options.new_head else len(head.bias)
    filling = _filling(graph, options, classes)
    features = graph.values[graph.outputs[0]]
    rows = Rows.of(head.on(features), features, options)
    config = _config(graph, cut, rows, options, classes)
    _check_sums(config, features, rows.bias_feature)
    memory = _memory(graph, cut, config, filling)
    past = np.zeros(config.max_classes, np.uint32)
    weights = np.zeros((config.max_classes, config.features), np.int16)
    if classes:
        past[:classes] = _past(classes, filling, calibration, options)
        weights[:classes] = rows.integers
    op = LearnedHead(
        output=SCORES if features.name != SCORES else f"{SCORES}_of_head",
        module=head.module,
        x=features.name,
        config=config,
        bias_feature=rows.bias_feature,
        cut=cut,
        weights=Constant(weights),
        past=Constant(past),
        met=Constant(memory.met),
        replay_latents=Constant(memory.latents[: memory.stored].copy()),
        replay_labels=Constant(memory.labels[: memory.stored].copy()),
    )
    unit = rows.logit_unit(config) * 2.0**config.score_shift
    made = Value(op.output, op.infer(features.type), Storage.OUTPUT, Meaning.of(unit), head.module)
    inner = Value(features.name, features.type, Storage.ARENA, features.meaning, features.module)
    values = [inner, made]
    out = graph.with_ops([*graph.ops, op], values)
    return Graph(out.name, out.stage, out.inputs, (op.output,), out.ops, out.values)


def _config(graph: Graph, cut: str, rows: Rows, options: Options, classes: int) -> HeadConfig:
    features = rows.integers.shape[1]
    top = (1 << (options.qf - 1)) - 1
    reach = largest_input(graph.type_of(graph.outputs[0]))
    largest = top * ((features - 1) * reach + rows.bias_feature)
    logit = rows.scale * 2.0 ** (options.qb - options.qf - rows.exponent)
    softmax, softmax_shift = fraction(logit * 2**LOG_BITS / math.log(2), 62)
    rate = rows.usual_rate(reach) if options.rate is None else options.rate
    multiplier, shift = rate_fraction(rate, rows.scale, rows.exponent, options.qb)
    if not sum(options.minibatch) <= multiplier < 2**MULTIPLIER_BITS:
        raise UsageError(
            Problem(
                "bad-rate",
                f"a learning rate of {rate:g} is too {'large' if multiplier > 2**16 else 'small'}",
                "--rate",
                "One step of one sample would change weights by more than they can hold, or by nothing.",
                "Rates of 0.001 to 0.1 are usual.",
            )
        )
    return HeadConfig(
        features=features,
        max_classes=_room(options, classes),
        latent_bytes=graph.type_of(cut).stored_bytes,
        slots=options.replay,
        experience=options.experience,
        q_forward=options.qf,
        q_backward=options.qb,
        weight_exponent=rows.exponent,
        softmax_multiplier=max(1, softmax),
        softmax_shift=softmax_shift,
        rate_multiplier=multiplier,
        rate_shift=shift,
        stochastic=options.rounding == "stochastic",
        new_per_step=options.minibatch[0],
        replay_per_step=options.minibatch[1],
        epochs=options.epochs,
        score_shift=max(0, largest.bit_length() - 15),
        accumulate=options.accumulate,
    )


def _check_sums(config: HeadConfig, features: Value, bias_feature: int) -> None:
    """Raise UsageError (`learning-overflow`) where a sum of learning may leave its C variable."""
    found = overflowing(config, largest_input(features.type), bias_feature)
    if found:
        raise UsageError(
            Problem(
                "learning-overflow",
                f"learning could overflow in {', '.join(found)}",
                "--train head",
                "The largest numbers that these sums can reach do not fit their C variables.",
                "Lower --minibatch, --experience, --replay, --epochs, --rate or --qb.",
            )
        )


def _room(options: Options, classes: int) -> int:
    if options.new_head and options.max_classes is None:
        hint = "Give --max-classes: so many as there shall ever be."
        raise UsageError(Problem("too-few-classes", "a new head without room", "--new-head", hint=hint))
    room = classes if options.max_classes is None else options.max_classes
    if room < classes:
        message = f"there is room for {room} classes, and the model has {classes}"
        hint = f"Give --max-classes {classes}, or more: so many as there shall ever be."
        raise UsageError(Problem("too-few-classes", message, "--max-classes", hint=hint))
    return room


def missing_notes(graph: Graph) -> list[str]:
    """What the head of `graph` will lack for want of an option, in sentences with the remedy."""
    head = head_of(graph)
    if head is None:
        return []
    found = []
    if head.config.slots == 0:
        found.append(
            "No replay memory (0 slots): what is learned displaces what was known. Give --replay N, such as "
            "--replay 200, and --replay-init DATA.npz to fill it."
        )
    known = int(np.count_nonzero(head.past.data))
    if known == head.config.max_classes:
        found.append(
            f"No room for a new class: only the {known} classes of the model can be learned further. Give "
            f"--max-classes N above {known} for more."
        )
    return found


def _past(classes: int, filling: Filling | None, calibration: Calibration, options: Options) -> Array:
    """Samples each class of the model was learned from, as far as the data at hand say; at least 1."""
    labels = calibration.labels if filling is None else filling.labels
    if filling is None and options.known_counts:
        counts = np.asarray(options.known_counts)
        if counts.shape != (classes,):
            message = f"{counts.size} counts for {classes} classes"
            raise UsageError(Problem("bad-count", message, "known_counts", hint="Give one for each class."))
    elif labels is None:
        return np.full(classes, options.experience, np.uint32)
    else:
        counts = np.bincount(labels, minlength=classes)[:classes]
    return np.asarray(np.maximum(counts, 1), np.uint32)


def _filling(graph: Graph, options: Options, classes: int) -> Filling | None:
    given = options.replay_init
    if given is None:
        return None
    where = file = "--replay-init"
    if isinstance(given, str | Path):
        file = f"{where} {given}"
        arrays = read_npz(Path(given))
        given = (arrays["x"], arrays.get("y"))
    inputs, labels = labelled(given[0], given[1], graph, file)
    if labels is None:
        why = "Each sample is replayed with its class."
        hint = "Write them beside the samples: numpy.savez('train.npz', x=images, y=labels)."
        raise UsageError(Problem("replay-init-labels", "there are no labels, the array y", where, why, hint))
    if labels.min() < 0 or labels.max() >= classes:
        message = f"labels {labels.min()}..{labels.max()} are not those of {classes} classes"
        why = f"Replays from the start may only be of the model's own classes, 0..{classes - 1}."
        hint = "Leave samples of other classes out: the device learns them, and keeps its own replays."
        raise UsageError(Problem("replay-init-labels", message, where, why, hint))
    return Filling(inputs, labels)


def _memory(graph: Graph, cut: str, config: HeadConfig, filling: Filling | None) -> ReplayMemory:
    memory = ReplayMemory(config.slots, config.latent_bytes, config.max_classes, _FACTORY_SEED)
    if filling is None:
        return memory
    encode = up_to(graph, cut)
    for start in range(0, len(filling.inputs), _BATCH):
        values = run(encode, {encode.inputs[0]: filling.inputs[start : start + _BATCH]})
        labels = filling.labels[start : start + _BATCH]
        for latent, label in zip(as_latents(values[cut], graph.type_of(cut)), labels, strict=True):
            memory.insert(latent, int(label))
    return memory

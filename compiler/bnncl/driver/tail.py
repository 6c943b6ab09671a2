"""Makes what lies behind a module learnable: from a traced model to a program of several graphs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.calibration import Calibration
from bnncl.driver.cuts import find_cut, up_to
from bnncl.driver.head_rows import Rows
from bnncl.driver.learning import with_head
from bnncl.driver.options import Options
from bnncl.driver.real_head import to_learn
from bnncl.driver.tail_cut import CutModel, cut_before, taken_off
from bnncl.frontend.model import TracedModel
from bnncl.interp import run
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array
from bnncl.ir.values import Storage, Value
from bnncl.ir.verify import verify
from bnncl.kernels.learned_head import head_of
from bnncl.ops.learned_head import HeadConfig
from bnncl.passes.base import Pass, run_passes
from bnncl.passes.input_format import InputFormat
from bnncl.passes.tail.forward import lower_forward
from bnncl.passes.tail.program import HeadShape, learning_tail
from bnncl.passes.tail.scope import finest_unit
from bnncl.passes.tail.settings import TailSettings
from bnncl.plan.tail_bounds import overflowing_tail

_SAMPLES = 256
USUAL_RATE = 0.01
"""The tail's learning rate where none is given."""


def tail_program(
    model: TracedModel,
    options: Options,
    input_format: InputFormat,
    lowering: Callable[[int | None, float | None], tuple[Pass, ...]],
    calibration: Calibration,
) -> Program:
    """The INTEGER program of `model`, unfolded behind `options.tail`, whose tail and head learn.

    `lowering` gives the passes for what stands before the cut, of bits and the unit of a number there, or
    None where the cut is bits. Raises what `cut_before` and `with_head` raise, UsageError
    (`learning-overflow`, `bad-rate`) and UnsupportedModel (`tail-range`).
    """
    assert options.tail is not None
    before, head = to_learn(model.graph, calibration.x, new=options.new_head)
    names = {"head": taken_off(model.graph, before), "modules": model.modules}
    bits = options.number_bits
    cut = cut_before(before, options.tail, calibration.x, **names, numbers=bits is not None)
    step = None if bits is None else _step(cut, bits, calibration.x)
    encode = run_passes(cut.encode, lowering(bits, step))
    if bits is not None:
        encode = _packed(encode)
    latents = statistics_latents(encode, input_format, calibration.x)
    settings = _settings(options)
    stored = encode.values[encode.outputs[0]]
    forward = lower_forward(cut.tail, latents, settings, None if bits is None else stored)
    joined = _joined(encode, forward.graph)
    infer = with_head(joined, head, options, calibration, stored.name)
    op = head_of(infer)
    assert op is not None
    features = joined.values[joined.outputs[0]]
    rows = Rows.of(head.on(features), features, options)
    tail = learning_tail(
        forward,
        _shape(op.config, op.bias_feature),
        settings,
        (latents, *_errors(op.config, rows, len(latents))),
    )
    infer = verify(_over(infer, encode, tail.forward))
    return _checked(Program(options.name, (infer, *tail.training), tail.states))


def _checked(program: Program) -> Program:
    """UsageError (`learning-overflow`) where a sum behind the cut may leave its C variable."""
    found = overflowing_tail(program)
    if found:
        message = f"learning could overflow in {', '.join(found)}"
        why = "The largest numbers that these sums can reach do not fit their C variables."
        hint = "Lower --minibatch or --qb, or name a later module."
        raise UsageError(Problem("learning-overflow", message, "--train", why, hint))
    return program


def _settings(options: Options) -> TailSettings:
    return TailSettings(
        q_forward=options.qf,
        q_backward=options.qb,
        q_latent=options.qw,
        ste=options.ste,
        rule=options.latent_rule,
        gradient_scale=options.gradient_scale,
        rate=USUAL_RATE if options.tail_rate is None else options.tail_rate,
        filter_rate=options.filter_rate,
        samples=sum(options.minibatch),
        accumulate=options.accumulate,
        stochastic=options.rounding == "stochastic",
        keep_latents=options.abort == "ram",
    )


def statistics_latents(encode: Graph, input_format: InputFormat, calibration: Array) -> Array:
    """The latents (N, H, W, C) that the tail's statistics are of: of samples spread over `calibration`.

    `encode` is the INTEGER or SELECTED graph in front of the cut.
    """
    inputs = input_format.quantise(statistics_samples(calibration))
    return run(encode, {encode.inputs[0]: inputs})[encode.outputs[0]]


def statistics_samples(calibration: Array) -> Array:
    """The samples of `calibration` (N, H, W, C) that the tail's statistics are of."""
    count = len(calibration)
    at = np.unique(np.linspace(0, count - 1, min(count, _SAMPLES)).round().astype(np.int64))
    return calibration[at]


def _step(cut: CutModel, bits: int, calibration: Array) -> float:
    """The unit of a number of a latent, a power of two: nearly all numbers seen are within its `bits`."""
    numbers = run(cut.encode, {cut.encode.inputs[0]: statistics_samples(calibration)})[cut.cut]
    return math.ldexp(1.0, -finest_unit(numbers, (1 << (bits - 1)) - 1))


def _packed(encode: Graph) -> Graph:
    """The INTEGER `encode` up to its packed numbers; what unpacks them is the first op of the tail."""
    name = find_cut(encode)
    assert name is not None
    made = replace(encode.values[name], storage=Storage.OUTPUT)
    encode = up_to(encode, name)
    return encode.with_ops(encode.ops, [made])


def _joined(encode: Graph, forward: Graph) -> Graph:
    """Both, one behind the other; the cut is an ordinary value."""
    cut = encode.outputs[0]
    inner = replace(encode.values[cut], storage=Storage.ARENA)
    values: dict[str, Value] = {**encode.values, **forward.values, cut: inner}
    inputs = (*encode.inputs, *forward.inputs[1:])
    ops = (*encode.ops, *forward.ops)
    order = dict.fromkeys([*inputs, *(op.output for op in ops)])
    kept = {name: values[name] for name in order}
    return Graph("infer", encode.stage, inputs, forward.outputs, ops, kept)


def _over(infer: Graph, encode: Graph, tail: Graph) -> Graph:
    """`infer` with the ops of `tail` in place of its own behind the cut."""
    joined = _joined(encode, tail)
    head = infer.ops[-1]
    inner = replace(joined.values[joined.outputs[0]], storage=Storage.ARENA)
    values = {**joined.values, inner.name: inner, head.output: infer.values[head.output]}
    return replace(joined, outputs=infer.outputs, ops=(*joined.ops, head), values=values)


def _shape(config: HeadConfig, bias_feature: int) -> HeadShape:
    return HeadShape(
        max_classes=config.max_classes,
        features=config.features,
        bias_features=int(bias_feature != 0),
        q_forward=config.q_forward,
        q_backward=config.q_backward,
        weight_exponent=config.weight_exponent,
        weight_limit=config.weight_limit,
    )


def _errors(config: HeadConfig, rows: Rows, count: int) -> tuple[Array, Array]:
    """Gradients of logits of samples all wrong, (N, 1, 1, classes), and head weights like the model's own."""
    classes, half = config.max_classes, 1 << (config.q_backward - 1)
    delta = np.zeros((count, 1, 1, classes), np.int64)
    at = np.arange(count)
    delta[at, 0, 0, at % classes] = -half
    if classes > 1:
        delta[at, 0, 0, (at + 1 + at // classes) % classes] += half - 1
    weights = np.resize(rows.integers.astype(np.int64), (classes, config.features))
    return delta, weights[None, None]

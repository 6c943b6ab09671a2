"""Sums of real values in integers: one scale, at most one accumulator, nothing that overflows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.ir.graph import Graph, GraphBuilder
from bnncl.ir.op import Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import INT32_MAX, Float, Int, TensorType
from bnncl.ir.values import Constant, Storage, Value
from bnncl.ops.add import Add, RealAdd
from bnncl.ops.concat import RealConcat
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.pool import AveragePool, SumPool
from bnncl.ops.threshold import RealThreshold
from bnncl.ops.window import Window
from bnncl.passes.base import run_passes
from bnncl.passes.fuse_epilogues import FuseEpilogues
from bnncl.passes.input_format import from_range
from bnncl.passes.lower_real import LowerReal, RealWidths
from bnncl.passes.lower_real.add import _channel
from bnncl.passes.ranges import interval_ranges, observed_ranges
from bnncl.plan.bounds import accumulator_bound

from .builders import SAME, real, signs

CHANNELS = 6
FORMAT = from_range(-1.0, 1.0)


def residual(behind: str = "prelu", blocks: int = 2, seed: int = 0) -> Graph:
    """A stem and blocks: sign, binary convolution, batch norm, shortcut, and what `behind` says."""
    rng = np.random.default_rng(seed)
    start = Value("input", TensorType((6, 6, 3), Float()), Storage.INPUT)
    builder = GraphBuilder("infer", Stage.TRACED, start)
    stem = RealConv(output="stem", x="input", filter=real(rng, CHANNELS, 3, 3, 3), window=SAME)
    stream = builder.add(stem)
    for number in range(blocks):
        stream = _block(builder, rng, stream, f"b{number}", behind)
    mean = AveragePool(output="mean", x=stream, window=Window(6, 6), divisor=36.0)
    head = RealConv(output="scores", x=builder.add(mean), filter=real(rng, 4, 1, 1, CHANNELS))
    return builder.finish(builder.add(head))


def _block(builder: GraphBuilder, rng: np.random.Generator, x: str, name: str, behind: str) -> str:
    at, first = real(rng, 1, CHANNELS, scale=0.3), Constant(-np.ones(CHANNELS, np.int8))
    bits = builder.add(RealThreshold(output=f"{name}_sign", x=x, at=at, first=first))
    filter_ = signs(rng, CHANNELS, 3, 3, CHANNELS)
    acc = builder.add(BinaryConv(output=f"{name}_conv", x=bits, filter=filter_, window=SAME))
    scale = real(rng, CHANNELS, scale=0.1)
    norm = builder.add(RealAffine(output=f"{name}_norm", x=acc, scale=scale, offset=real(rng, CHANNELS)))
    total = builder.add(RealAdd(output=f"{name}_sum", x=norm, y=x, module=name))
    if behind in ("affine", "affine and prelu"):
        ends = {"scale": real(rng, CHANNELS), "offset": real(rng, CHANNELS)}
        total = builder.add(RealAffine(output=f"{name}_affine", x=total, **ends))
    if behind == "clamp":
        return builder.add(RealClamp(output=f"{name}_clamp", x=total, lo=0.0, hi=2.0))
    if behind.endswith("prelu"):
        slopes = {"slope": real(rng, CHANNELS), "positive": real(rng, CHANNELS)}
        return builder.add(RealPRelu(output=f"{name}_prelu", x=total, **slopes))
    return total


def inputs(count: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Stored inputs, and the real numbers that they stand for."""
    stored = np.random.default_rng(5).integers(0, 256, (count, 6, 6, 3))
    return stored, FORMAT.meaning.real(stored)


def lowered(graph: Graph, widths: RealWidths | None = None, *, calibrated: bool = True) -> Graph:
    ranges = observed_ranges(graph, inputs()[1]) if calibrated else interval_ranges(graph, (-1.0, 1.0))
    return run_passes(graph, (LowerReal(FORMAT, ranges, widths or RealWidths()), FuseEpilogues()))


def sums(graph: Graph) -> list[Add]:
    return [op for op in graph.ops if isinstance(op, Add)]


def test_printed_form_of_two_blocks():
    graph = lowered(residual())
    assert [type(op).__name__ for op in graph.ops] == [
        "FixedConv",
        *("Threshold", "BinaryConv", "Add", "PRelu") * 2,
        "SumPool",
        "Requantize",
        "FixedConv",
    ]
    text = print_graph(graph)
    assert "%stem_q: 6x6x6:int16" in text
    assert "%b0_sign: 6x6x6:binary = Threshold(%stem_q" in text
    assert "%b0_conv: 6x6x6:int32[-54..54] = BinaryConv(%b0_sign" in text
    assert "%b0_sum: 6x6x6:int16[-32767..32767] = Add(%stem_q, %b0_conv, x_multiplier=int32[6]" in text
    assert "%b1_sum: 6x6x6:int16[-32767..32767] = Add(%b0_prelu, %b1_conv" in text


@pytest.mark.parametrize("behind", ["nothing", "affine", "clamp", "prelu", "affine and prelu"])
@pytest.mark.parametrize("calibrated", [True, False])
def test_the_sum_is_the_real_one(behind, calibrated):
    for seed in range(4):
        graph = residual(behind, blocks=1, seed=seed)
        integer = lowered(graph, calibrated=calibrated)
        stored, x = inputs()
        before, after = run(graph, {"input": x}), run(integer, {"input": stored})
        alike = (before["b0_sign"] == after["b0_sign"]).all((1, 2, 3))
        assert alike.sum() > 5
        (add,) = sums(integer)
        meaning, steps = integer.values[add.output].meaning, integer.values["stem_q"].meaning.scale
        error = np.abs(meaning.real(after[add.output]) - before[add.output])[alike]
        assert error.max() <= 2 * meaning.scale.max() + 3 * steps.max()


@pytest.mark.parametrize("behind", ["affine", "clamp", "affine and prelu"])
def test_what_alone_reads_the_sum_is_part_of_it(behind):
    kinds = {type(op).__name__ for op in lowered(residual(behind)).ops[1:-3]}
    assert kinds <= {"Threshold", "BinaryConv", "Add", "PRelu"}


def test_a_clamp_is_where_the_sum_saturates():
    (first, *_) = sums(lowered(residual("clamp")))
    assert first.output == "b0_clamp"
    assert first.lo == 0
    assert first.hi < 32767


def test_a_stream_is_only_ever_shifted():
    _, second, third = sums(lowered(residual("nothing", blocks=3)))
    for add in (second, third):
        multiplier = np.abs(add.x_multiplier.data)
        assert (multiplier & (multiplier - 1) == 0).all()


def test_a_sum_that_others_read_too_stays_what_it_is():
    graph = residual("affine", blocks=1)
    mean = graph.ops[-2]
    threshold = RealThreshold(
        output="extra", x="b0_sum", at=real(np.random.default_rng(0), 1, 6), first=Constant(-np.ones(6))
    )
    values = [Value("extra", threshold.infer(graph.type_of("b0_sum")))]
    widened = graph.with_ops([*graph.ops[:-2], threshold, mean, graph.ops[-1]], values)
    integer = lowered(widened)
    assert sums(integer)[0].output == "b0_sum"
    assert integer.producer("extra").x == "b0_sum"


def test_of_two_accumulators_the_first_is_narrowed():
    graph = residual("nothing", blocks=1)
    add = next(op for op in graph.ops if isinstance(op, RealAdd))
    ops = [replace(op, y="b0_norm", x="stem") if op is add else op for op in graph.ops]
    integer = lowered(graph.with_ops(ops))
    (made,) = sums(integer)
    assert [integer.type_of(name).domain.bits for name in made.inputs] == [16, 32]
    assert made.x == "stem_q"


def test_an_accumulator_too_wide_for_its_multiplier_is_narrowed():
    rng = np.random.default_rng(3)
    start = Value("input", TensorType((6, 6, 3), Float()), Storage.INPUT)
    builder = GraphBuilder("infer", Stage.TRACED, start)
    one, other = (
        builder.add(RealConv(output=name, x="input", filter=real(rng, 4, 6, 6, 3), window=Window(6, 6)))
        for name in ("one", "other")
    )
    integer = lowered(builder.finish(builder.add(RealAdd(output="scores", x=one, y=other))))
    (made,) = sums(integer)
    assert [integer.type_of(name).domain.bits for name in made.inputs] == [16, 16]


def test_eight_bits_are_signed_on_both_sides():
    for behind in ("clamp", "prelu"):
        integer = lowered(residual(behind), RealWidths(activation=8))
        for add in sums(integer):
            assert integer.type_of(add.x).ctype == "int8_t"
            assert integer.type_of(add.output).ctype == "int8_t"


def test_a_value_is_narrowed_for_each_reader_that_needs_it():
    """An average with padding wants zero at q = 0, where the sum before it took the plain integer."""
    graph = residual("nothing", blocks=1)
    rng = np.random.default_rng(7)
    window = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
    pool = AveragePool(output="mean", x="b0_norm", window=window, divisor=9.0)
    total = RealAdd(output="total", x="b0_sum", y="mean")
    sum_of = AveragePool(output="whole", x="total", window=Window(6, 6), divisor=36.0)
    head = RealConv(output="scores", x="whole", filter=real(rng, 4, 1, 1, CHANNELS))
    made = [pool, total, sum_of, head]
    values = dict(graph.values)
    for op in made:
        values[op.output] = Value(op.output, op.infer(*(values[name].type for name in op.inputs)))
    kept = [op for op in graph.ops if op.output not in ("mean", "scores")]
    integer = lowered(graph.with_ops([*kept, *made], values.values()))
    assert {"b0_norm_q", "b0_norm_q_"} <= set(integer.values)
    assert any(isinstance(op, SumPool) for op in integer.ops)


def test_channels_side_by_side_keep_their_meanings():
    rng = np.random.default_rng(9)
    start = Value("input", TensorType((6, 6, 3), Float()), Storage.INPUT)
    builder = GraphBuilder("infer", Stage.TRACED, start)
    stem = builder.add(RealConv(output="stem", x="input", filter=real(rng, 4, 3, 3, 3), window=SAME))
    ends = {"scale": Constant(np.full(4, 2.0)), "offset": Constant(np.arange(4.0))}
    shifted = builder.add(RealAffine(output="shifted", x=stem, **ends))
    both = builder.add(RealConcat(output="both", x=stem, y=shifted))
    mean = builder.add(AveragePool(output="mean", x=both, window=Window(6, 6), divisor=36.0))
    graph = builder.finish(builder.add(RealConv(output="scores", x=mean, filter=real(rng, 4, 1, 1, 8))))
    integer = lowered(graph)
    assert "%both: 6x6x8:int16[" in print_graph(integer)
    assert "= Concat(%stem_q, %stem_q)" in print_graph(integer)
    stored, x = inputs()
    before, after = run(graph, {"input": x}), run(integer, {"input": stored})
    meaning = integer.values["both"].meaning
    assert np.abs(meaning.real(after["both"]) - before["both"]).max() <= 3 * meaning.scale.max()
    assert interval_ranges(graph, (-1.0, 1.0))["both"][1] >= before["both"].max()


def test_no_part_of_a_sum_leaves_int32():
    rng = np.random.default_rng(11)
    for _ in range(2000):
        factors = tuple(float(f) for f in rng.choice((-1, 1), 3) * 2.0 ** rng.uniform(-40, 60, 3))
        most = tuple(int(m) for m in 2 ** rng.integers(0, 18, 2))
        x, y, bias, shift = _channel(factors, most)
        assert most[0] * abs(x) + most[1] * abs(y) + abs(bias) <= INT32_MAX - 1
        assert 0 <= shift <= 30
        if shift > 0:
            exact = [factor * 2.0**shift for factor in factors]
            assert abs(x - exact[0]) <= 0.5
            assert abs(y - exact[1]) <= 0.5
            assert abs(bias - 2 ** (shift - 1) - exact[2]) <= 0.5


def test_the_bound_is_that_of_the_worst_numbers():
    integer = lowered(residual("nothing", blocks=1))
    (add,) = sums(integer)
    types = integer.input_types(add)
    bound = accumulator_bound(add, types)
    ends = [
        x * mx + y * my + b
        for mx, my, b in zip(add.x_multiplier.data, add.y_multiplier.data, add.bias.data, strict=True)
        for x in _ends(types[0])
        for y in _ends(types[1])
    ]
    assert bound.lo <= min(ends)
    assert bound.hi >= max(ends)
    assert bound.headroom >= 0


def _ends(type_: TensorType) -> tuple[int, int]:
    assert isinstance(type_.domain, Int)
    return type_.domain.lo, type_.domain.hi


def test_interval_of_a_sum_and_of_two_slopes():
    graph = residual("prelu")
    bounds, values = interval_ranges(graph, (-1.0, 1.0)), run(graph, {"input": inputs()[1]})
    for name in ("b0_sum", "b0_prelu", "b1_sum", "b1_prelu"):
        assert bounds[name][0] <= values[name].min()
        assert values[name].max() <= bounds[name][1]

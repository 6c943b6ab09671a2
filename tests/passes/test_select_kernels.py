"""Which kernel each op gets."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, UnsupportedModel
from bnncl.ir.graph import Graph, GraphBuilder, Program
from bnncl.ir.op import Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant, Storage, Value
from bnncl.kernels.base import calls
from bnncl.kernels.selection import Preference, Timing
from bnncl.ops.conv import BinaryConv
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Rescale, Steps
from bnncl.ops.tail.parameters import ChannelSum
from bnncl.ops.window import Window
from bnncl.passes.base import run_passes
from bnncl.passes.select_kernels import SelectKernels
from bnncl.targets import target

M4 = target("cortex-m4")
PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)


def _convolutions() -> Graph:
    """64 channels to 64 signs, those to 10 sums."""
    rng = np.random.default_rng(0)
    build = GraphBuilder(
        "infer", Stage.INTEGER, Value("x", TensorType((16, 16, 64), Binary()), Storage.INPUT)
    )
    steps = Steps(Constant(np.zeros((1, 64), np.int32)), Constant(np.full(64, -1, np.int8)))
    wide = Constant(np.where(rng.random((64, 3, 3, 64)) < 0.5, -1, 1).astype(np.int8))
    narrow = Constant(np.where(rng.random((3, 1, 1, 64)) < 0.5, -1, 1).astype(np.int8))
    build.add(BinaryConv(x="x", output="a", filter=wide, window=PADDED, epilogue=steps, module="conv"))
    build.add(BinaryConv(x="a", output="b", filter=narrow, module="head"))
    return build.finish("b")


def _symbols(kernels: Preference, scratch_limit: int | None = None, timing: Timing = "typical") -> list[str]:
    selected = run_passes(_convolutions(), [SelectKernels(M4, kernels, scratch_limit, timing)])
    return [call.kernel.symbol.removeprefix("bnncl_bconv_") for call in calls(selected)]


def test_the_cheapest_is_taken() -> None:
    assert _symbols("auto") == ["rows_sign", "xnor_i32"]


def test_a_family_can_be_asked_for() -> None:
    assert _symbols("xnor") == ["xnor_sign", "xnor_i32"]
    assert _symbols("vertical") == ["rows_sign", "rows_i32"]


def test_scratch_can_be_limited() -> None:
    assert _symbols("auto", 8000) == ["vertical_sign", "xnor_i32"]
    assert _symbols("auto", 1000) == ["xnor_sign", "xnor_i32"]
    assert _symbols("vertical", 1000) == ["xnor_sign", "xnor_i32"]


def test_the_slowest_input_can_be_what_counts() -> None:
    assert _symbols("auto", timing="worst") == ["rarer_sign", "xnor_i32"]
    assert _symbols("auto", 1000, "worst") == ["xnor_sign", "xnor_i32"]


def test_time_can_be_constant() -> None:
    assert all(
        call.kernel.constant_time
        for call in calls(run_passes(_convolutions(), [SelectKernels(M4, timing="constant")]))
    )


def test_an_op_without_a_kernel_of_constant_time_is_reported() -> None:
    x = Value("x", TensorType((2, 2, 9), Int(-32768, 32767, 16)), Storage.INPUT)
    build = GraphBuilder("infer", Stage.INTEGER, x)
    build.add(ChannelSum(x="x", output="a", module="layer.a"))
    graph = build.finish("a")
    assert calls(run_passes(graph, [SelectKernels(M4)]))
    with pytest.raises(UnsupportedModel) as error:
        SelectKernels(M4, timing="constant").run(graph)
    assert error.value.exit_code == EXIT_UNSUPPORTED_MODEL
    assert [(each.slug, each.where) for each in error.value.problems] == [("no-constant-time", "layer.a")]


def test_only_inference_keeps_to_a_timing() -> None:
    infer = _convolutions()
    program = Program("net", (infer, infer))
    selected = SelectKernels(M4, timing="worst").run_all(program)
    first, second = ([call.kernel.symbol for call in calls(graph)] for graph in selected.graphs)
    assert first[0] == "bnncl_bconv_rarer_sign"
    assert second[0] == "bnncl_bconv_rows_sign"


def test_selection_changes_neither_meaning_nor_types() -> None:
    before = _convolutions()
    after = run_passes(before, [SelectKernels(M4)])
    assert after.stage is Stage.SELECTED
    assert "kernel=bnncl_bconv_rows_sign" in print_graph(after)
    x = np.where(np.random.default_rng(1).random((2, 16, 16, 64)) < 0.5, -1, 1).astype(np.int8)
    for op, call in zip(before.ops, after.ops, strict=True):
        assert before.type_of(op.output) == after.type_of(call.output)
        x, same = op.evaluate(x), call.evaluate(x)
        assert np.array_equal(x, same)


def test_every_op_without_a_kernel_is_reported() -> None:
    x = Value("x", TensorType((1, 1, 2), Int(-5, 5, 8)), Storage.INPUT)
    build = GraphBuilder("infer", Stage.INTEGER, x)
    ones = Constant(np.ones(2, np.int64))
    wide = Rescale(Constant(np.ones(2, np.int32)), ones, Constant(np.zeros(2, np.uint8)), -9, 9, 32)
    for name, source in (("a", "x"), ("b", "a")):
        build.add(Requantize(x=source, output=name, rescale=wide, module=f"layer.{name}"))
    with pytest.raises(UnsupportedModel) as error:
        SelectKernels(M4).run(build.finish("b"))
    assert error.value.exit_code == EXIT_UNSUPPORTED_MODEL
    assert [problem.slug for problem in error.value.problems] == ["no-kernel", "no-kernel"]
    assert [problem.where for problem in error.value.problems] == ["layer.a", "layer.b"]

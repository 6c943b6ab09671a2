"""Splitting groups: the printed graph, and the same numbers before and after."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Binary, TensorType
from bnncl.ir.values import Meaning, Storage, Value
from bnncl.ir.verify import verify
from bnncl.ops.conv import GroupedConv
from bnncl.passes.split_groups import SplitGroups
from tests.kernels.cases import EPILOGUES, grouped_conv, signs
from tests.passes.builders import SAME


def grouped(channels: int, group: int, outputs: int, kind: str, pad_value: int = 0) -> Graph:
    rng = np.random.default_rng([channels, outputs, EPILOGUES.index(kind)])
    x = Value("x", TensorType((4, 5, channels), Binary()), Storage.INPUT, Meaning.of(0.5))
    op = grouped_conv(SAME, x.type, group, outputs, kind, pad_value, rng)
    scale = np.linspace(1, 2, op.out_channels)
    made = Value("y", op.infer(x.type), Storage.OUTPUT, Meaning(scale, np.zeros(1)), "net.conv")
    return Graph("infer", Stage.INTEGER, ("x",), ("y",), (op,), {"x": x, "y": made})


@pytest.mark.parametrize("pad_value", [0, 1, -1])
@pytest.mark.parametrize("kind", EPILOGUES)
@pytest.mark.parametrize(("channels", "group", "outputs"), [(64, 32, 32), (192, 64, 32), (64, 32, 96)])
def test_numbers_stay_the_same(channels: int, group: int, outputs: int, kind: str, pad_value: int) -> None:
    graph = grouped(channels, group, outputs, kind, pad_value)
    split = verify(SplitGroups().run(graph))
    assert not any(isinstance(op, GroupedConv) for op in split.ops)
    x = signs((3, 4, 5, channels), 0.5, np.random.default_rng(1))
    before, after = run(graph, {"x": x}), run(split, {"x": x})
    assert np.array_equal(before["y"], after["y"])
    assert split.values["y"] == graph.values["y"]
    last = channels // group - 1
    own = slice(last * outputs, None)
    assert np.array_equal(after[f"y_out{last}"], before["y"][..., own])
    meaning, whole = split.values[f"y_out{last}"].meaning, graph.values["y"].meaning
    assert meaning is not None
    assert whole is not None
    assert np.array_equal(meaning.scale, whole.scale[own])


def test_the_printed_graph() -> None:
    text = print_graph(SplitGroups().run(grouped(96, 32, 32, "sign1")))
    assert "y_in1: 4x5x32:binary = Select(%x, first=32, count=32)" in text
    assert "y_out1_joined: 4x5x64:binary = Concat(%y_out0, %y_out1)" in text
    assert "y: 4x5x96:binary = Concat(%y_out1_joined, %y_out2)" in text


def test_groups_of_one_channel_stay() -> None:
    graph = grouped(40, 1, 1, "sign1")
    assert SplitGroups().run(graph).ops == graph.ops

"""Models cut before a module: bits in front, a tail that learns behind, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from bnncl.diagnostics import BnnclError, UnsupportedModel, UsageError
from bnncl.driver.real_head import separate
from bnncl.driver.tail_cut import CutModel, cut_before, taken_off
from bnncl.frontend.model import ModelSource, open_model
from bnncl.interp import run
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Binary
from bnncl.ir.values import Storage
from bnncl.ops.elementwise import RealAffine
from bnncl.ops.pool import MaxPool
from bnncl.ops.threshold import RealThreshold
from tests.e2e.layers import BinaryConv, Sign, SignLayer
from tests.e2e.residual import BiReal, Quick, ReAct, Shift, Wide, network, settle

TEXTS = Path(__file__).parent / "tails"
SAMPLES = 24


def cut(
    module: nn.Module, path: str, shape: tuple[int, ...] = (1, 8, 8), *, numbers: bool = False
) -> tuple[CutModel, Graph, Array]:
    """`module` cut before `path`, its whole graph without the head, and the inputs that it was cut with."""
    x = torch.randn(SAMPLES, *shape, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(2)
    settle(module, x)
    model = open_model(ModelSource(module.eval(), example=x[:1], calibration=x), unfold=path)
    graph, _ = separate(model.graph)
    assert model.calibration is not None
    inputs = model.calibration
    names = {"head": taken_off(model.graph, graph), "modules": model.modules}
    return cut_before(graph, path, inputs, **names, numbers=numbers), graph, inputs


def problems(module: nn.Module, path: str, *, numbers: bool = False) -> tuple[list[str], BnnclError]:
    with pytest.raises(BnnclError) as caught:
        cut(module, path, numbers=numbers)
    return [problem.slug for problem in caught.value.problems], caught.value


class Call(nn.Module):
    """A function of the input and of layers."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.layers)


def conv(before: int = 8, after: int = 8, **more: object) -> nn.Module:
    return nn.Sequential(BinaryConv(before, after, 3, padding=1, **more), nn.BatchNorm2d(after))


def net(*layers: nn.Module, after: int = 8) -> nn.Module:
    torch.manual_seed(0)
    return network(*layers, before=8, after=after)


def plain() -> nn.Module:
    return net(
        SignLayer(), conv(), nn.MaxPool2d(2), SignLayer(), conv(alpha=True), nn.PReLU(8), SignLayer(), conv()
    )


BLOCKS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "plain": (plain, "6"),
    "plain_prelu": (lambda: net(SignLayer(), conv(), nn.Hardtanh(), SignLayer(), conv(), nn.PReLU(8)), "3"),
    "bireal": (lambda: net(BiReal(8, 8), BiReal(8, 8)), "3"),
    "bireal_down": (lambda: net(BiReal(8, 8), BiReal(8, 16, 2), after=16), "3"),
    "react": (lambda: net(ReAct(8, 8), ReAct(8, 8)), "3"),
    "react_down": (lambda: net(ReAct(8, 8), ReAct(8, 16, 2), after=16), "3"),
    "quick": (lambda: net(Quick(8, 8), Quick(8, 8)), "3"),
    "quick_down": (lambda: net(Quick(8, 8), Quick(8, 16, 2), after=16), "3"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_text_of_a_tail(name: str):
    make, path = BLOCKS[name]
    assert print_graph(cut(make(), path)[0].tail) == (TEXTS / f"{name}.txt").read_text().rstrip()


@pytest.mark.parametrize("name", BLOCKS)
def test_the_tail_is_the_model_but_for_the_shortcut(name: str):
    """With the real numbers themselves in place of the shortcut's, the tail makes the model's features."""
    make, path = BLOCKS[name]
    parts, graph, inputs = cut(make(), path)
    whole = run(graph, {"input": inputs})
    bits = run(parts.encode, {"input": inputs})[parts.cut]
    np.testing.assert_array_equal(bits, whole[parts.cut])
    values = {parts.cut: bits}
    for op in parts.tail.ops:
        if op.output in parts.shortcuts:
            real = whole_of(graph, parts, whole)
            low, high = (real[..., 3][bits[..., 3] == bit].mean() for bit in (-1, 1))
            assert op.scale.data[3] == pytest.approx((high - low) / 2)
            assert op.offset.data[3] == pytest.approx((high + low) / 2)
            values[op.output] = real
        else:
            values[op.output] = op.evaluate(*(values[read] for read in op.inputs))
    np.testing.assert_allclose(values[parts.tail.outputs[0]], whole[graph.outputs[0]], rtol=1e-12)
    assert bool(parts.shortcuts) == (not name.startswith("plain"))


def whole_of(graph: Graph, parts: CutModel, whole: dict[str, Array]) -> Array:
    """The real numbers that the sign of the cut reads."""
    sign = graph.producer(parts.cut)
    assert sign is not None
    return whole[sign.inputs[0]]


def test_both_graphs_are_whole():
    parts, graph, _ = cut(net(BiReal(8, 8), BiReal(8, 8)), "3")
    assert (parts.encode.name, parts.tail.name) == ("encode", "tail")
    assert parts.encode.outputs == parts.tail.inputs == (parts.cut,)
    assert parts.encode.values[parts.cut].storage is Storage.OUTPUT
    assert parts.tail.values[parts.cut].storage is Storage.INPUT
    assert parts.tail.outputs == graph.outputs
    assert isinstance(parts.tail.type_of(parts.cut).domain, Binary)
    assert parts.fixed == ("3.shift.bias",)
    assert parts.shortcuts == (f"{parts.cut}_shortcut",)


def test_a_channel_whose_bit_never_changes_has_a_constant_shortcut():
    module = net(BiReal(8, 8), BiReal(8, 8))
    with torch.no_grad():
        module[3].shift.bias[0, 0] = 1e3
        module[3].shift.bias[0, 1] = -1e3
    parts, graph, inputs = cut(module, "3")
    shortcut = parts.tail.producer(parts.shortcuts[0])
    assert isinstance(shortcut, RealAffine)
    real = whole_of(graph, parts, run(graph, {"input": inputs}))
    assert shortcut.scale.data[:2].tolist() == [0, 0]
    np.testing.assert_allclose(shortcut.offset.data[:2], real.mean((0, 1, 2))[:2])
    assert (shortcut.scale.data[2:] > 0).all()


def test_a_layer_of_a_block_can_be_named():
    names = [cut(net(BiReal(8, 8), BiReal(8, 8)), path)[0].cut for path in ("3", "3.conv")]
    assert names[0] == names[1]


def test_pooled_bits_are_kept_where_nothing_else_reads_the_others():
    parts = cut(net(conv(), SignLayer(), nn.MaxPool2d(2), conv()), "5")[0]
    assert isinstance(parts.encode.producer(parts.cut), MaxPool)
    parts = cut(net(conv(), nn.Sequential(SignLayer(), nn.MaxPool2d(2), conv())), "3")[0]
    assert isinstance(parts.encode.producer(parts.cut), MaxPool)

    def around(x, f):
        return f(F.max_pool2d(Sign.apply(x), 2)) + F.avg_pool2d(x, 2)

    parts = cut(net(conv(), Call(around, conv())), "3")[0]
    assert isinstance(parts.encode.producer(parts.cut), RealThreshold)
    assert parts.shortcuts


def test_a_second_sign_of_the_shortcut_is_taken_of_its_bits():
    def two(x, f, g, a, b):
        return f(Sign.apply(a(x))) + g(Sign.apply(b(x)))

    module = net(BiReal(8, 8), Call(two, conv(), conv(), Shift(8), Shift(8)))
    parts = cut(module, "3")[0]
    (sign,) = (op for op in parts.tail.ops if isinstance(op, RealThreshold))
    assert sign.x == parts.shortcuts[0]
    norms = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
    with torch.no_grad():
        norms[1].weight.fill_(-1)
    module = net(BiReal(8, 8), Call(two, conv(), conv(), *norms))
    slugs, error = problems(module, "3")
    assert slugs == ["tail-op"]
    assert "no single rising step" in str(error)


def test_sums_of_accumulators_in_front_of_the_cut():
    def down(x, f):
        return f(Sign.apply(x)) + F.avg_pool2d(x, 2)

    module = net(SignLayer(), BinaryConv(8, 8, 3, padding=1), Call(down, BinaryConv(8, 8, 3, 2, padding=1)))
    slugs, error = problems(module, "4.layers.0")
    assert slugs == ["tail-op"]
    assert "a sum over accumulators" in str(error)
    assert len(cut(module, "4")[0].shortcuts) == 1


def test_unknown_modules_and_the_head():
    module = net(BiReal(8, 8), BiReal(8, 8))
    x = torch.zeros(2, 1, 8, 8)
    model = open_model(ModelSource(module.eval(), example=x[:1], calibration=x), unfold="3")
    graph, _ = separate(model.graph)
    with pytest.raises(UsageError) as caught:
        cut_before(graph, "3.cnv", model.calibration, modules=model.modules)
    assert [problem.slug for problem in caught.value.problems] == ["unknown-train-module"]
    assert "3.conv" in str(caught.value)
    slugs, error = problems(module, "7")
    assert slugs == ["train-behind-head"]
    assert error.exit_code == 2


def test_modules_without_bits():
    for path in ("0", "1", "2.norm"):
        slugs, error = problems(net(BiReal(8, 8), BiReal(8, 8)), path)
        assert slugs == ["no-cut-in-module"]
        assert error.exit_code == 3


def test_a_norm_in_front_of_a_sign_does_not_learn():
    first = Call(lambda x, f: f(Sign.apply(x)), conv())
    module = net(first, Call(lambda x, f, n: f(Sign.apply(n(x))), conv(), nn.BatchNorm2d(8)))
    slugs, error = problems(module, "3.layers.1")
    assert slugs == ["no-cut-in-module"]
    assert cut(module, "3")[0].fixed[0] == "3.layers.1.weight"
    signs = Call(lambda x, n: Sign.apply(n(x)), nn.BatchNorm2d(8))
    slugs, error = problems(net(conv_of_signs(), signs, conv()), "3")
    assert slugs == ["train-module-in-front"]
    assert "3.layers.0.weight" in str(error)


def conv_of_signs() -> nn.Module:
    return nn.Sequential(SignLayer(), conv())


def test_paths_round_the_cut():
    def skip(x, f, g):
        return g(Sign.apply(f(Sign.apply(x)))) + x

    slugs, error = problems(net(Call(skip, conv(), conv())), "2.layers.1")
    assert slugs == ["path-round-the-cut"]
    assert isinstance(error, UnsupportedModel)
    assert error.exit_code == 3
    assert "2: it reads a value of 1" in str(error)


def test_all_problems_of_a_tail_at_once():
    class Frozen(BinaryConv):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.other = nn.Parameter(torch.zeros_like(self.weight))

        def forward(self, x):
            return self._conv_forward(x, Sign.apply(self.weight + self.other), None)

    def blocks(x, frozen, twice, norm):
        x = norm(frozen(Sign.apply(x)))
        x = norm(twice(Sign.apply(x)))
        return norm(twice(Sign.apply(x)))

    start = Call(blocks, Frozen(8, 8, 1), BinaryConv(8, 8, 3), nn.BatchNorm2d(8))
    slugs, error = problems(net(start, Wide(8), nn.Conv2d(16, 16, 1), after=16), "2")
    assert sorted(slugs) == ["frozen-filter", "shared-filter", "tail-op", "tail-op"]
    assert error.exit_code == 3
    assert "RealConcat" in str(error)
    assert "real-valued weights" in str(error)
    assert "2.layers.1.weight" in str(error)


def test_a_tail_with_nothing_to_train():
    slugs, error = problems(net(SignLayer(), conv(), SignLayer()), "4")
    assert slugs == ["nothing-to-train"]
    assert error.exit_code == 3

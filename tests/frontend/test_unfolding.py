"""What stands behind a replay cut is lowered step by step, and still computes what torch computes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from bnncl.diagnostics import UnsupportedModel, UsageError
from bnncl.frontend.capture import capture
from bnncl.frontend.model import ModelSource, open_model
from bnncl.frontend.recognise import recognise
from bnncl.ir.graph import Graph
from bnncl.ir.op import Op
from bnncl.ir.printer import print_graph
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.threshold import RealThreshold, Threshold
from tests.e2e.layers import BinaryConv as StridedConv
from tests.e2e.residual import RESIDUAL, TwoSlopes, settle
from tests.frontend import idioms
from tests.frontend.networks import NETWORKS, Conv, Shift, Sign, Step, build, samples, up
from tests.frontend.test_recognise import check, ops_of
from tests.frontend.test_recognise_sums import SUMS, Apply, branch, net

NOT_UNFOLDED = {"sigmoid", "tanh_scale"}
"""Networks whose smooth functions in front of a sign have no op of their own."""


def behind(graph: Graph, module: str) -> Iterator[Op]:
    """The ops that depend on a convolution of `module`."""
    reached: set[str] = set()
    for op in graph.ops:
        if reached & set(op.inputs):
            yield op
        elif op.module != module or not isinstance(op, BinaryConv | RealConv):
            continue
        reached.add(op.output)


def check_each_cut(make: nn.Module, x: torch.Tensor) -> None:
    """Unfold before each layer that is a binary convolution, in turn."""
    captured = capture(make, x[:1])
    named = {node.module for node in captured.nodes} - {""}
    for module in dict.fromkeys(op.module for op in ops_of(recognise(captured), BinaryConv)):
        if module not in named:
            continue
        graph = check(make, x, module).graph
        later = list(behind(graph, module))
        assert not [op.output for op in later if isinstance(op, Threshold)]
        assert not [op.output for op in later if isinstance(op, MaxPool) and op.minimum is not None]
        for op in later:
            if isinstance(op, RealThreshold):
                assert op.at.data.shape[0] == 1
                assert np.isfinite(op.at.data).all()
                assert (op.first.data == -1).all()


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in NOT_UNFOLDED])
def test_network(name: str):
    check_each_cut(build(NETWORKS[name].make), samples(NETWORKS[name].shape))


@pytest.mark.parametrize("name", [name for name in idioms.ZOO if name != "concat"])
def test_idiom(name: str):
    check_each_cut(idioms.build(name), idioms.example(name))


@pytest.mark.parametrize("name", SUMS)
def test_sum(name: str):
    channels = 16 if name == "side by side" else 8
    check_each_cut(net(*SUMS[name][0](), channels=channels), samples((2, 8, 8)))


@pytest.mark.parametrize("name", RESIDUAL)
def test_residual(name: str):
    torch.manual_seed(0)
    module, x = RESIDUAL[name](), samples((1, 12, 12))
    settle(module, x)
    check_each_cut(module.eval(), x)


def chain(*layers: nn.Module) -> nn.Module:
    """A stem, a sign as module 2, then `layers` from 3 on."""
    return net(Sign(), *layers)


def test_in_front_of_the_cut_all_is_folded_as_ever():
    module = chain(branch(), Sign(), branch(), Sign())
    x = samples((2, 8, 8))
    folded, unfolded = check(module, x).graph, check(module, x, "5").graph
    for one, other in zip(folded.ops[:3], unfolded.ops[:3], strict=True):
        assert type(one) is type(other)
        for (_, held), (_, again) in zip(one.constants(), other.constants(), strict=True):
            assert held.data.tobytes() == again.data.tobytes()
    assert len(ops_of(check(module, x, "5"), Threshold)) == 1


def test_a_module_is_everything_below_its_path():
    module = chain(nn.Sequential(branch(), Sign()), branch(), Sign())
    x = samples((2, 8, 8))
    texts = [print_graph(check(module, x, path).graph) for path in ("3", "3.0", "3.0.0")]
    assert texts[0] == texts[1] == texts[2]


def test_a_sign_is_a_shift_of_what_a_shortcut_reads():
    def bireal(x, f, shift):
        return f(up(shift(x))) + x

    module = chain(branch(), Apply(bireal, branch(), Shift(8)), Apply(bireal, branch(), Shift(8)))
    recognised = check(module, samples((2, 8, 8)), "3")
    thresholds = [op for op in ops_of(recognised, RealThreshold) if op.x != "layer_0"]
    for op, name in zip(thresholds, ("4.layers.1", "5.layers.1"), strict=True):
        shift = module.get_submodule(name).shift.detach().double().numpy().ravel()
        np.testing.assert_array_equal(op.at.data[0], -shift)
        assert op.at.origins[-1] == f"{name}.shift"
        assert op.module == name.split(".")[0]
    assert isinstance(recognised.graph.producer(thresholds[0].x), RealAffine)


def test_a_real_input_meets_signs_and_then_their_magnitudes():
    def down(x, conv, norm):
        return norm(conv(F.avg_pool2d(x, 2)))

    shortcut = Apply(down, StridedConv(8, 12, 1, alpha=True), nn.BatchNorm2d(12))
    block = Apply(lambda x, f, g: f(up(x)) + g(x), nn.Sequential(Conv(8, 12, 3, 2, 1), nn.BatchNorm2d(12)))
    block.layers.append(shortcut)
    module = build(lambda: net(branch_of_signs(), block, channels=12))
    recognised = check(module, samples((2, 8, 8)), "3")
    (conv,) = [op for op in ops_of(recognised, RealConv) if op.module == "3.layers.1.layers.0"]
    weight = module.get_submodule("3.layers.1.layers.0").weight.detach().numpy()
    np.testing.assert_array_equal(conv.filter.data[:, 0, 0], np.where(weight >= 0, 1, -1)[:, :, 0, 0])
    np.testing.assert_array_equal(conv.filter.latent[:, 0, 0], weight[:, :, 0, 0])
    assert conv.bias is None
    (after,) = recognised.graph.readers(conv.output)
    assert isinstance(after, RealAffine)
    assert "3.layers.1.layers.0.weight" in after.scale.origins
    assert "3.layers.1.layers.1.weight" in after.scale.origins


def branch_of_signs() -> nn.Module:
    """A binary convolution of the signs of its input."""
    return Apply(lambda x, f: f(up(x)), branch())


def test_a_clamp_in_front_of_a_sign_vanishes_but_a_relu_stays():
    x = samples((2, 8, 8))
    assert not ops_of(check(chain(branch(), nn.Hardtanh(), Sign(), branch()), x, "3"), RealClamp)
    relu = Apply(lambda x: torch.where(torch.relu(x) > 0.25, 1.0, -1.0))
    assert len(ops_of(check(chain(branch(), relu, branch()), x, "3"), RealClamp)) == 1


def test_two_slopes_in_front_of_a_sign_stay():
    recognised = check(chain(branch(), nn.PReLU(8), Shift(8), Sign(), branch()), samples((2, 8, 8)), "3")
    (prelu,) = ops_of(recognised, RealPRelu)
    (sign,) = [op for op in recognised.graph.readers(prelu.output) if isinstance(op, RealThreshold)]
    assert sign.x == prelu.output


def filter_of(signs: Callable[..., Tensor], *shape: int) -> tuple[RealConv | BinaryConv, nn.Module]:
    """The filter that a layer makes of its weights and of a parameter of `shape`, behind a cut."""

    class Layer(nn.Conv2d):
        def __init__(self):
            super().__init__(8, 8, 3, bias=False)
            self.other = nn.Parameter(torch.linspace(-0.5, 0.5, math.prod(shape)).reshape(shape))

        def forward(self, x):
            return self._conv_forward(x, signs(self.weight, self.other), None)

    module = build(lambda: chain(Layer(), nn.BatchNorm2d(8)))
    (conv,) = [op for op in check(module, samples((2, 8, 8)), "3").graph.ops if op.module == "3"]
    return conv, module[3]


@pytest.mark.parametrize(
    ("signs", "shape", "latent"),
    [
        (lambda w, _: up(w), (1,), lambda w, _: w),
        (lambda w, a: up(w + a), (8, 1, 1, 1), lambda w, a: w + a),
        (lambda w, a: up(w - a), (1,), lambda w, a: w - a),
        (
            lambda w, a: a.abs() * up(w - w.mean((1, 2, 3), True)),
            (8, 1, 1, 1),
            lambda w, _: w - w.mean((1, 2, 3), True),
        ),
    ],
)
def test_latent_weights_have_the_signs_of_the_filter(signs, shape, latent):
    conv, layer = filter_of(signs, *shape)
    wanted = latent(layer.weight, layer.other).detach().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(conv.filter.latent, wanted, atol=1e-6)
    np.testing.assert_array_equal(conv.filter.latent >= 0, conv.filter.data > 0)


def test_a_filter_with_other_signs_than_its_parameter_is_frozen():
    conv, _ = filter_of(lambda w, a: up(w.flip(0) + 0 * a), 1)
    assert conv.filter.latent is None
    assert "another sign than the parameter" in conv.filter.frozen_because


def test_slopes_of_one_are_kept_where_they_can_be_trained():
    slopes = TwoSlopes(8)
    nn.init.ones_(slopes.above)
    module, x = chain(branch(), slopes), samples((2, 8, 8))
    assert [op.positive is None for op in ops_of(check(module, x), RealPRelu)] == [True]
    (prelu,) = ops_of(check(module, x, "3"), RealPRelu)
    assert prelu.positive.data.tolist() == [1.0] * 8


def test_bits_of_zero_and_one_keep_the_sum_of_the_filter_out_of_the_offset():
    recognised = check(chain(branch(), Step(), branch()), samples((2, 8, 8)), "3")
    (conv,) = [op for op in ops_of(recognised, RealConv) if op.module == "5.0"]
    assert set(np.unique(conv.filter.data)) == {-1, 1}
    assert conv.filter.latent is not None
    reads = recognised.graph.producer(conv.x)
    assert isinstance(reads, RealAffine)
    assert reads.scale.data.tolist() == reads.offset.data.tolist() == [0.5] * 8


def test_pools_read_accumulators_only_where_nothing_learned_stands_between():
    x = samples((2, 8, 8))
    conv = Conv(8, 8, 3, padding=1)
    before = check(chain(conv, nn.MaxPool2d(2), nn.BatchNorm2d(8), Sign(), branch()), x, "3")
    (pool,) = ops_of(before, MaxPool)
    assert isinstance(before.graph.producer(pool.x), BinaryConv)
    after = check(chain(conv, nn.BatchNorm2d(8), nn.MaxPool2d(2), Sign(), branch()), x, "3")
    (pool,) = ops_of(after, MaxPool)
    assert isinstance(after.graph.producer(pool.x), RealAffine)
    assert not ops_of(check(chain(branch(), nn.AvgPool2d(2), Sign(), branch()), x, "3"), SumPool)


def test_a_falling_step_is_refused():
    falling = Apply(lambda x: torch.where(x >= 0, -1.0, 1.0))
    module = chain(branch(), falling, branch())
    with pytest.raises(UnsupportedModel) as caught:
        recognise(capture(module, samples((2, 8, 8))[:1]), unfold="3")
    assert [problem.slug for problem in caught.value.problems] == ["unsupported-step"]
    assert caught.value.exit_code == 3
    check(module, samples((2, 8, 8)))


def test_a_sign_that_ties_is_refused_as_ever():
    module = chain(Conv(8, 8, 3), Apply(torch.sign), branch())
    for unfold in (None, "3"):
        with pytest.raises(UnsupportedModel) as caught:
            recognise(capture(module, samples((2, 8, 8))[:1]), unfold=unfold)
        assert [problem.slug for problem in caught.value.problems] == ["sign-tie"]


def test_an_unknown_module_is_told_with_near_names():
    source = ModelSource(chain(nn.Sequential(branch(), Sign()), branch()), example=samples((2, 8, 8))[:1])
    assert "3.0.0" in open_model(source, unfold="3").modules
    with pytest.raises(UsageError) as caught:
        open_model(source, unfold="3.0.00")
    (problem,) = caught.value.problems
    assert problem.slug == "unknown-train-module"
    assert "3.0.0," in problem.hint
    assert caught.value.exit_code == 2

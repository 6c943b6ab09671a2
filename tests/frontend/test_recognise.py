"""Recognised graphs compute what torch computes, over a network for each construct."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bnncl.frontend.capture import capture
from bnncl.frontend.recognise import recognise
from bnncl.frontend.recognised import Recognised
from bnncl.frontend.replay import replay_values
from bnncl.interp import run
from bnncl.ir.op import Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.types import Binary
from bnncl.ir.verify import verify
from bnncl.ops.conv import BinaryConv, RealConv
from bnncl.ops.pool import MaxPool
from tests.frontend import idioms
from tests.frontend.disagreements import measure
from tests.frontend.networks import NETWORKS, Conv, Linear, Scale, Sign, Step, build, samples


def check(module: nn.Module, x: torch.Tensor, unfold: str | None = None) -> Recognised:
    """Recognise `module`; assert that every value agrees with torch, and that the scores do end to end."""
    captured = capture(module, x[:1])
    recognised = recognise(captured, unfold=unfold)
    assert verify(recognised.graph).stage is Stage.TRACED
    found = measure(captured, recognised, x)
    assert found[-1].value == "scores"
    assert {item.value: item.different for item in found if item.different} == {}
    assert {item.value: item.worst for item in found if item.worst > 1e-5} == {}
    scores = run(recognised.graph, {"input": recognised.lay_out(x)})["scores"][:, 0, 0]
    held = dict(recognised.observed)["scores"]
    truth = replay_values(captured, x, [held])[held].reshape(len(x), -1).double().numpy()
    np.testing.assert_allclose(scores, truth, rtol=1e-4, atol=1e-4 * np.abs(truth).max())
    return recognised


@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str):
    network = NETWORKS[name]
    graph = check(build(network.make), samples(network.shape)).graph
    ops = {type(op).__name__ for op in graph.ops}
    assert set(network.ops) <= ops
    assert not set(network.without) & ops


@pytest.mark.parametrize("name", [name for name in idioms.ZOO if name != "concat"])
def test_zoo(name: str):
    recognised = check(idioms.build(name), idioms.example(name))
    assert any(isinstance(op, BinaryConv) for op in recognised.graph.ops)


def ops_of(recognised: Recognised, kind: type) -> list:
    return [op for op in recognised.graph.ops if isinstance(op, kind)]


def test_text_of_a_small_graph():
    recognised = check(idioms.build("sign_ge"), idioms.example("sign_ge"))
    steps = "steps=Steps(at=int32[1x16], first=int8[16])"
    padded = "pad_top=1, pad_bottom=1, pad_left=1, pad_right=1"
    assert print_graph(recognised.graph).splitlines() == [
        "graph model(%input: 8x8x1:float) [TRACED]",
        "  %first: 8x8x8:float = RealConv(%input, filter=float32[8x3x3x1], "
        f"window=Window(filter_h=3, filter_w=3, {padded}), bias=float64[8], pad_value=0) @first",
        "  %first_sign: 8x8x8:binary = RealThreshold(%first, at=float64[1x8], first=int8[8]) @norm1",
        "  %conv2: 8x8x16:int32[-72..72] = BinaryConv(%first_sign, filter=int8[16x3x3x8], "
        f"window=Window(filter_h=3, filter_w=3, {padded}), pad_value=0) @conv2",
        f"  %conv2_sign: 8x8x16:binary = Threshold(%conv2, {steps}) @norm2",
        "  %conv2_pool: 4x4x16:binary = MaxPool(%conv2_sign, "
        "window=Window(filter_h=2, filter_w=2, stride_h=2, stride_w=2), minimum=bool[16]) @norm2",
        "  %conv3: 2x2x16:int32[-144..144] = BinaryConv(%conv2_pool, filter=int8[16x3x3x16], "
        "window=Window(filter_h=3, filter_w=3), pad_value=0) @conv3",
        f"  %conv3_sign: 2x2x16:binary = Threshold(%conv3, {steps}) @norm3",
        "  %conv3_flat: 1x1x64:binary = Flatten(%conv3_sign) @norm3",
        "  %fc: 1x1x16:int32[-64..64] = BinaryConv(%conv3_flat, filter=int8[16x1x1x64], window=Window(), "
        "pad_value=0) @fc",
        f"  %fc_sign: 1x1x16:binary = Threshold(%fc, {steps}) @norm4",
        "  %scores: 1x1x4:float = RealConv(%fc_sign, filter=float32[4x1x1x16], window=Window(), "
        "bias=float64[4]" + str(recognised.graph.ops[-1].bias.data.tolist()) + ", pad_value=0) @head",
        "  return %scores",
    ]


def test_minimum_marks_channels_with_a_falling_batch_norm():
    module = build(NETWORKS["pool_before_norm"].make)
    (pool,) = ops_of(check(module, samples((2, 8, 8))), MaxPool)
    falling = module[5].weight.detach().numpy() < 0
    assert falling.any()
    assert not falling.all()
    np.testing.assert_array_equal(pool.minimum.data, falling)


@pytest.mark.parametrize(("value", "units"), [(1.0, 1), (-1.0, -1), (0.0, 0)])
def test_padding_of_plus_minus_one(value: float, units: int):
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = Conv(2, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            x = F.pad(torch.where(x > 0.5, 1.0, -1.0), (1, 1, 2, 0), value=value)
            return self.norm(self.conv(x)).mean((2, 3))

    recognised = check(build(Padded), samples((2, 5, 5)))
    (conv,) = ops_of(recognised, BinaryConv)
    assert conv.pad_value == units
    window = conv.window
    assert (window.pad_top, window.pad_bottom, window.pad_left, window.pad_right) == (2, 0, 1, 1)


def test_zero_padding_of_zero_one_activations_is_minus_one():
    recognised = check(
        build(lambda: nn.Sequential(Step(), Conv(2, 4, 3, padding=1), nn.Flatten(), nn.Linear(256, 3))),
        samples((2, 8, 8)),
    )
    (conv,) = ops_of(recognised, BinaryConv)
    assert conv.pad_value == -1
    meaning = recognised.graph.values["input_sign"].meaning
    assert (meaning.scale == 0.5).all()
    assert (meaning.offset == 0.5).all()


def test_meaning_of_scaled_filters():
    module = build(lambda: nn.Sequential(Sign(), Conv(2, 4, 3, scaled=True, bias=True), nn.Flatten()))
    captured = capture(module, samples((2, 3, 3))[:1])
    recognised = recognise(captured)
    meaning = recognised.graph.values["layer_1"].meaning
    alpha = module[1].weight.detach().abs().mean((1, 2, 3)).numpy()
    np.testing.assert_array_equal(meaning.scale, alpha.astype(np.float64))
    np.testing.assert_array_equal(meaning.offset, module[1].bias.detach().double().numpy())
    (rounding,) = recognised.roundings
    assert (rounding.value, rounding.terms, rounding.exact) == ("layer_1", 18, False)
    assert rounding.bound == 18 * 2**-23


def test_filters_keep_their_latent_tensors():
    module = build(
        lambda: nn.Sequential(
            Sign(), Conv(3, 4, (2, 3)), Sign(), nn.Flatten(), Linear(4 * 7 * 6, 5, bias=False)
        )
    )
    conv, linear = ops_of(check(module, samples((3, 8, 8))), BinaryConv)
    latent = module[1].weight.detach().numpy().transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(conv.filter.latent, latent)
    np.testing.assert_array_equal(conv.filter.data, np.where(latent >= 0, 1, -1))
    torch_order = module[4].weight.detach().numpy().reshape(5, 4, 7, 6).transpose(0, 2, 3, 1).reshape(5, -1)
    np.testing.assert_array_equal(linear.filter.latent[:, 0, 0], torch_order)
    assert linear.filter.origins == ("4.weight",)


def test_a_square_linear_layer_keeps_the_right_latent():
    module = build(lambda: nn.Sequential(Sign(), Linear(16, 16, bias=False), Sign(), nn.Linear(16, 3)))
    (linear,) = ops_of(check(module, samples((16,))), BinaryConv)
    np.testing.assert_array_equal(linear.filter.latent[:, 0, 0], module[1].weight.detach().numpy())


def test_weights_from_a_buffer_are_frozen():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("signs", torch.randn(4, 8).sign())

        def forward(self, x):
            return F.linear(torch.where(x >= 0, 1.0, -1.0), self.signs)

    (conv,) = ops_of(check(Fixed(), samples((8,))), BinaryConv)
    assert conv.filter.latent is None
    assert conv.filter.frozen_because


def test_exact_zeros_in_a_filter_keep_it_real_and_say_so():
    module = build(lambda: nn.Sequential(Sign(), nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(108, 3)))
    with torch.no_grad():
        module[1].weight.sign_()
        module[1].weight[1, 0, 0, 0] = 0.0
    recognised = check(module, samples((2, 8, 8)))
    assert not ops_of(recognised, BinaryConv)
    notes = {(note.kind, note.where): note.message for note in recognised.notes}
    assert "exactly zero" in notes["real-layer", "1"]
    assert ("no-binary-layer", "the whole model") in notes


def test_a_scale_per_channel_between_sign_and_convolution_is_folded():
    module = build(
        lambda: nn.Sequential(Sign(), Scale(2), Conv(2, 4, 3), nn.BatchNorm2d(4), Sign(), Conv(4, 2, 6))
    )
    real, binary = check(nn.Sequential(module, nn.Flatten()), samples((2, 8, 8))).graph.ops[1::2][:2]
    assert isinstance(real, RealConv)
    assert isinstance(binary, BinaryConv)


def test_uint8_input():
    class Bytes(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3), Linear(4 * 36, 3, bias=False)

        def forward(self, x):
            return self.head(torch.where(self.conv((x.float() / 255 - 0.5) / 0.25) > 0, 1.0, -1.0).flatten(1))

    x = torch.randint(0, 256, (8, 3, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    check(build(Bytes), x)


def test_the_same_sign_read_twice_is_one_threshold():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.norm = Conv(2, 4, 3), nn.BatchNorm2d(4)
            self.conv2 = Conv(4, 4, 1)

        def forward(self, x):
            x = self.norm(self.conv1(torch.where(x >= 0, 1.0, -1.0)))
            left = torch.where(x >= 0, 1.0, -1.0)
            return self.conv2(2 * (x >= 0).float() - 1 + 0 * left).mean((2, 3))

    graph = check(build(Twice), samples((2, 8, 8))).graph
    assert [type(op).__name__ for op in graph.ops].count("Threshold") == 1


def test_names_are_c_identifiers_and_unique():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleDict({"int": nn.Sequential(Linear(8, 8), Sign()), "input": Linear(8, 8)})
            self.scores = nn.Linear(8, 3)

        def forward(self, x):
            x = torch.where(x >= 0, 1.0, -1.0)
            x = self.parts["int"](x)
            return self.scores(torch.where(self.parts["input"](x) >= 0, 1.0, -1.0))

    names = list(check(build(Odd), samples((8,))).graph.values)
    assert names == [
        "input", "input_sign", "parts_int_0", "parts_int_0_sign", "parts_input", "parts_input_sign", "scores",
    ]  # fmt: skip


def test_binary_values_have_a_sign_for_every_element():
    recognised = check(idioms.build("conv1d"), idioms.example("conv1d"))
    values = run(recognised.graph, {"input": recognised.lay_out(idioms.example("conv1d"))})
    for name, value in recognised.graph.values.items():
        if value.type.domain == Binary():
            assert set(np.unique(values[name])) <= {-1, 1}
            assert values[name].dtype == np.int8

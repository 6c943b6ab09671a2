"""What cannot be recognised is refused: everything at once, with a slug, a place and exit code 3."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, Problem, UnsupportedModel
from bnncl.frontend.capture import capture
from bnncl.frontend.recognise import recognise
from tests.frontend import idioms
from tests.frontend.networks import Conv, Linear, Pad, Scale, Shift, Sign, build, samples


class TorchSign(nn.Module):
    def forward(self, x):
        return torch.sign(x)


class Apply(nn.Module):
    """Any function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def problems(module: nn.Module, shape: tuple[int, ...] = (2, 8, 8)) -> tuple[Problem, ...]:
    with pytest.raises(UnsupportedModel) as caught:
        recognise(capture(module.eval(), samples(shape)[:1]))
    assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL
    return caught.value.problems


def slugs(module: nn.Module, shape: tuple[int, ...] = (2, 8, 8)) -> list[str]:
    return [problem.slug for problem in problems(module, shape)]


def net(*layers: nn.Module) -> nn.Module:
    return build(lambda: nn.Sequential(Sign(), *layers))


def test_everything_at_once():
    module = net(
        nn.Conv2d(2, 4, 3, groups=2),
        Apply(lambda x: torch.cumsum(x, 1)),
        Sign(),
        nn.ConvTranspose2d(4, 4, 3),
        nn.AvgPool2d(2, padding=1, count_include_pad=False),
    )
    found = problems(module)
    assert [problem.slug for problem in found] == ["unsupported-op"] * 4
    assert [problem.where for problem in found] == ["1", "2", "4", "5"]
    assert "groups=2" in found[0].message
    assert "aten.cumsum" in found[1].message
    assert "test_recognise_refusals.py:" in found[1].message


@pytest.mark.parametrize(
    ("layers", "channels", "why"),
    [
        ((Sign(), Conv(48, 48, 3, groups=2)), 48, "each group has 24 input and 24 output channels"),
        ((Sign(), Conv(8, 16, 3, groups=8)), 8, "each group has 1 input and 2 output channels"),
        ((Sign(), nn.Conv2d(64, 64, 3, groups=2)), 64, "not binary"),
        ((nn.ReLU(), Conv(8, 8, 3, groups=8)), 8, "not binary"),
    ],
)
def test_groups_that_have_no_kernel(layers: tuple[nn.Module, ...], channels: int, why: str) -> None:
    module = build(lambda: nn.Sequential(*layers, nn.Flatten()))
    found = problems(module, (channels, 6, 6))
    assert [problem.slug for problem in found] == ["unsupported-op"]
    assert "groups=" in found[0].message
    assert why in f"{found[0].why}"


def test_functions_between_other_unsupported_layers_are_named_too():
    module = net(
        nn.Conv2d(2, 4, 3),
        nn.Softplus(),
        nn.Conv2d(4, 4, 3),
        nn.SiLU(),
        nn.LayerNorm([4, 4, 4]),
        nn.Conv2d(4, 4, 1, groups=2),
        nn.GELU(),
        Sign(),
    )
    assert [problem.where for problem in problems(module)] == ["2", "4", "5", "6"]


def test_zoo_entry_with_many_unsupported_steps():
    found = problems(idioms.build("concat"), (1, 6, 6))
    assert {"unsupported-op", "unsupported-view"} == {problem.slug for problem in found}
    assert any("along dimension 1" in problem.message for problem in found)
    assert any("groups=2" in problem.message and problem.where == "conv" for problem in found)


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.AdaptiveAvgPool2d(3),
        Apply(lambda x: x.mean(1)),
        Apply(lambda x: x.mean(3)),
        Apply(lambda x: x * x.mean((2, 3), keepdim=True)),
        Apply(lambda x: x * F.relu(x)),
        Apply(lambda x: torch.where(x + x.flip(3) > 0, 1.0, -1.0)),
        Apply(lambda x: x * torch.arange(8.0)),
        Apply(lambda x: torch.where(x * torch.arange(8.0) > 1.5, 1.0, -1.0)),
        Apply(lambda x: F.conv2d(x, x)),
        nn.ReflectionPad2d(1),
        nn.GELU(),
        nn.Softmax(1),
        nn.BatchNorm2d(2, track_running_stats=False),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_unsupported_op(layer: nn.Module):
    module = build(lambda: nn.Sequential(nn.Conv2d(2, 2, 1), layer, nn.Flatten()))
    assert set(slugs(module)) <= {"unsupported-op", "unsupported-view", "output-not-scores"}
    assert "unsupported-op" in slugs(module) or "unsupported-view" in slugs(module)


@pytest.mark.parametrize(
    "view",
    [lambda x: x.view(-1, 4, 8, 4), lambda x: x.reshape(-1, 2, 64), lambda x: x.unsqueeze(1)],
)
def test_unsupported_view(view):
    module = build(lambda: nn.Sequential(nn.Conv2d(2, 2, 1), Apply(view), Apply(lambda x: x.relu())))
    assert "unsupported-view" in slugs(module)


@pytest.mark.parametrize(
    "layers",
    [
        (Conv(2, 4, 3), Shift(4), Pad(1, 1.0), Shift(4), Sign(), Conv(4, 4, 3)),
        (Pad(1, 1.0), Conv(2, 4, 3, padding=1)),
        (Pad(1, 1.0), nn.Flatten(), Linear(200, 4), nn.Unflatten(1, (4, 1))),
        (Pad(1, 1.0), nn.MaxPool2d(2), Conv(2, 4, 3)),
        (Pad(1, 1.0), Pad(1, -1.0), Conv(2, 4, 3)),
        (Pad(-1, 0.0), Conv(2, 4, 3)),
    ],
)
def test_unsupported_padding(layers: tuple[nn.Module, ...]):
    assert "unsupported-padding" in slugs(net(*layers, Apply(lambda x: x.flatten(2).mean(2))))


def test_more_than_two_levels():
    three = Apply(lambda x: torch.round(torch.clamp(x, -1, 1)))
    assert slugs(net(Conv(2, 4, 3), Shift(4), three, Conv(4, 4, 6), nn.Flatten())) == ["unsupported-levels"]
    real = build(lambda: nn.Sequential(nn.Conv2d(2, 4, 3), three, Conv(4, 4, 6), nn.Flatten()))
    assert slugs(real) == ["unsupported-levels"]


def test_a_reachable_tie_of_a_sign_is_refused_in_every_layer():
    found = problems(net(Conv(2, 4, 2), TorchSign(), Conv(4, 4, 2), TorchSign(), Conv(4, 3, 6), nn.Flatten()))
    assert [(problem.slug, problem.where) for problem in found] == [("sign-tie", "1"), ("sign-tie", "3")]
    assert "4 of 4 channels" in found[0].message


def test_a_tie_is_looked_for_where_the_accumulator_can_be():
    odd = net(Conv(3, 4, 3), TorchSign(), Conv(4, 3, 6), nn.Flatten())
    graph = recognise(capture(odd.eval(), samples((3, 8, 8))[:1])).graph
    assert [type(op).__name__ for op in graph.ops][2] == "Threshold"
    padded = net(Conv(3, 4, 3, padding=1), TorchSign(), Conv(4, 3, 8), nn.Flatten())
    assert slugs(padded, (3, 8, 8)) == ["sign-tie"]


def test_one_tied_channel_is_counted():
    norm = nn.BatchNorm2d(4)
    module = net(Conv(2, 4, 3), norm, TorchSign(), Conv(4, 3, 6), nn.Flatten())
    with torch.no_grad():
        norm.running_mean.copy_(torch.tensor([0.3, 2.0, 0.7, 1.1]))
        norm.running_var.fill_(1.0)
        norm.weight.fill_(2.0)
        norm.bias.zero_()
    norm.eps = 0.0
    (problem,) = problems(module)
    assert (problem.slug, problem.where) == ("sign-tie", "2")
    assert "1 of 4 channels" in problem.message


def test_a_dead_channel_of_a_real_sign_is_a_tie():
    module = build(
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), Scale(4), TorchSign(), Conv(4, 3, 6), nn.Flatten())
    )
    with torch.no_grad():
        module[1].factor[2] = 0.0
    (problem,) = problems(module)
    assert problem.slug == "sign-tie"
    assert "1 of 4 channels" in problem.message


def test_a_pool_between_two_functions_that_rise_and_fall():
    module = net(
        Conv(2, 4, 3), nn.PReLU(4, init=-1.0), nn.MaxPool2d(2), Shift(4), nn.PReLU(4), Shift(4), Sign(),
        Conv(4, 3, 3), nn.Flatten(),
    )  # fmt: skip
    with torch.no_grad():
        module[2].weight.fill_(-0.5)
        module[4].shift.fill_(-4.0)
        module[5].weight.fill_(-1.0)
        module[6].shift.fill_(-2.0)
    assert slugs(module) == ["pool-not-monotone"]


def test_an_input_with_too_many_dimensions():
    assert slugs(nn.Conv3d(1, 1, 3), (1, 4, 4, 4)) == ["unsupported-input"]


def test_an_output_that_is_a_map():
    assert slugs(nn.Conv2d(2, 3, 3)) == ["output-not-scores"]


def test_a_real_sign_notes_that_zeros_count_as_plus_one():
    def notes(sign: nn.Module) -> list[str]:
        module = build(lambda: nn.Sequential(nn.Conv2d(2, 4, 3), Scale(4), sign, Conv(4, 3, 6), nn.Flatten()))
        return [note.kind for note in recognise(capture(module, samples((2, 8, 8))[:1])).notes]

    assert notes(TorchSign()) == ["real-layer", "zero-taken-as-plus-one"]
    assert notes(Sign()) == ["real-layer"]
    assert notes(nn.Sequential(nn.ReLU(), TorchSign())) == ["real-layer"]


def test_a_tie_of_a_real_convolution_of_binary_numbers():
    module = net(nn.Conv2d(2, 4, 3, bias=False), TorchSign(), Conv(4, 3, 6), nn.Flatten())
    with torch.no_grad():
        module[1].weight.sign_()
        module[1].weight[3, 1, 2, 2] = 0.0
    assert slugs(module) == ["sign-tie"]
    with torch.no_grad():
        module[1].weight[3, 1, 2, 2] = 0.3
    notes = recognise(capture(module.eval(), samples((2, 8, 8))[:1])).notes
    assert any("binary activations alone" in note.message for note in notes)

"""Every idiom of the zoo is captured, and the capture replays as eager torch does, bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bnncl.frontend.capture import capture, run_eagerly
from bnncl.frontend.captured import Captured, Const, Node, Value
from bnncl.frontend.check import check_replay
from bnncl.frontend.replay import replay, replay_values
from tests.frontend import idioms


@pytest.mark.parametrize("name", list(idioms.ZOO))
def test_zoo_replays_bit_for_bit(name: str) -> None:
    module, x = idioms.build(name), idioms.example(name)
    captured = capture(module, x)
    expected = torch.cat([run_eagerly(module, x[i : i + 1].clone()) for i in range(len(x))])
    assert torch.equal(replay(captured, x), expected)
    result = check_replay(captured, module)
    assert result.identical == result.samples == 16


@pytest.mark.parametrize("name", list(idioms.ZOO))
def test_recorded_graph_is_pure_and_ordered(name: str) -> None:
    captured = capture(idioms.build(name), idioms.example(name))
    known = {captured.input}
    for node in captured.nodes:
        func = getattr(getattr(torch.ops.aten, node.op.split(".")[1]), node.op.split(".")[2])
        assert not func._schema.is_mutable, node
        assert all(ref.id in known for ref in node.references() if isinstance(ref, Value)), node
        assert any(isinstance(ref, Value) for ref in node.references()), node
        assert len(node.outputs) == len(node.shapes) == len(node.dtypes)
        known.update(node.outputs)
    assert sorted(known) == list(range(len(known)))
    assert captured.output in known
    assert [constant.id for constant in captured.constants] == list(range(len(captured.constants)))


@pytest.mark.parametrize("name", list(idioms.ZOO))
def test_module_and_example_stay_as_they_were(name: str) -> None:
    module, x = idioms.build(name).train(), idioms.example(name)
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    pointers = {key: tensor.data_ptr() for key, tensor in module.state_dict().items()}
    x_before = x.clone()
    capture(module, x)
    assert module.training
    assert all(part.training for part in module.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    after = module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert pointers == {key: tensor.data_ptr() for key, tensor in after.items()}
    assert torch.equal(x, x_before)


def _conv_filters(captured: Captured) -> list[str | None]:
    nodes = [node for node in captured.nodes if node.op == "aten.convolution.default"]
    filters = [node.args[1] for node in nodes]
    return [captured.constants[ref.id].latent for ref in filters if isinstance(ref, Const)]


@pytest.mark.parametrize("conv", list(idioms.CONVS))
def test_folded_filter_knows_its_latent_parameter(conv: str) -> None:
    captured = capture(idioms.build(f"conv_{conv}"), idioms.example(f"conv_{conv}"))
    latent = "weight_org" if conv == "data" else "weight"
    assert _conv_filters(captured) == ["first.weight", f"conv2.{latent}", f"conv3.{latent}"]
    node = next(node for node in captured.nodes if node.module == "conv2")
    reference = node.args[1]
    assert isinstance(reference, Const)
    constant = captured.constants[reference.id]
    real = captured.parameter(f"conv2.{latent}")
    assert torch.equal(constant.tensor.sign(), real.sign())
    assert not torch.equal(constant.tensor, real)


def test_latent_kept_on_the_parameter_survives_the_copy() -> None:
    module = idioms.build("conv_org")
    run_eagerly(module, idioms.example("conv_org"))
    assert set(module.conv2.weight.unique().tolist()) == {-1.0, 1.0}
    captured = capture(module, idioms.example("conv_org"))
    assert check_replay(captured, module).worst == 0.0


def test_nodes_name_module_and_line() -> None:
    captured = capture(idioms.build("shift"), idioms.example("shift"))
    by_module = {node.module: node for node in captured.nodes}
    assert {"first", "norm1", "rsign", "conv", "prelu", "move2", "head"} <= set(by_module)
    assert all(node.line.startswith(("idioms.py:", "idiom_pieces.py:")) for node in captured.nodes)


def _single(module: nn.Module, x: torch.Tensor) -> tuple[Node, ...]:
    captured = capture(module, x)
    assert check_replay(captured, module).worst == 0.0
    return captured.nodes


class _Writes(nn.Module):
    """Applies `change` to a clone of the input."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        y = x.clone()
        self.change(y)
        return y * 1


def _read_after_write(y: torch.Tensor) -> None:
    part = y[:, 1:]
    y.mul_(2)
    part.add_(1)
    y[:, 3].copy_(part[:, 2])


_CHANGES = {
    "slice": lambda y: y[:, 1:3].mul_(2),
    "select": lambda y: y[:, 0].fill_(3),
    "whole": lambda y: y.fill_(2).add_(1),
    "view": lambda y: y.view(-1)[2:9].neg_(),
    "transpose": lambda y: y.transpose(1, 2)[:, 1].add_(5),
    "permute": lambda y: y.permute(2, 0, 1)[1:2].sub_(1),
    "unsqueeze": lambda y: y.unsqueeze(0)[:, :, 1].div_(3),
    "mask": lambda y: y.masked_fill_(y > 0, -1),
    "index": lambda y: y.__setitem__(y < 0, 7.0),
    "out": lambda y: torch.add(y[:, :2], y[:, 2:], out=y[:, :2]),
    "swap": lambda y: y[:, :2].copy_(y[:, 2:] * 2),
    "converted": lambda y: y[:, 0].copy_(y[:, 1] > 0),
    "broadcast": lambda y: y.copy_(y[:, :1].sum((0, 1), keepdim=True)),
    "view_in_place": lambda y: y.unsqueeze_(0).squeeze_(0).mul_(3),
    "read_after_write": _read_after_write,
    "split": lambda y: [part.mul_(i) for i, part in enumerate(y.split(2, 1))],
    "unbind": lambda y: [part.add_(i) for i, part in enumerate(y.unbind(2))],
    "itself": lambda y: y.__setitem__((slice(None), 1), y[:, 1].mul_(2)),
}


@pytest.mark.parametrize("change", list(_CHANGES))
def test_in_place_writes_become_pure(change: str) -> None:
    x = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(3))
    if change == "whole":
        x = x.abs()
    module = _Writes(_CHANGES[change])
    if change == "whole":
        module = nn.Sequential(_Writes(lambda y: y.mul_(2)), _AddConstantOf(_CHANGES[change]))
    nodes = _single(module, x)
    assert all(not node.op.split(".")[1].endswith("_") for node in nodes)


class _AddConstantOf(nn.Module):
    """Overwrites a clone of the input wholly with constants, and adds that to the input."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        y = x.clone()
        self.change(y)
        return x + y


def test_constants_are_folded_and_unused_calls_dropped() -> None:
    class Net(nn.Module):
        def forward(self, x):
            scale = torch.ones(3).sum() * 2
            x.abs().max()
            return x * scale

    nodes = _single(Net(), torch.randn(1, 3))
    assert [node.op for node in nodes] == ["aten.mul.Tensor"]


def test_writes_into_a_new_tensor_are_followed() -> None:
    class Net(nn.Module):
        def forward(self, x):
            out = torch.full((1, 2, 5), -1.0)
            out[:, :, 1:4] = x
            return out.transpose(1, 2).contiguous()

    nodes = _single(Net(), torch.randn(1, 2, 3))
    assert nodes[0].op == "aten.slice_scatter.default"


def test_values_of_the_middle_can_be_read() -> None:
    captured = capture(idioms.build("shift"), idioms.example("shift"))
    x = idioms.example("shift", count=3)
    values = replay_values(captured, x, [captured.input, captured.nodes[0].outputs[0], captured.output])
    assert torch.equal(values[captured.input], x)
    assert [len(value) for value in values.values()] == [3, 3, 3]


@pytest.mark.parametrize("wrap", [lambda y: (y,), lambda y: {"scores": y}, lambda y: [[y]]])
def test_one_output_in_a_container_is_fine(wrap) -> None:
    class Net(nn.Module):
        def forward(self, x):
            return wrap(x * 2)

    x = torch.randn(2, 3)
    captured = capture(Net(), {"x": x})
    assert torch.equal(replay(captured, x), x * 2)


def test_a_scalar_read_that_changes_nothing_is_allowed() -> None:
    class Net(nn.Module):
        def forward(self, x):
            assert not torch.isnan(x).any()
            if x.max() > 100:
                self.last = "large"
            return x + 1

    captured = capture(Net(), torch.randn(2, 3))
    assert len(captured.facts.scalar_reads) == 2
    assert [node.op for node in captured.nodes] == ["aten.add.Tensor"]


def test_tensors_of_a_training_run_on_the_module_do_not_matter() -> None:
    module = idioms.build("shift").train()
    module.kept = module(idioms.example("shift")).sum()
    assert capture(module, idioms.example("shift")).nodes


def test_wrappers_are_looked_through() -> None:
    module, x = idioms.build("shift"), idioms.example("shift")
    plain = capture(module, x)
    for wrapped in (torch.compile(module), nn.DataParallel(module)):
        assert capture(wrapped, x).nodes == plain.nodes
        assert check_replay(plain, wrapped).worst == 0.0


def test_other_gradient_modes_inside() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

        def forward(self, x):
            with torch.inference_mode():
                y = x * self.weight
            with torch.enable_grad():
                return (y + 1) * self.weight.sign()

    _single(Net(), torch.randn(1, 3))


def test_statistics_of_the_sample_are_part_of_the_graph() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(4)

        def forward(self, x):
            y = nn.functional.batch_norm(x, self.norm.running_mean, self.norm.running_var, training=True)
            return nn.functional.instance_norm(y) * x.std() / x.mean()

    nodes = _single(Net(), torch.randn(1, 4, 5))
    assert [node.args[5] for node in nodes if node.op.startswith("aten.native_batch_norm")] == [True, True]


def test_weights_tied_by_their_memory() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
            self.two.weight = self.one.weight

        def forward(self, x):
            self.one.weight.data.mul_(0.5)
            return self.two(self.one(x))

    module = Net()
    before = module.one.weight.clone()
    captured = capture(module, torch.randn(1, 4))
    assert [constant.latent for constant in captured.constants] == ["one.bias", "one.weight", "two.bias"]
    assert torch.equal(captured.constants[1].tensor, before.t() * 0.5)
    assert torch.equal(module.one.weight, before)

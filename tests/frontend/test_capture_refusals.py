"""What capture refuses: each with its slug and exit code, naming the place."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, EXIT_USAGE, BnnclError
from bnncl.frontend.capture import capture
from bnncl.frontend.check import check_replay
from tests.frontend import idioms

X = torch.linspace(-1, 1, 6).reshape(2, 3)


def module(forward) -> nn.Module:
    """A module with one parameter that computes `forward(self, x)`."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))
            self.part = nn.Identity()

    Net.forward = forward
    return Net()


def refused(net: nn.Module, slug: str, x: object = X, code: int = EXIT_UNSUPPORTED_MODEL) -> str:
    """The message of the error `slug` that capturing `net` on `x` gives."""
    with pytest.raises(BnnclError) as caught:
        capture(net, x)
    assert {problem.slug for problem in caught.value.problems} == {slug}
    assert caught.value.exit_code == code
    return str(caught.value)


def test_branch_on_the_input_names_the_line() -> None:
    def forward(self, x):
        return x + 1 if x.sum() > 0 else x - 1

    message = refused(module(forward), "input-dependent-branch")
    line = forward.__code__.co_firstlineno + 1
    assert f"test_capture_refusals.py:{line}" in message


def test_every_branch_is_reported() -> None:
    def forward(self, x):
        y = x * x.max().item()
        return y[:, : int((x > -5).sum())]

    assert refused(module(forward), "input-dependent-branch").count("[input-dependent-branch]") == 2


def test_more_scalar_reads_than_can_be_tried() -> None:
    def forward(self, x):
        return x * sum(value.item() for value in x.repeat(1, 20).flatten())

    refused(module(forward), "input-dependent-branch")


def test_several_inputs_and_outputs() -> None:
    refused(module(lambda self, x, y: x + y), "several-inputs")
    refused(module(lambda self, x: x), "several-inputs", (X, X), EXIT_USAGE)
    refused(module(lambda self, x: (x + 1, x + 2)), "several-outputs")
    refused(module(lambda self, x: {}), "several-outputs")
    refused(module(lambda self, x: "scores"), "output-not-a-tensor")
    refused(module(lambda self, x: torch.ones(3) * self.weight), "output-ignores-input")


def test_non_finite_weights_are_all_listed() -> None:
    net = idioms.build("shift")
    net.norm1.running_var[2] = float("nan")
    with torch.no_grad():
        net.head.weight[0, :2] = float("inf")
    message = refused(net, "non-finite-weights", idioms.example("shift"))
    assert "norm1.running_var: 1 of 8" in message
    assert "head.weight: 2 of 40" in message
    message = refused(module(lambda self, x: x * (self.weight - 1).log()), "non-finite-weights")
    assert "computed from weight" in message


def test_random_numbers() -> None:
    refused(module(lambda self, x: x + torch.randn(3)), "random-in-forward")
    refused(module(lambda self, x: F.dropout(x, 0.5, training=True)), "random-in-forward")
    refused(module(lambda self, x: torch.bernoulli(x.abs())), "random-in-forward")
    assert capture(module(lambda self, x: (torch.randn(3), x + 1)[1]), X).nodes


def test_examples_that_cannot_be_used() -> None:
    net = module(lambda self, x: x + 1)
    refused(net, "example-dtype", X.double(), EXIT_USAGE)
    refused(net, "example-shape", X[0], EXIT_USAGE)
    refused(net, "example-shape", X[:0], EXIT_USAGE)
    refused(net, "example-type", [1.0], EXIT_USAGE)
    refused(net, "example-not-finite", X / 0 * 0, EXIT_USAGE)


def test_forward_that_fails_names_the_module() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    message = refused(net, "forward-failed")
    assert message.startswith("1: the forward pass raised RuntimeError")


def test_assertion_of_the_forward_pass_is_no_traceback() -> None:
    def forward(self, x):
        assert x.shape[1] == 4, "four features"
        return x

    assert "four features" in refused(module(forward), "forward-failed")


def test_copy_that_fails() -> None:
    net = module(lambda self, x: x + 1)
    net.source = (value for value in range(3))
    refused(net, "cannot-copy-module")


def test_tensors_that_cannot_be_followed() -> None:
    refused(module(lambda self, x: x @ torch.eye(3).to_sparse()), "unsupported-tensor")


def test_writes_that_cannot_be_followed() -> None:
    def diagonal(self, x):
        y = x.repeat(3, 1)
        y.diagonal().mul_(2)
        return y * 1

    def resized(self, x):
        y = x * 1
        return y.resize_(1, 2)

    message = refused(module(diagonal), "write-through-view")
    assert "aten.diagonal" in message
    refused(module(resized), "unsupported-in-place")


def test_memory_shared_in_a_way_that_cannot_be_followed() -> None:
    def forward(self, x):
        self.kept.add_(x.sum())
        return self.alias + 1

    net = module(forward)
    base = torch.zeros(4, 4)
    net.kept, net.alias = base, base.view(torch.int32)
    assert "hidden-alias" in refused(net, "hidden-alias")
    net.alias = base[1]
    assert [node.op for node in capture(net, X).nodes][-2:] == ["aten.as_strided.default", "aten.add.Tensor"]
    assert not base.any()


SCALE = [2.0]


def _reads_numpy(self, x):
    return x * float(np.sign(x.numpy()[0, 0]))


def _reads_global(self, x):
    SCALE[0] += 1
    return x * SCALE[0]


def _reads_list(self, x):
    return x + torch.tensor([row[0] for row in x.tolist()])[:, None]


def _draws_in_python(self, x):
    return x * random.random()


@pytest.mark.parametrize("forward", [_reads_numpy, _reads_global, _draws_in_python])
def test_silent_failures_are_caught_by_replay(forward) -> None:
    net = module(forward)
    captured = capture(net, X)
    with pytest.raises(BnnclError) as caught:
        check_replay(captured, net)
    assert [problem.slug for problem in caught.value.problems] == ["capture-differs"]
    assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL


def test_input_taken_apart_as_a_list() -> None:
    net = module(_reads_list)

    def both() -> None:
        check_replay(capture(net, X), net)

    with pytest.raises(BnnclError) as caught:
        both()
    assert caught.value.problems[0].slug in ("capture-differs", "input-dependent-branch")


def test_shape_that_depends_on_the_input() -> None:
    def forward(self, x):
        return x[x > 0].sum().reshape(1, 1)

    net = module(forward)
    refused(net, "input-dependent-shape")

"""Residual networks, trained for a few seconds: how true the integers are to PyTorch."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import bnncl
from bnncl.driver.project import labelled
from bnncl.ops.add import Add
from bnncl.verification.train import verify_training
from examples.data import load_digits_split

from .residual import RESIDUAL

EPOCHS, BATCH = 10, 50


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs and labels to learn from, then those to test with."""
    split = load_digits_split()
    held = [torch.as_tensor(array) for part in (split.train, split.test) for array in (part.x, part.y)]
    return held[0].float(), held[1].long(), held[2].float(), held[3].long()


@cache
def trained(name: str) -> nn.Module:
    torch.manual_seed(0)
    x, y, _, _ = digits()
    module = RESIDUAL[name]()
    optimizer = torch.optim.Adam(module.parameters(), 3e-3)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for at in order.split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(module(x[at]), y[at]).backward()
            optimizer.step()
    return module.eval()


@pytest.mark.parametrize(("bits", "same", "signs"), [(16, 0.99, 0.997), (8, 0.96, 0.9)])
@pytest.mark.parametrize("name", RESIDUAL)
def test_a_trained_network_answers_as_torch_does(name: str, bits: int, same: float, signs: float):
    x, _, tested, labels = digits()
    module = trained(name)
    with torch.no_grad():
        wanted = module(tested).argmax(1)
    assert float((wanted == labels).float().mean()) > 0.9
    project = bnncl.compile(module, example=x[:1], calibration=x[:256], name=name, real_bits=bits)
    assert (project.run(tested).argmax(1) == wanted.numpy()).mean() >= same
    agreements = [op.agreement for op in project.spec.report.ops if op.agreement is not None]
    assert len(agreements) >= 3
    assert min(agreements) >= signs
    adds = [call.op for call in project.spec.graph.ops if isinstance(call.op, Add)]
    assert len(adds) >= 3
    assert {add.bits for add in adds} == {bits}


@pytest.mark.parametrize("name", RESIDUAL)
def test_the_head_of_a_residual_network_learns(name: str, tmp_path, host_target):
    x, y, tested, _ = digits()
    options = {"train": "head", "replay": 20, "max_classes": 12, "rounding": "stochastic"}
    project = bnncl.compile(
        trained(name), example=x[:1], calibration=x[:256], labels=y[:256], name=name, **options
    )
    inputs, _ = labelled(tested[:40], None, project.spec.graph)
    result = verify_training(project.write(tmp_path / name), host_target, inputs, None)
    assert result.findings == ()
    assert result.minibatches >= 200

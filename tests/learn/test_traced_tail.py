"""The float tail in torch: what numpy computes of the traced graph, and gradients by its estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bnncl.driver.real_head import separate
from bnncl.driver.tail_cut import cut_before
from bnncl.frontend.model import ModelSource, open_model
from bnncl.interp import run
from bnncl.learn.baselines.traced_tail import TracedTail, sign
from tests.e2e.residual import RESIDUAL, settle
from tests.e2e.zoo import images

_BLOCKS = {"bireal": ("2", "3"), "react": ("2", "4"), "quick": ("3", "4")}


def tail_of(name: str, block: str):
    torch.manual_seed(3)
    module: nn.Module = RESIDUAL[name]()
    settle(module, images(50))
    model = open_model(ModelSource(module.eval(), example=images(1), calibration=images(40)), unfold=block)
    before, _ = separate(model.graph)
    cut = cut_before(before, block, model.calibration)
    latents = run(cut.encode, {cut.encode.inputs[0]: model.calibration})[cut.cut]
    return cut.tail, latents


@pytest.mark.parametrize(
    ("name", "block"), [(name, block) for name, both in _BLOCKS.items() for block in both]
)
def test_features_are_those_of_the_graph(name: str, block: str):
    tail, latents = tail_of(name, block)
    module = TracedTail(tail, latents)
    with torch.no_grad():
        got = module(torch.from_numpy(latents).float().permute(0, 3, 1, 2)).numpy()
    wanted = run(tail, {tail.inputs[0]: latents})[tail.outputs[0]].reshape(len(latents), -1)
    near = np.abs(got - wanted) <= 1e-3 * np.abs(wanted).max()
    assert near.mean() > 0.995
    assert np.abs(wanted).max() > 0
    assert len(list(module.parameters())) > 2


def test_every_parameter_learns():
    tail, latents = tail_of("bireal", "3")
    module = TracedTail(tail, latents)
    features = module(torch.from_numpy(latents).float().permute(0, 3, 1, 2))
    (features * torch.randn_like(features)).sum().backward()
    dead = [tuple(each.shape) for each in module.parameters() if each.grad is None or not each.grad.any()]
    assert not dead


def test_estimators_of_a_sign():
    for ste, wanted in (("clip", [0, 1, 1, 0]), ("approxsign", [0, 1.0, 2.0, 0]), ("identity", [1, 1, 1, 1])):
        x = torch.tensor([-1.5, -0.5, 0.0, 2.0], requires_grad=True)
        made = sign(x, ste)
        assert made.tolist() == [-1, -1, 1, 1]
        made.sum().backward()
        assert x.grad.tolist() == wanted

"""Where latents are taken from a graph in which paths part and meet."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import bnncl
from bnncl.driver.cuts import binary_cut
from bnncl.ir.types import Binary
from tests.e2e.layers import SignLayer
from tests.e2e.residual import BiReal, Quick, network, settle
from tests.e2e.zoo import build, images


def graph_of(module: nn.Module):
    return bnncl.compile(module, example=images(1), calibration=images(40), name="cut").spec.graph


@pytest.mark.parametrize("name", ["bireal", "react", "quick"])
def test_bits_that_a_shortcut_goes_round_are_no_cut(name: str):
    graph = graph_of(build(name))
    assert any(isinstance(value.type.domain, Binary) for value in graph.values.values())
    assert binary_cut(graph) is None


@pytest.mark.parametrize("block", [BiReal, Quick])
def test_bits_that_all_paths_cross_are_one(block: type[nn.Module]):
    torch.manual_seed(0)
    module = network(block(8, 8), SignLayer(), block(8, 8), before=8, after=8)
    settle(module, images(50))
    graph = graph_of(module.eval())
    cut = binary_cut(graph)
    assert cut is not None
    at = [op.output for op in graph.ops].index(cut)
    later = {op.output for op in graph.ops[at:]}
    assert all(set(op.inputs) <= later for op in graph.ops[at + 1 :])

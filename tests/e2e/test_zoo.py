"""Every intermediate of every zoo network: torch, the integer reference, and C on every core."""

from __future__ import annotations

import numpy as np
import pytest

from bnncl.driver.agreement import near_threshold
from bnncl.driver.project import stored_inputs
from bnncl.frontend.model import ModelSource, open_model
from bnncl.targets import TARGETS
from bnncl.verification.compare import compare
from bnncl.verification.harness import Sources
from bnncl.verification.verify import verify

from .residual import RESIDUAL
from .zoo import ZOO, build, images


@pytest.mark.parametrize("name", ZOO)
def test_c_equals_the_reference_on_every_core(compiled, any_target, name):
    project, folder = compiled(name)
    graph = project.spec.graph
    sources = Sources(folder, name, len(graph.ops))
    result = compare(project.spec.program, sources, any_target, stored_inputs(images(12, seed=5), graph))
    assert result.difference is None, str(result.difference)
    assert result.samples == 12
    assert result.elements > 12 * 100


@pytest.mark.parametrize("name", ZOO)
def test_a_fresh_project_verifies_on_the_host(compiled, name):
    _, folder = compiled(name)
    result = verify(folder, TARGETS["host"], measure=False)
    assert result.findings == ()
    assert result.edited == ()
    assert result.flash > 1000


@pytest.mark.parametrize("name", [name for name in ZOO if name not in RESIDUAL])
def test_the_reference_agrees_with_torch(compiled, name):
    project, _ = compiled(name)
    x = images(300, seed=9)
    wanted = build(name)(x).argmax(1).numpy()
    assert (project.run(x).argmax(1) == wanted).mean() >= 0.99


@pytest.mark.parametrize("name", ["cnn", "mlp", "strides"])
def test_binary_layers_are_torch_bit_for_bit(name):
    model = open_model(ModelSource(build(name), images(1)))
    wanted = model.torch_values(np.moveaxis(images(200, seed=3).numpy(), 1, -1))
    assert len(wanted) >= 2
    assert near_threshold(model.graph, wanted) == ()


def test_bits_that_differ_with_alpha_are_few_and_counted():
    model = open_model(ModelSource(build("cnn_alpha"), images(1)))
    wanted = model.torch_values(np.moveaxis(images(200, seed=3).numpy(), 1, -1))
    counted = near_threshold(model.graph, wanted)
    assert sum(near.bits for near in counted) <= 1e-4 * sum(value.size for value in wanted.values())


def test_a_flipped_torch_bit_is_counted():
    model = open_model(ModelSource(build("cnn"), images(1)))
    wanted = model.torch_values(np.moveaxis(images(4).numpy(), 1, -1))
    last = list(wanted)[-1]
    wanted[last] = wanted[last].copy()
    wanted[last][1, 0, 0, 3] *= -1
    (near,) = near_threshold(model.graph, wanted)
    assert (near.value, near.bits) == (last, 1)

"""Tails behind a cut of numbers: C learns as the reference does, and all read the numbers that are stored."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.driver.project import Project, stored_inputs
from bnncl.interp.latents import from_latents
from bnncl.interp.tail import TailLearner
from bnncl.ir.types import Packed
from bnncl.kernels.learned_head import parts
from bnncl.ops.tail.forward import SignAt
from bnncl.targets import TARGETS, Target
from bnncl.verification.train import Rehearsal, rehearse
from bnncl.verification.verify import verify
from tests.e2e.layers import SignLayer
from tests.e2e.residual import BiReal, Quick, ReAct, network, settle
from tests.e2e.test_tail_state import taken, wrong_words
from tests.e2e.zoo import images
from tests.state.native import SANITIZERS
from tests.state.test_generated import run
from tests.tools import require_target, require_tool

STEPS = 50


def with_bits_for_its_head(module: nn.Sequential) -> nn.Module:
    return nn.Sequential(*module[:-1], SignLayer(), module[-1])


CASES: dict[str, tuple[Callable[[], nn.Module], int, dict[str, object]]] = {
    "bireal": (lambda: network(BiReal(8, 8), BiReal(8, 8), before=8, after=8), 8, {"ste": "approxsign"}),
    "react": (lambda: network(ReAct(10, 10), ReAct(10, 12, 2), before=10, after=12), 6, {"qw": 8}),
    "quick": (
        lambda: with_bits_for_its_head(network(Quick(8, 8), Quick(8, 8), before=8, after=8)),
        7,
        {"qf": 5},
    ),
}


@cache
def project(name: str) -> Project:
    make, bits, options = CASES[name]
    torch.manual_seed(5)
    module = make()
    settle(module, images(50))
    x = images(80)
    labels = module.eval()(x).argmax(1).numpy()
    sizes = {"replay": 12, "max_classes": 12, "experience": 16, "minibatch": (4, 4), "epochs": 2}
    return bnncl.compile(
        module,
        ("host", "cortex-m7"),
        example=images(1),
        calibration=x,
        labels=labels,
        name="net",
        train="3",
        replay_bits=bits,
        replay_init=(x[:10], labels[:10]),
        tail_rate=0.1,
        rounding="stochastic",
        **{**sizes, **options},
    )


@cache
def rehearsed(name: str, folder: Path) -> Rehearsal:
    inputs = stored_inputs(images(24, seed=11).numpy(), project(name).spec.graph)
    return rehearse(project(name).write(folder / name / "net"), inputs, np.arange(24) % 12, STEPS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("numbers")


@pytest.mark.parametrize("name", CASES)
def test_a_block_learns_from_numbers_as_in_the_reference(
    name: str, folder: Path, host_target: Target
) -> None:
    result = rehearsed(name, folder).on(host_target)
    assert result.findings == ()
    assert result.minibatches >= STEPS
    assert min(result.flips, result.commits, result.new_classes, result.changed_bytes) > 0
    assert result.replacements > 0
    assert verify(folder / name / "net", host_target, measure=False).findings == ()


def test_an_emulated_core_learns_the_same(folder: Path) -> None:
    target = TARGETS["cortex-m7"]
    require_target(target)
    assert rehearsed("bireal", folder).on(target).findings == ()


@pytest.mark.parametrize("name", CASES)
def test_all_read_what_is_stored(name: str) -> None:
    """Inference, a new sample and a replayed one; a tail of fewer bits reads fewer of them."""
    made, bits = project(name), CASES[name][1]
    cut, said = parts(made.spec.graph), made.report.learning
    assert isinstance(cut.latent.domain, Packed)
    assert said is not None
    assert cut.latent.domain.bits == said.latent_bits == bits
    assert said.latent_bytes == 4 * -(-cut.latent.elements * bits // 32)
    sample = made.spec.program.graph("sample")
    kinds = ["Unpack", "Requantize"] if name == "quick" else ["Unpack"]
    for graph in (cut.tail, sample):
        assert [type(op.op).__name__ for op in graph.ops[: len(kinds)]] == kinds
    inputs = stored_inputs(images(20).numpy(), made.spec.graph)
    device = made.learner()
    kept = device.latents(inputs)
    numbers = from_latents(kept, cut.latent)
    top = (1 << (bits - 1)) - 1
    assert top // 2 < np.abs(numbers).max() <= top
    assert len(np.unique(numbers)) > top // 2
    again = np.array([device.head.features_of(latent) for latent in kept])
    assert np.array_equal([device.head.scores16(row) for row in again], device.infer(inputs))


def test_the_offset_of_the_first_sign_learns() -> None:
    """Behind a cut of bits it cannot: it stands in front."""
    made, inputs = project("bireal"), images(16, seed=3)
    device = made.learn(inputs, np.arange(16) % 12)
    (sign,) = (op.op for op in parts(made.spec.graph).tail.ops if isinstance(op.op, SignAt))
    (state,) = (each for each in made.spec.program.states if each.name == sign.y)
    assert state.role == "kept"
    (first,) = (each.initial for each in made.spec.program.states if each.name == state.of)
    assert first is not None
    assert isinstance(device.head, TailLearner)
    assert not np.array_equal(device.head.states[sign.y][0], first.data)


def test_the_state_survives_a_loss_of_power(folder: Path, tmp_path: Path) -> None:
    require_tool("gcc")
    spec = project("bireal").spec
    rehearsed("bireal", folder)
    more: dict[str, str | int] = {"TAIL_ARRAYS": taken(spec), "TAIL_WRONG": wrong_words(spec)}
    where = folder / "bireal" / "net"
    cuts, old, new = run(where, tmp_path, "host", SANITIZERS, CUT_STRIDE="997u", CUT_SHAPES=1, **more)
    assert cuts == old + new > 10
    assert new > 0

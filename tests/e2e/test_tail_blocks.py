"""Real PyTorch blocks behind a cut learn in C as in the reference, call by call, on every core."""

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
from bnncl.kernels.learned_head import parts
from bnncl.targets import Target
from bnncl.verification.train import Rehearsal, rehearse
from tests.e2e.layers import BinaryConv, SignLayer
from tests.e2e.residual import BiReal, Quick, ReAct, network, settle
from tests.e2e.zoo import images

STEPS = 100
Rehearse = Callable[[str], Rehearsal]


def chain() -> nn.Module:
    plain = (
        *(SignLayer(), BinaryConv(12, 16, 3, padding=1), nn.BatchNorm2d(16), nn.PReLU(16)),
        *(SignLayer(), BinaryConv(16, 16, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(16)),
    )
    return network(nn.Sequential(*plain), before=12, after=16)


EVERYTHING = {
    "tail_rate": 0.3,
    "rounding": "stochastic",
    "ste": "approxsign",
    "qw": 8,
    "accumulate": 8,
    "minibatch": (6, 6),
    "gradient_scale": "static",
}
CASES: dict[str, tuple[Callable[[], nn.Module], str, dict[str, object]]] = {
    "chain": (chain, "2", {"tail_rate": 0.1, "rounding": "stochastic"}),
    "bireal": (lambda: network(BiReal(8, 8), BiReal(8, 16, 2), before=8, after=16), "3", {"tail_rate": 0.1}),
    "bireal-all": (lambda: network(BiReal(8, 8), BiReal(8, 8), before=8, after=8), "2", EVERYTHING),
    "react": (
        lambda: network(ReAct(10, 10), ReAct(10, 12, 2), ReAct(12, 12), before=10, after=12),
        "3",
        {"tail_rate": 0.1, "ste": "identity", "abort": "storage"},
    ),
    "quick": (
        lambda: network(Quick(8, 8), Quick(8, 16, 2), before=8, after=16),
        "2",
        {"tail_rate": 0.1, "latent_rule": "sign"},
    ),
}


@cache
def project(name: str) -> Project:
    make, block, options = CASES[name]
    torch.manual_seed(5)
    module = make()
    settle(module, images(50))
    x = images(80)
    labels = module.eval()(x).argmax(1).numpy()
    sizes = {"replay": 12, "max_classes": 12, "experience": 16, "minibatch": (4, 4), "epochs": 2}
    return bnncl.compile(
        module,
        ("host", "cortex-m7", "cortex-m0plus", "rv32imac"),
        example=images(1),
        calibration=x,
        labels=labels,
        name="net",
        train=block,
        **{**sizes, **options},
    )


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    """`rehearsed(case)`: a run of a project in Python, made once."""
    made: dict[str, Rehearsal] = {}

    def run(name: str) -> Rehearsal:
        if name not in made:
            folder: Path = project(name).write(tmp_path_factory.mktemp(name) / "net")
            graph = project(name).spec.graph
            inputs = stored_inputs(images(24, seed=11).numpy(), graph)
            made[name] = rehearse(folder, inputs, np.arange(24) % 12, STEPS)
        return made[name]

    return run


@pytest.mark.parametrize("name", CASES)
def test_a_block_learns_the_same_on_every_core(rehearsed: Rehearse, any_isa: Target, name: str) -> None:
    result = rehearsed(name).on(any_isa)
    assert result.findings == ()
    assert result.minibatches >= STEPS
    assert min(result.commits, result.new_classes, result.changed_bytes) > 0
    signs_last = CASES[name][2].get("latent_rule") == "sign"
    assert result.flips > 0 or signs_last, "a latent of rule (ii) has to cross its whole range in one step"


def test_a_few_samples_are_summed_up_in_16_bits(rehearsed: Rehearse, host_target: Target) -> None:
    """An update after every 8 samples of 12 and one after the rest, from sums in int16; else from int32."""
    for name, bits in (("bireal-all", 16), ("bireal", 32)):
        program = project(name).spec.program
        filters = {state.name for state in program.states if state.role == "latent"}
        sums = {
            state.type.domain.bits
            for state in program.states
            if state.of in filters and state.role == "gradient"
        }
        assert sums == {bits}
        config = parts(program.graphs[0]).head.config
        assert (config.between_updates, config.batch) == ((8, 12) if bits == 16 else (8, 8))
    source = (rehearsed("bireal-all").project.folder / "src/net_tail.c").read_text()
    assert "bnncl_filter_accumulate_bits_i16_pairs(" in source


def test_nothing_is_vacuous(rehearsed: Rehearse, host_target: Target) -> None:
    found = rehearsed("bireal-all").on(host_target)
    assert min(found.flips, found.weight_round_ups, found.gradient_saturations) > 0
    assert found.weight_saturations + found.saturations > 0

"""The float32 C that integers are held against computes what the ops mean and what PyTorch learns."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bnncl.learn.baselines.tail import Parameters, TailRecipe, Trainer
from bnncl.learn.baselines.traced_tail import TracedTail
from bnncl.targets import TARGETS
from examples.tail_cost.__main__ import main
from examples.tail_cost.float_case import Learning
from examples.tail_cost.measure import LAYERS, PASSES, Layer, counted, digest
from examples.tail_cost.model import CLASSES, MINIBATCH, Case, Shape, case_of
from examples.tail_cost.step import DEAREST, FLOATS, PARTS, SHAPES, counted_float, counted_integer, named
from tests.tools import require_target

SMALL = Layer(32, 5)
SEVERAL = Learning(8, 3, head_rate=0.1, rate=2.0, shown=True)
FAR = Learning(8, 1, head_rate=0.1, rate=5000.0, shown=True)
Numbers = NDArray[np.float32]


@pytest.mark.parametrize("floating", [False, True], ids=["integer", "float32"])
@pytest.mark.parametrize("name", ["host", "cortex-m0plus", "cortex-m7", "rv32imac"])
def test_every_pass_makes_what_its_op_means(name: str, floating: bool) -> None:
    require_target(TARGETS[name])
    for layer in (SMALL, *LAYERS) if name == "cortex-m7" else (SMALL,):
        _, said = counted(layer, TARGETS[name], floating=floating)
        assert said == {what: digest(made) for what, made in layer.results().items()}


@cache
def tail(channels: int = 32, size: int = 4) -> Case:
    return case_of(Shape(channels, size), ("host", "cortex-m7", "cortex-m0plus"))


def learned_in_pytorch(case: Case, learning: Learning) -> dict[str, Numbers]:
    """Every parameter after the minibatches, by autograd, as the C program prints them."""
    made, rows = case.tail(), torch.from_numpy(case.rows.copy()).requires_grad_()
    recipe = TailRecipe(learning.head_rate, 1, learning.batch, 0, 0, tail_rate=learning.rate)
    trainer = Trainer(made, Parameters.of_traced(made), recipe)
    latents = torch.from_numpy(case.latents[: learning.batch]).float().permute(0, 3, 1, 2)
    labels = torch.from_numpy(case.labels[: learning.batch])
    for _ in range(learning.batches):
        trainer.step(rows, latents, labels, torch.ones(len(rows), dtype=torch.bool))
    return {"rows": rows.detach().numpy(), **parameters(made)}


def parameters(made: TracedTail) -> dict[str, Numbers]:
    filters = [each.permute(0, 2, 3, 1) for each in made.filters.values()]
    none = torch.zeros(filters[0].shape[0])
    kinds = {
        "filters": filters,
        "scales": made.scales.values(),
        "offsets": made.offsets.values(),
        "slopes": made.slopes.values(),
        "at": [none, *made.signs.values()],
    }
    return {name: torch.stack(list(each)).detach().numpy().copy() for name, each in kinds.items()}


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize(
    ("name", "learning"),
    [("host", SEVERAL), ("host", FAR), ("cortex-m7", SEVERAL), ("cortex-m0plus", FAR)],
    ids=["host-several", "host-far", "cortex-m7-several", "cortex-m0plus-far"],
)
def test_the_float_tail_learns_as_pytorch_does(name: str, learning: Learning, kind: str) -> None:
    require_target(TARGETS[name])
    _, limited = compared(tail(), name, learning, kind)
    assert (limited > 0.01) == (learning == FAR)


@pytest.mark.parametrize("kind", FLOATS)
def test_so_does_the_one_that_is_counted(kind: str) -> None:
    case = tail(SHAPES[0].channels, SHAPES[0].size)
    compared(case, "host", SEVERAL, kind)


def compared(case: Case, name: str, learning: Learning, kind: str = "float32") -> tuple[float, float]:
    """What of the filters' signs flipped, and what of their latent weights is at a limit, as 0..1."""
    _, said = counted_float(case, TARGETS[name], learning, FLOATS[kind])
    wanted, first = learned_in_pytorch(case, learning), {"rows": case.rows, **parameters(case.tail())}
    assert said.keys() == wanted.keys()
    for kind, values in wanted.items():
        got = np.array(said[kind], np.uint32).view(np.float32).reshape(values.shape)
        moved = np.abs(values - first[kind]).max()
        assert moved > 0, kind
        assert np.abs(got - values).max() < 1e-4 * moved + 1e-6 * np.abs(values).max(), kind
    flipped = ((wanted["filters"] >= 0) != (first["filters"] >= 0)).mean()
    limited = (np.abs(wanted["filters"]) == 1).mean()
    assert 0.005 < flipped < 0.6
    return float(flipped), float(limited)


def test_both_tails_start_alike() -> None:
    case = tail()
    states = {state.module: state for state in case.project.spec.program.states if state.role == "latent"}
    filters = parameters(case.tail())["filters"]
    assert len(states) == len(filters) == case.shape.blocks
    for state, values in zip(states.values(), filters, strict=True):
        assert state.initial is not None
        signs = state.initial.data.reshape(values.shape) >= 0
        assert (signs == (values >= 0)).mean() > 0.999
    assert len(case.images) == len(case.labels) == sum(MINIBATCH)


def test_every_op_of_a_step_is_counted() -> None:
    require_target(TARGETS["cortex-m0plus"])
    case = tail()
    program = case.project.spec.program
    rows = counted_integer(case, TARGETS["cortex-m0plus"])
    sample, update = (len(program.graph(name).ops) for name in ("sample", "update"))
    units = [(what, at) for what, at, _ in rows]
    one = [("sample", at) for at in range(sample + 1)]
    assert units == one * sum(MINIBATCH) + [("update", at) for at in range(CLASSES + update)]
    backward = [row for row in named(case, rows) if row[0] == "backward"]
    assert "filter_accumulate_bits" in max(backward, key=lambda row: row[2])[1]


def test_integers_take_fewer_instructions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("cortex-m7", "cortex-m0plus"):
        require_target(TARGETS[name])
    main(["-o", str(tmp_path / "cost.json")])
    said = json.loads((tmp_path / "cost.json").read_text())
    printed = capsys.readouterr().out
    assert len(printed.split("\n\n")[0].splitlines()) == 1 + 2 * len(LAYERS) * (len(PASSES) + 1)
    assert printed.count("| step |") == printed.count("Dearest") == 2 * len(SHAPES)
    for name, least in (("cortex-m7", 2.2), ("cortex-m0plus", 10.0)):
        for layer in LAYERS:
            costs = said["convolution"][name][layer.name]
            for kind in ("integer", "float32"):
                assert costs["all"][kind] == sum(costs[what][kind] for what in PASSES)
            assert costs["all"]["float32_by_integer"] >= least
        for shape in SHAPES:
            found = said["step"][shape.name][name]["costs"]
            for kind in ("integer", *FLOATS):
                assert found["step"][kind] == sum(found[part][kind] for part in PARTS)
                share = (found["step"][kind] - found["update"][kind]) / sum(MINIBATCH)
                assert abs(found["sample"][kind] - share) < 1
            assert found["step"]["float32_by_integer"] >= least
            assert found["step"]["float32_tiled_by_integer"] >= 0.8 * least
            assert len(said["step"][shape.name][name]["dearest"]) == DEAREST

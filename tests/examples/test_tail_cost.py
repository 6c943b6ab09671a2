"""Both ways to compute a convolution that learns make what the ops mean; the figures are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnncl.targets import TARGETS
from examples.tail_cost.__main__ import main
from examples.tail_cost.measure import LAYERS, PASSES, Layer, counted, digest
from tests.tools import require_target

SMALL = Layer(32, 5)


@pytest.mark.parametrize("floating", [False, True], ids=["integer", "float32"])
@pytest.mark.parametrize("name", ["host", "cortex-m0plus", "cortex-m7", "rv32imac"])
def test_every_pass_makes_what_its_op_means(name: str, floating: bool) -> None:
    require_target(TARGETS[name])
    for layer in (SMALL, *LAYERS) if name == "cortex-m7" else (SMALL,):
        _, said = counted(layer, TARGETS[name], floating=floating)
        assert said == {what: digest(made) for what, made in layer.results().items()}


def test_integers_take_fewer_instructions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("cortex-m7", "cortex-m0plus"):
        require_target(TARGETS[name])
    main(["-o", str(tmp_path / "cost.json")])
    said = json.loads((tmp_path / "cost.json").read_text())
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2 * len(LAYERS) * (len(PASSES) + 1)
    for name, least in (("cortex-m7", 2.2), ("cortex-m0plus", 10.0)):
        for layer in LAYERS:
            costs = said[name][layer.name]
            for kind in ("integer", "float32"):
                assert costs["all"][kind] == sum(costs[what][kind] for what in PASSES)
            assert costs["all"]["float32_by_integer"] >= least

"""The int8 network that the compiled one is held against computes what its layers mean."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.ops.window import Window
from bnncl.targets import TARGETS
from examples.int8_cost import measure
from examples.int8_cost.__main__ import main
from examples.int8_cost.network import Layer, Network, layers_of
from tests.e2e.layers import SignLayer
from tests.frontend.idiom_pieces import ConvSte
from tests.tools import require_target


def edges() -> Network:
    """Every kind of layer: strides, padding, odd sizes, channels that are no multiple of 4."""
    return Network(
        (
            Layer(
                "conv", Window(3, 2, 2, 1, pad_top=1, pad_bottom=1, pad_left=1), (7, 6, 3), (4, 6, 10), (0,)
            ),
            Layer("maxpool", Window(3, 3, 2, 2, pad_top=1, pad_left=1), (4, 6, 10), (2, 3, 10), (1,)),
            Layer("conv", Window(1, 1), (2, 3, 10), (2, 3, 7), (2,)),
            Layer("sumpool", Window(2, 3), (2, 3, 7), (1, 1, 7), (3,)),
        )
    )


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m7", "rv32imac"])
def test_every_layer_computes_what_it_means(name: str) -> None:
    require_target(TARGETS[name])
    counts = measure.int8_counts(edges(), TARGETS[name])
    assert len(counts) == 4
    assert min(counts) > 100


def test_layers_of_numpy_are_those_of_torch() -> None:
    network = edges()
    first = next(network.results())
    drawn, layer = network.constants[0], network.layers[0]
    x = torch.from_numpy(network.input.astype(np.float64)).permute(2, 0, 1)[None]
    padded = nn.functional.pad(x, (1, 0, 1, 1))
    weights = torch.from_numpy(drawn.filter.astype(np.float64)).permute(0, 3, 1, 2)
    bias = torch.from_numpy(drawn.bias.astype(np.float64))
    sums = nn.functional.conv2d(padded, weights, bias, stride=(2, 1))[0].permute(1, 2, 0).numpy()
    assert first.shape == layer.out
    assert np.array_equal(first, np.clip(np.floor(sums * drawn.multiplier / 2**24 + 0.5), -128, 127))


def test_an_operation_without_a_counterpart_is_named() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.PReLU(4), nn.Flatten(), nn.Linear(4 * 36, 2)).eval()
    project = bnncl.compile(module, example=torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="PRelu"):
        layers_of(project.spec.graph)


def test_the_command_prints_and_keeps_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_target(TARGETS["cortex-m7"])
    torch.manual_seed(1)
    module = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), SignLayer(), ConvSte(32, 32, 3, padding=1)),
        *(nn.BatchNorm2d(32), SignLayer(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 16, 3)),
    ).eval()
    images = torch.rand(4, 1, 8, 8)
    bnncl.save(module, tmp_path / "model.pt", images[:1], calibration=images, labels=torch.zeros(4).long())
    np.savez(tmp_path / "test.npz", x=images.numpy(), y=np.zeros(4, np.int64))
    main([str(tmp_path), "--core", "cortex-m7", "-o", str(tmp_path / "cost.json")])
    said = capsys.readouterr().out
    held = json.loads((tmp_path / "cost.json").read_text())[tmp_path.name]["cortex-m7"]
    assert [row["layer"].split()[0] for row in held["layers"]] == ["conv", "conv", "maxpool", "conv"]
    assert held["int8"] > 5 * held["bnncl"]
    assert f"{held['int8']:,}" in said
    assert "100.0 %" in said

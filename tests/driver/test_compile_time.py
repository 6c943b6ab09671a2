"""Twenty binary layers compile in seconds, and how many samples are looked at is the model's affair."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.driver.samples import macs, spread
from bnncl.frontend.model import ModelSource, open_model
from tests.e2e.zoo import BinaryConv, SignLayer, build, images


def deep(layers: int = 20, channels: int = 64) -> nn.Module:
    torch.manual_seed(0)
    parts: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.BatchNorm2d(channels), SignLayer()]
    for _ in range(layers - 1):
        parts += [BinaryConv(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), SignLayer()]
    module = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 2)
            layer.running_var.uniform_(1, 30)
            layer.weight.data.normal_()
    return module.eval()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deep") / "deep.pt"
    x = torch.randint(0, 256, (512, 3, 16, 16)).float() / 255
    bnncl.save(deep(), path, x[:1], calibration=x)
    return path


def test_twenty_layers_in_ten_seconds(saved: Path) -> None:
    """Processor time, so that what else the machine does has no say."""
    wall, start = time.perf_counter(), time.process_time()
    project = bnncl.compile(saved)
    project.files()
    used = min(time.process_time() - start, time.perf_counter() - wall)
    assert len(project.report.ops) >= 22
    assert project.report.binary_macs > 150e6
    assert project.report.agreement is not None
    assert used < 10


def test_samples_are_spread_and_never_too_few() -> None:
    graph = open_model(ModelSource(build("cnn"), images(1))).graph
    cost = macs(graph)
    assert cost == 8 * 8 * 32 * 9 + 8 * 8 * 64 * 9 * 32 + 4 * 4 * 40 * 9 * 64 + 160 * 10
    x = np.arange(1000)
    assert list(spread(x, graph, most=3, work=1e12)) == [0, 500, 999]
    assert len(spread(x, graph, most=2000, work=100 * cost)) == 100
    assert len(spread(x, graph, most=2000, work=0)) == 32
    assert spread(x[:20], graph, most=256, work=0) is not None
    assert len(spread(x[:20], graph, most=256, work=0)) == 20
    assert spread(x, graph, most=5000, work=1e15) is x

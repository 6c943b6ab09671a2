"""`bnncl verify OUT --train`: what it compares is not vacuous, and it finds any integer that is changed."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import bnncl
from bnncl.driver.project import labelled
from bnncl.verification.train import rehearse
from bnncl.verification.verify import environment
from examples.digits.train import DigitsNet
from tests.tools import require_target

from .zoo import hardtanh_mlp, images, relu_of_bits

ENVIRONMENTS = ("native", "qemu_cortex_m7", "qemu_cortex_m0plus", "qemu_rv32imac")
HAPPENS = ("new_classes", "consolidations", "saturations", "round_ups", "replacements", "evictions")


def digits() -> nn.Module:
    """The network of the demo, its batch norms as lively as trained ones."""
    module = DigitsNet(6)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 2)
            layer.running_var.uniform_(1, 30)
            layer.bias.data.normal_(0, 0.3)
    return module


NETWORKS = {"digits": digits, "pooled_bits": relu_of_bits, "numbers": hardtanh_mlp}
RATES = {"digits": 0.4, "pooled_bits": 0.4, "numbers": 8.0}
"""Hot enough for weights to reach their limit."""


def learning(name: str) -> bnncl.Project:
    torch.manual_seed(0)
    x, module = images(96), NETWORKS[name]().eval()
    y = module(x).argmax(1)
    return bnncl.compile(
        module,
        example=x[:1],
        calibration=x,
        labels=y,
        name=name,
        train="head",
        replay=20,
        experience=24,
        max_classes=12,
        rounding="stochastic",
        rate=RATES[name],
        replay_init=(x[:24], y[:24].numpy()),
    )


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """`rehearsed(name)`: the folder of a project, and a run of it in Python."""
    made = {}

    def of(name):
        if name not in made:
            project = learning(name)
            folder = project.write(tmp_path_factory.mktemp("train") / name)
            inputs, _ = labelled(images(24, seed=5), None, project.spec.graph)
            made[name] = folder, rehearse(folder, inputs, None)
        return made[name]

    return of


@pytest.mark.parametrize("target", ENVIRONMENTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_cores_learn_as_the_reference(rehearsed, name, target):
    require_target(environment(target))
    result = rehearsed(name)[1].on(environment(target))
    assert (result.environment, result.findings) == (target, ())


@pytest.mark.parametrize("name", NETWORKS)
def test_whatever_can_happen_in_learning_happens(rehearsed, name):
    numbers = rehearsed(name)[1].numbers
    assert numbers["minibatches"] >= 200
    assert [what for what in HAPPENS if numbers[what] == 0] == []
    assert numbers["changed_bytes"] > numbers["head_bytes"] // 2


NUMBER = r"(\[\d+\])*: expected -?\d+ was -?\d+"
STATE = r"call \d+, (step|commit)\(\d*\), minibatch \d+: "
BROKEN = (
    ("src/digits_learn.c", ".rate_multiplier = ", ".rate_multiplier = 65536 + ", rf"{STATE}tw{NUMBER}"),
    ("src/digits_learn.c", ".softmax_shift = ", ".softmax_shift = 1 + ", rf"{STATE}tw{NUMBER}"),
    ("src/bnncl/internal/learn.h", "- 1 - (INT32", "- 2 - (INT32", rf"{STATE}tw{NUMBER}"),
    (
        "src/bnncl/bnncl_replay_insert.c",
        "drawn < held",
        "drawn + 1u < held",
        rf"{STATE}replay_latents{NUMBER}",
    ),
    (
        "src/bnncl/bnncl_replay_insert.c",
        "config->slots / classes",
        "config->slots / (classes + 1u)",
        rf"call \d+, commit\(\).*: (stored|replay_\w+){NUMBER}",
    ),
    (
        "src/bnncl/roots.h",
        "rest >= divisor - rest",
        "rest > divisor - rest",
        rf"call \d+, commit\(\).*: cw{NUMBER}",
    ),
    ("src/bnncl/bnncl_learn_commit.c", "value * 256", "value * 255", rf"call \d+, commit\(\).*: cw{NUMBER}"),
    (
        "src/digits_learn.c",
        ".score_shift = ",
        ".score_shift = 1 + ",
        r"call 0, begin\(\).*: the scores after it",
    ),
    ("src/digits_learn.c", ".experience = 24", ".experience = 23", r"sample\(.*: expected OK, .*; was FULL"),
    (
        "src/digits_learn.c",
        ".epochs = 4",
        ".epochs = 3",
        r"step\(.*: expected OK, done False; was OK, done True",
    ),
)


@pytest.mark.parametrize(("path", "text", "other", "wanted"), BROKEN)
def test_a_changed_integer_is_found_and_named(rehearsed, tmp_path, host_target, path, text, other, wanted):
    folder, run = rehearsed("digits")
    copied = Path(shutil.copytree(folder, tmp_path / "digits"))
    content = (copied / path).read_text()
    assert content.count(text) == 1
    (copied / path).write_text(content.replace(text, other))
    (finding,) = replace(run, project=replace(run.project, folder=copied)).on(host_target).findings
    assert re.search(wanted, finding), finding

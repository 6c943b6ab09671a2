"""The density penalty, and the study of what it does, on models of one or two epochs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from bnncl.targets import TARGETS
from examples import density_study
from examples.data import DataSet, load_digits_split
from examples.digits import train as digits
from examples.fashion_mnist.train import FashionNet
from examples.training import Density, Recipe
from tests.tools import require_target

SHORT = Recipe(epochs=2, threads=1)


@pytest.fixture(scope="module")
def data() -> DataSet:
    return load_digits_split()


def share(model: digits.DigitsNet, data: DataSet) -> float:
    with Density(model) as density, torch.no_grad():
        model(torch.from_numpy(data.test.x))
        return float(density.mean())


def test_the_share_is_that_of_what_binary_layers_read(data: DataSet) -> None:
    torch.manual_seed(0)
    model = digits.DigitsNet(10).eval()
    with torch.no_grad():
        first = digits.sign(model.norm1(model.conv1(torch.from_numpy(data.test.x))))
        padded = F.pad(first, (1, 1, 1, 1), value=1.0)
        second = digits.sign(model.norm2(F.max_pool2d(model.conv2(padded), 2)))
    wanted = ((padded < 0).float().mean() + (second < 0).float().mean()) / 2
    assert share(model, data) == pytest.approx(float(wanted), abs=1e-6)
    assert model.readers_of_signs() == [model.conv2, model.conv3]
    assert not model.conv2._forward_pre_hooks
    net = FashionNet()
    assert [id(each.weight) for each in net.readers_of_signs()] == list(map(id, net.latent_weights()))


def test_a_penalty_makes_minus_one_rarer(data: DataSet) -> None:
    plain, rare = (digits.train(data, replace(SHORT, density_penalty=penalty)) for penalty in (0.0, 3.0))
    assert share(rare, data) < share(plain, data) - 0.05


def test_the_study_measures_models_and_goes_on_where_it_was(
    data: DataSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_target(TARGETS[density_study.CORE])
    words = ["--penalties", "0", "--seeds", "0", "--epochs", "1", "-o", str(tmp_path)]
    density_study.main(words)
    said = capsys.readouterr().out
    path = tmp_path / "density.json"
    run = json.loads(path.read_text(encoding="utf-8"))["0"]["0"]
    assert len(run["densities"]) == 2
    assert run["predicted"] == pytest.approx(run["instructions"], rel=0.15)
    assert run["worst"] >= run["predicted"]
    assert 0.3 < run["accuracy"] <= 1
    run["accuracy"] = 0.125
    path.write_text(json.dumps({"0": {"0": run}}), encoding="utf-8")
    density_study.main(words)
    assert capsys.readouterr().out == said.replace(said.splitlines()[2].split("|")[2], " 12.5 ")


def test_the_table_compares_with_no_penalty() -> None:
    run = {"accuracy": 0.9, "densities": [0.5, 0.4], "instructions": 2000, "predicted": 1, "worst": 3000}
    half = {"accuracy": 0.8, "densities": [0.2, 0.1], "instructions": 1000, "predicted": 1, "worst": 3000}
    text = density_study.markdown(
        {"0": {"0": run, "1": run}, "1": {"0": half, "1": half | {"accuracy": 0.7}}}
    )
    assert text.splitlines()[2:] == [
        "| 0 | 90.0 ± 0.0 | 50, 40 | 2,000 | 100 % | 3,000 |",
        "| 1 | 75.0 ± 7.1 | 20, 10 | 1,000 | 50 % | 3,000 |",
    ]


def test_the_study_needs_models_without_a_penalty(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        density_study.main(["--penalties", "1"])
    assert stopped.value.code == 2
    assert "--penalties needs 0" in capsys.readouterr().err

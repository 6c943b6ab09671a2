"""The examples' networks: trained for a moment, saved, captured; and the loop that trains them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bnncl.frontend.container import read
from bnncl.frontend.replay import replay
from examples.data import DataSet, Split, load_digits_split
from examples.digits import train as digits
from examples.fashion_mnist import train as fashion
from examples.training import Recipe, accuracy, predict


@pytest.fixture(scope="module")
def digit_data() -> DataSet:
    return load_digits_split()


@pytest.fixture(scope="module")
def fashion_data() -> DataSet:
    random = np.random.default_rng(7)
    pixels = random.integers(0, 256, (60, 1, 28, 28)).astype(np.float32)
    split = Split((pixels / 255 - 0.286) / 0.353, random.integers(0, 10, 60))
    return DataSet(split, split.head(20), split.head(10))


def test_an_epoch_on_digits_learns_and_repeats_exactly(digit_data: DataSet) -> None:
    recipe = Recipe(epochs=2, threads=1)
    first, second = digits.train(digit_data, recipe), digits.train(digit_data, recipe)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    x, y = torch.from_numpy(digit_data.test.x), torch.from_numpy(digit_data.test.y)
    assert accuracy(first, x, y) > 0.5
    assert not first.training


def test_binary_weights_stay_where_their_gradient_passes(digit_data: DataSet) -> None:
    model = digits.train(digit_data, Recipe(epochs=1, threads=1, rate=0.5))
    for weight in model.latent_weights():
        assert float(weight.detach().abs().max()) <= 1


def test_a_saved_digits_model_gives_torchs_scores_again(digit_data: DataSet, tmp_path: Path) -> None:
    data = digit_data.below(6)
    model = digits.train(data, Recipe(epochs=1, threads=1))
    digits.save(model, data, tmp_path)
    contents = read(tmp_path / "model.pt")
    assert contents.calibration is not None
    assert contents.labels is not None
    assert contents.calibration.shape == (256, 1, 8, 8)
    with np.load(tmp_path / "test.npz") as archive:
        assert archive["x"].shape == (212, 1, 8, 8)
        assert archive["y"].max() == 5
        x = torch.from_numpy(archive["x"][:1])
    with torch.no_grad():
        assert torch.equal(replay(contents.captured, x), model(x))
        assert model(x).shape == (1, 6)


def test_the_fashion_model_saves_and_captures(fashion_data: DataSet, tmp_path: Path) -> None:
    model = fashion.train(fashion_data, Recipe(epochs=1, batch_size=20, threads=1))
    fashion.save(model, fashion_data, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.pt", "test.npz", "test_500.npz"]
    assert predict(model, torch.from_numpy(fashion_data.test.x)).shape == (10,)


def test_fashion_without_its_files_ends_with_a_clear_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        fashion.main(["--data", str(tmp_path), "-o", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "train-images-idx3-ubyte" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_jitter_shifts_by_at_most_one_pixel() -> None:
    image = torch.zeros(40, 1, 8, 8)
    image[:, 0, 3, 4] = 1
    shifted = digits.jitter(image, torch.Generator().manual_seed(1))
    assert shifted.shape == image.shape
    places = shifted[:, 0].nonzero()[:, 1:] - torch.tensor([3, 4])
    assert len(places) == 40
    assert int(places.abs().max()) == 1
    assert len(torch.unique(places, dim=0)) == 9


def test_both_kinds_of_weights_are_binary_per_channel() -> None:
    torch.manual_seed(0)
    weight = fashion.FashionNet().latent_weights()[0]
    folded = weight.abs().mean((1, 2, 3), keepdim=True) * fashion.binarise(weight)
    assert all(len(torch.unique(row.abs())) <= 2 for row in folded.detach().round(decimals=6))
    assert set(digits.sign(torch.tensor([-0.5, 0.0, 0.5])).tolist()) == {-1.0, 1.0}
    assert digits.sign(torch.tensor([0.0])).item() == 1.0
    assert fashion.binarise(torch.tensor([0.0])).item() == 1.0

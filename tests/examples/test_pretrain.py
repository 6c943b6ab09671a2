"""A backbone of the first classes comes out as a model that can learn the others."""

from __future__ import annotations

import numpy as np
import pytest

import bnncl
from examples import pretrain


@pytest.mark.parametrize(("words", "bits"), [((), 1), (("--numbers",), 8)])
def test_pretraining(tmp_path, words, bits):
    rng = np.random.default_rng(0)
    arrays = {f"x_{part}": rng.random((40, 1, 8, 8), np.float32) for part in ("train", "test")}
    labels = {f"y_{part}": np.arange(40) % 4 for part in ("train", "test")}
    np.savez(tmp_path / "data.npz", **arrays, **labels)
    out = tmp_path / "base.pt"
    more = ["--base", "2", "--width", "32", "--epochs", "1", "-o", str(out)]
    pretrain.main([str(tmp_path / "data.npz"), *words, *more])
    project = bnncl.compile(out, train="head", max_classes=4, replay=8, replay_bits=bits)
    assert project.run(arrays["x_test"]).shape == (40, 4)
    assert project.report.learning.latent_bits == bits


def test_unknown_data_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        pretrain.main(["nothing.npz", "-o", str(tmp_path / "base.pt")])
    assert stopped.value.code == 2
    assert "[data-not-found]" in capsys.readouterr().err

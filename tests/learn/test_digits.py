"""On real digits the device is as accurate as CWR* in PyTorch, which shares no code with it."""

from __future__ import annotations

from statistics import fmean

from bnncl.learn.data import load
from bnncl.learn.run import simulate
from bnncl.learn.settings import Settings
from examples.pretrain import pretrain

SEEDS = (0, 1)
BASE = 5


def test_the_device_is_as_accurate_as_cwr_star_in_float(tmp_path):
    """Digits 5..9 arrive one by one; the goal of docs/learning_results.md, on a backbone of seconds."""
    data = load("digits")
    model = tmp_path / "base.pt"
    assert pretrain(data, model, base=BASE, width=64, epochs=8) > 0.9
    settings = Settings(model, methods=("device", "cwr", "naive"), seeds=SEEDS, rate=0.02)
    results = simulate(settings, data, tmp_path / "results")
    shares = {
        method: [100 * run.rows[-1].seen for run in results.runs if run.method == method]
        for method in settings.methods
    }
    device, floats, naive = shares["device"], shares["cwr"], shares["naive"]
    assert fmean(floats) > fmean(naive) + 15
    assert fmean(device) > fmean(naive) + 15
    assert fmean(device) >= fmean(floats) - 2.0
    assert fmean(floats) > 80

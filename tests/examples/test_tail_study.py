"""The study of tails: its network, what a cut leaves of it, and runs on a few made-up images."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from bnncl.learn.baselines.tail import Parameters
from bnncl.learn.data import DataSet
from examples.tail_study import choices as command
from examples.tail_study.floats import RECIPE, Plan, run, stream_of
from examples.tail_study.model import ResidualNet
from examples.tail_study.pretrain import pretrained, shaken
from examples.tail_study.tails import Behind, encoded, like_cifar, split_again
from examples.training import Recipe

SHORT = Recipe(epochs=1, threads=1)
FEW = replace(RECIPE, epochs=1, new_per_step=8, replay_per_step=8, slots=10)


def images(classes: int, each: int, seed: int) -> DataSet:
    """Noise around one colour for each class."""
    rng = np.random.default_rng(seed)
    colours = np.random.default_rng(5).random((classes, 3, 1, 1))
    y = np.repeat(np.arange(classes), each).astype(np.int64)
    x = np.clip(colours[y] + 0.1 * rng.standard_normal((len(y), 3, 32, 32)), 0, 1).astype(np.float32)
    return DataSet("made up", x, y, x[::2], y[::2])


@pytest.fixture(scope="module")
def behind(tmp_path_factory) -> Behind:
    source = images(4, 8, 0)
    model = pretrained(tmp_path_factory.mktemp("backbone"), source, SHORT)
    return Behind.of(model, 3, source, images(10, 6, 1))


def test_pretraining_is_kept_until_something_changes(tmp_path):
    data = images(3, 4, 0)
    one = pretrained(tmp_path, data, SHORT)
    made = (tmp_path / "parameters.pt").stat().st_mtime_ns
    same = pretrained(tmp_path, data, SHORT)
    assert (tmp_path / "parameters.pt").stat().st_mtime_ns == made
    assert all(torch.equal(one.state_dict()[name], value) for name, value in same.state_dict().items())
    assert (tmp_path / "backbone.pt").is_file()
    pretrained(tmp_path, data, replace(SHORT, seed=1))
    assert (tmp_path / "parameters.pt").stat().st_mtime_ns != made


def test_shaken_images_are_shifted_and_mirrored():
    x = torch.arange(32.0).expand(40, 3, 32, 32).contiguous()
    y = shaken(x, torch.Generator().manual_seed(0))
    steps = y[:, 0, 10, 11:21] - y[:, 0, 10, 10:20]
    assert set(steps.flatten().tolist()) == {-1.0, 1.0}
    assert len(set(y[:, 0, 0, 16].tolist())) > 5
    assert torch.equal(y, shaken(x, torch.Generator().manual_seed(0)))


def test_a_tail_on_floats_is_the_end_of_the_network(behind):
    x = images(10, 6, 1).x_train[:5]
    with torch.no_grad():
        features = behind.tail("float")(torch.from_numpy(encoded(behind.model, 3, x)))
        assert torch.allclose(behind.model.head(features), behind.model(torch.from_numpy(x)), atol=1e-5)


def test_eight_bits_are_near_and_one_bit_is_what_the_convolution_reads(behind):
    floats, _ = behind.samples("float")
    eight, _ = behind.samples("byte")
    step = (behind.seen.max() - behind.seen.min()) / 255
    inside = (floats.features >= behind.seen.min()) & (floats.features <= behind.seen.max())
    error = np.abs(eight.features - floats.features)[inside].max()
    assert 0 < error <= step / 2 + 1e-5
    bits, _ = behind.samples("bits")
    assert bits.features.dtype == np.int8
    assert set(np.unique(bits.features)) == {-1, 1}
    first = behind.model.blocks[-3]
    with torch.no_grad():
        assert np.array_equal(bits.features, first.sign(torch.from_numpy(floats.features)).numpy())


def test_a_shortcut_gets_what_bits_leave(behind):
    """The first block alone: the same convolution, the shortcut's stream replaced."""
    bits = torch.from_numpy(behind.samples("bits")[0].features[:4]).float()
    first = behind.model.blocks[-3]
    one = Behind(behind.model, 1, behind.seen, behind.train, behind.test)
    assert len(one.tail("bits").blocks) == 1
    tail = behind.tail("bits")
    m, s = (each.flatten() for each in tail._shortcut)
    values = torch.from_numpy(behind.seen)
    where = first.sign(values).detach()
    channel = int(s.argmax())
    above = values[:, channel][where[:, channel] > 0]
    assert float(m[channel] + s[channel]) == pytest.approx(float(above.mean()), abs=1e-4)
    with torch.no_grad():
        stream = first.after_sign(bits, m[:, None, None] + s[:, None, None] * bits)
        for block in list(behind.model.blocks)[-2:]:
            stream = block(stream)
        assert torch.allclose(tail(bits), stream.mean((2, 3)), atol=1e-5)


def test_a_frozen_sign_offset_is_no_parameter(behind):
    assert len(Parameters.of(behind.tail("float")).signs) == 3
    assert len(Parameters.of(behind.tail("bits")).signs) == 2


@pytest.mark.parametrize("method", ["tail", "head", "naive", "joint"])
def test_runs_repeat(behind, method):
    plan = Plan(method, "bits", recipe=FEW)
    one, same = run(behind, plan, 0), run(behind, plan, 0)
    assert one.accuracy == same.accuracy
    assert 0 <= one.accuracy <= 1


def test_learning_leaves_the_network_as_it_was(behind):
    before = {name: value.clone() for name, value in behind.model.state_dict().items()}
    run(behind, Plan(recipe=replace(FEW, tail_rate=1.0)), 0)
    assert all(torch.equal(before[name], value) for name, value in behind.model.state_dict().items())


def test_grey_images_become_like_those_of_the_backbone():
    grey = DataSet(
        "g", np.ones((2, 1, 27, 28), np.float32), np.arange(2), np.ones((1, 1, 27, 28)), np.arange(1)
    )
    made = like_cifar(grey)
    assert made.x_train.shape == (2, 3, 32, 32)
    assert made.x_test.shape == (1, 3, 32, 32)
    assert made.x_train.sum() == 2 * 3 * 27 * 28
    assert made.x_train[0, 2, 2, 2] == 1 != made.x_train[0, 2, 1, 2]
    colours = images(2, 1, 0)
    assert np.array_equal(like_cifar(colours).x_train, colours.x_train)


def test_a_set_is_split_again():
    data = images(3, 7, 0)
    made = split_again(data)
    assert len(made.y_train) + len(made.y_test) == len(data.y_train) + len(data.y_test)
    assert np.bincount(made.y_test).tolist() == [4, 4, 4]
    assert {x.tobytes() for x in made.x_train} | {x.tobytes() for x in made.x_test} == {
        x.tobytes() for x in data.x_train
    }


def test_streams():
    labels = np.repeat(np.arange(10), 20).astype(np.int64)
    assert [len(each.classes) for each in stream_of("nc", labels, 0).experiences] == [2] * 5
    assert [len(each.classes) for each in stream_of("ni", labels, 0).experiences] == [10] * 10


def test_a_study_goes_on_where_it_was(behind, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "pretraining_data", lambda classes: images(classes, 4, 0))
    monkeypatch.setattr(command, "samples_of", lambda task: images(10, 6, 1))
    monkeypatch.setattr(command, "pretrained", lambda folder, data: ResidualNet(data.classes).eval())
    monkeypatch.setattr(command, "PLANS", {"head only": Plan("head", recipe=FEW), "tail": Plan(recipe=FEW)})
    table = command.study(tmp_path, ["head only", "tail"], (0,), 3)
    kept = json.loads((tmp_path / "floats.json").read_text())
    assert [each["name"] for each in kept.values()] == ["head only", "tail"]
    monkeypatch.setattr(command, "run", None)
    assert command.study(tmp_path, ["head only", "tail"], (0,), 3) == table
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == ["head only", "tail"]

"""Latents of numbers and of bits: learning, inference and sizes, on every kind of cut."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

import bnncl
from bnncl.driver.project import labelled
from bnncl.ir.types import Packed
from bnncl.kernels.learned_head import parts
from bnncl.verification.train import verify_training
from bnncl.verification.verify import verify
from tests.emit.build import golden_test

from .zoo import NUMBERS, build, images

CASES = (
    ("pooled_relu", None, 8),
    ("pooled_relu", 7, 7),
    ("pooled_relu", 6, 6),
    ("hardtanh_mlp", None, 8),
    ("hardtanh_mlp", 7, 7),
    ("hardtanh_mlp", 6, 6),
    ("relu_of_bits", None, 1),
    ("relu_of_bits", 7, 7),
    ("strides", None, 1),
    ("strides", 8, 8),
    ("zero_one", 1, 1),
    ("zero_one", 7, 7),
    ("real_tail", None, 1),
    ("real_tail", 6, 6),
)


@cache
def learning(name, bits):
    return compiled(name, bits)


def compiled(name, bits, **options):
    x, module = images(96), build(name)
    y = module(x).argmax(1)
    given = {"rounding": "stochastic", "replay_init": (x[:24], y[:24].numpy()), **options}
    return bnncl.compile(
        module,
        example=x[:1],
        calibration=x,
        labels=y,
        name=name,
        train="head",
        replay=20,
        replay_bits=bits,
        max_classes=12,
        **given,
    )


def trained(project, folder, target):
    inputs, _ = labelled(images(40, seed=5), None, project.spec.graph)
    return verify_training(project.write(folder), target, inputs, None)


@pytest.mark.parametrize(("name", "asked", "bits"), CASES)
def test_learning_is_equal_after_every_call(tmp_path, host_target, name, asked, bits):
    project = learning(name, asked)
    result = trained(project, tmp_path / name, host_target)
    assert result.findings == ()
    assert result.minibatches >= 200
    assert result.new_classes == 2
    assert result.replacements > 0
    assert result.changed_bytes > result.head_bytes // 2
    assert verify(tmp_path / name, host_target, measure=False).findings == ()


@pytest.mark.parametrize(("name", "asked", "bits"), CASES)
def test_sizes_are_those_of_the_cut(name, asked, bits):
    project = learning(name, asked)
    cut, said = parts(project.spec.graph), project.report.learning
    count = cut.latent.elements
    assert said.latent_bits == bits
    if bits > 1:
        assert isinstance(cut.latent.domain, Packed)
        assert said.latent_bytes == 4 * -(-count * bits // 32)
        assert count == cut.head.config.features - 1
    assert (said.latent_bytes_int8, said.latent_bytes_float32) == (count, 4 * count)
    assert said.replay_bytes == 20 * (said.latent_bytes + 2)
    header = project.files()[f"include/{name}.h"].decode()
    assert re.search(rf"_LATENT_BITS +{bits}\b", header)
    assert project.spec.graph.ops[-1].op.replay_latents.data.shape[1] == said.latent_bytes


def test_the_sign_costs_a_bit_only_where_there_is_one():
    found = {}
    for name in NUMBERS:
        domain = parts(learning(name, 6).spec.graph).latent.domain
        assert isinstance(domain, Packed)
        found[name] = domain.lo, domain.hi
    assert found == {"pooled_relu": (0, 63), "hardtanh_mlp": (-31, 31), "relu_of_bits": (0, 63)}


@pytest.mark.parametrize("name", ["pooled_relu", "hardtanh_mlp", "strides"])
@pytest.mark.parametrize(("bits", "least"), [(8, 0.9), (7, 0.9), (6, 0.8)])
def test_the_head_agrees_with_torch_before_it_learns(name, bits, least):
    x = images(300, seed=9)
    wanted = build(name)(x).argmax(1).numpy()
    scores = learning(name, bits).run(x)
    assert (scores.argmax(1) == wanted).mean() >= least
    assert (scores[:, 10:] == -(2**15)).all()


def test_inference_and_training_see_what_is_stored(host_target):
    """The features of a latent are those that inference computes of the same sample."""
    project = learning("pooled_relu", 6)
    device, inputs = project.learner(), labelled(images(20), None, project.spec.graph)[0]
    kept = device.latents(inputs)
    again = np.array([device.head.features_of(latent) for latent in kept])
    assert np.array_equal([device.head.scores16(row) for row in again], device.infer(inputs))
    assert 0 < again[:, :-1].max() <= 63


@pytest.mark.parametrize(("name", "epochs"), [("hardtanh_mlp", 4), ("relu_of_bits", 40)])
def test_new_classes_are_learned_from_numbers(name, epochs):
    project = compiled(name, 7, epochs=epochs)
    x = images(64, seed=30)
    groups = x.flatten(1)[:, :24].mean(1) > x.flatten(1)[:, :24].mean()
    x[groups, :, :3] = 1.0
    x[~groups, :, 5:] = 0.0
    y = np.where(groups, 10, 11)
    device = project.learn(x, y)
    inputs, _ = labelled(x, y, project.spec.graph)
    assert (device.infer(inputs).argmax(1) == y).mean() > 0.8


def test_fewer_bits_in_the_head_than_in_latents(tmp_path, host_target):
    project = compiled("pooled_relu", None, qf=4, qb=8)
    cut = parts(project.spec.graph)
    assert [type(op.op).__name__ for op in cut.tail.ops] == ["Unpack", "Requantize"]
    assert trained(project, tmp_path / "narrow", host_target).findings == ()


@pytest.mark.parametrize("bits", [7])
def test_cores_learn_the_same_from_numbers(tmp_path, any_isa, bits):
    assert trained(learning("pooled_relu", bits), tmp_path / "net", any_isa).findings == ()


def test_numbers_that_are_unpacked_otherwise_are_found(tmp_path, host_target):
    project = learning("hardtanh_mlp", 7)
    folder = project.write(tmp_path / "net")
    path = folder / "src" / "bnncl" / "internal" / "pack.h"
    text = path.read_text()
    assert "next << left" in text
    path.write_text(text.replace("next << left", "next << (left & 3u)"))
    inputs, _ = labelled(images(40, seed=5), None, project.spec.graph)
    assert verify_training(folder, host_target, inputs, None).findings
    found = verify(folder, host_target, measure=False).findings
    assert any("_replayed" in finding for finding in found), found


def test_the_golden_test_knows_packed_words(tmp_path):
    """Under sanitizers, every warning an error; and a wrong bit of a packed word is found."""
    folder = learning("pooled_relu", 7).write(tmp_path / "net")
    ran = golden_test(folder)
    assert ran.code == 0, ran.text
    vectors = folder / "test" / "test_golden" / "golden_vectors.c"
    text, at = vectors.read_text(), learning("pooled_relu", 7).spec.graph.ops
    (packed,) = (index for index, op in enumerate(at) if type(op.op).__name__ == "Pack")
    word = re.search(rf"op_{packed}\[10\] = {{\n    (\S+),", text)
    assert word, "ten words hold 45 numbers of 7 bits"
    wrong = text[: word.start(1)] + f"{word[1]} ^ 64" + text[word.end(1) :]
    vectors.write_text(wrong)
    ran = golden_test(folder)
    assert ran.code == 1
    assert f"FAIL: op {packed} (Pack" in ran.text

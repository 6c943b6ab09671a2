"""Heads that learn: the generated C against the reference, call by call, on every core."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import bnncl
from bnncl.driver.project import labelled
from bnncl.verification.train import rehearse, verify_training
from bnncl.verification.verify import verify
from tests.tools import require_tool

from .zoo import build, images

NETWORKS = ("cnn", "mlp", "strides", "zero_one")
WARNINGS = "-pedantic -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes"
FURTHER = "-Wundef -Wcast-align -Wvla"


def learning(name, **options):
    x = images(96)
    y = build(name)(x).argmax(1)
    given = {
        "replay": 20,
        "max_classes": 12,
        "rounding": "stochastic",
        "replay_init": (x[:24], y[:24].numpy()),
    }
    return bnncl.compile(
        build(name), example=x[:1], calibration=x, labels=y, name=name, train="head", **{**given, **options}
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    made = {}

    def of(name):
        if name not in made:
            project = learning(name)
            made[name] = project, project.write(tmp_path_factory.mktemp("learn") / name)
        return made[name]

    return of


@pytest.fixture(scope="module")
def rehearsed(written):
    made = {}

    def of(name):
        if name not in made:
            project, folder = written(name)
            inputs, _ = labelled(images(40, seed=5), None, project.spec.graph)
            made[name] = rehearse(folder, inputs, None)
        return made[name]

    return of


@pytest.mark.parametrize("name", NETWORKS)
def test_learning_is_equal_after_every_call(rehearsed, any_isa, name):
    result = rehearsed(name).on(any_isa)
    assert result.findings == ()
    assert result.minibatches >= 200
    assert result.new_classes == 2
    assert result.commits >= 5
    assert result.consolidations >= 5
    assert result.replacements > 0
    assert result.evictions > 0
    assert result.round_ups > 0
    assert result.changed_bytes > result.head_bytes // 2


def test_learning_is_equal_on_every_core(rehearsed, any_target):
    assert rehearsed("cnn").on(any_target).findings == ()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_op_is_equal_and_the_code_compiles_without_a_warning(written, any_isa, name):
    _, folder = written(name)
    assert verify(folder, any_isa, measure=False).findings == ()


@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_code_is_free_of_warnings(written, tmp_path, name, cc):
    require_tool(cc)
    _, folder = written(name)
    sources = " ".join(map(str, sorted([*folder.glob("src/*.c"), *folder.glob("src/bnncl/*.c")])))
    words = (
        f"{cc} -std=c99 -O2 {WARNINGS} {FURTHER} -I{folder}/include -I{folder}/src {sources} -o {tmp_path}/a"
    )
    built = subprocess.run(words.split(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert subprocess.run([tmp_path / "a"], check=False).returncode == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_the_head_agrees_with_torch_before_it_learns(written, name):
    project, _ = written(name)
    x = images(300, seed=9)
    wanted = build(name)(x).argmax(1).numpy()
    scores = project.run(x)
    assert (scores.argmax(1) == wanted).mean() >= 0.93
    assert (scores[:, 10:] == -(2**15)).all()


def test_new_classes_are_learned(written):
    project, _ = written("cnn")
    x = images(64, seed=30)
    groups = x.flatten(1)[:, :24].mean(1) > x.flatten(1)[:, :24].mean()
    x[groups, :, :3] = 1.0
    x[~groups, :, 5:] = 0.0
    y = np.where(groups, 10, 11)
    device = project.learn(x, y)
    inputs, _ = labelled(x, y, project.spec.graph)
    assert (device.infer(inputs).argmax(1) == y).mean() > 0.9
    assert device.head.known().all()


def test_the_same_model_gives_the_same_bytes(written):
    project, _ = written("strides")
    assert learning("strides").files() == project.files()


def test_a_project_is_checked_against_its_model(written):
    project, folder = written("mlp")
    assert project.check(folder) == []


def test_no_replay_and_few_bits(tmp_path, any_isa):
    project = learning("strides", replay=0, replay_init=None, qf=4, qb=8, minibatch=(3, 0), max_classes=None)
    folder = project.write(tmp_path / "small")
    inputs, _ = labelled(images(20, seed=5), None, project.spec.graph)
    assert verify_training(folder, any_isa, inputs, None).findings == ()


def test_a_changed_byte_of_the_code_is_found_and_named(written, tmp_path, host_target):
    project, _ = written("mlp")
    folder = project.write(tmp_path / "mlp")
    path = folder / "src" / "bnncl" / "bnncl_learn_row.c"
    path.write_text(path.read_text().replace("/ samples);", "/ (samples + 1u));"))
    inputs, _ = labelled(images(20, seed=5), None, project.spec.graph)
    (finding,) = verify_training(folder, host_target, inputs, None).findings
    assert "tw[" in finding

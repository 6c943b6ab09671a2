"""A whole simulation of a tail that learns: integers and floats read the same bits, and both learn."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.learn.baselines.tail import TailBaseline
from bnncl.learn.engine import CEngine, ReferenceEngine
from bnncl.learn.methods import BY_NAME, TAIL_METHODS
from bnncl.learn.run import Bench, Silent, prepare, simulate
from bnncl.learn.settings import Settings
from tests.e2e.residual import BiReal, settle
from tests.e2e.zoo import SignLayer
from tests.learn.test_run import CLASSES, DATA, command, file, final  # noqa: F401 - a fixture

CHANNELS, BLOCK, SLOTS = 32, "3", 30
VALUES = CHANNELS * 16


def saved(module: nn.Module, path: Path) -> Path:
    x = torch.from_numpy(DATA.x_train)
    settle(module, x)
    bnncl.save(module.eval(), path, x[:1], calibration=x)
    return path


class Normed(BiReal):
    """Its shortcut goes through a batch norm, which the tail merges with what stands for the shortcut."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after)
        self.shortcut = nn.BatchNorm2d(after)


def blocks(head: nn.Module, last: type[BiReal] = BiReal) -> nn.Sequential:
    torch.manual_seed(3)
    stem = (nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS))
    body = (BiReal(CHANNELS, CHANNELS), last(CHANNELS, CHANNELS))
    return nn.Sequential(*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(blocks(nn.Linear(CHANNELS, 2)), tmp_path_factory.mktemp("base") / "base.pt")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without a shortcut: bits are all that the tail ever reads."""
    torch.manual_seed(3)
    layers = (nn.Conv2d(1, CHANNELS, 3, padding=1), nn.BatchNorm2d(CHANNELS), SignLayer())
    plain = blocks(nn.Linear(CHANNELS, 2))
    conv = (plain[2].conv, nn.BatchNorm2d(CHANNELS), nn.PReLU(CHANNELS))
    module = nn.Sequential(*layers, *conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, 2))
    return saved(module, tmp_path_factory.mktemp("chain") / "chain.pt")


def settings_of(model: Path, *methods: str, **changes: object) -> Settings:
    plain = Settings(
        model,
        "small",
        methods=methods,
        seeds=(0,),
        at_once=2,
        replay=SLOTS,
        rate=0.9,
        minibatch=(10, 20),
        epochs=6,
        engine="reference",
        train=BLOCK,
        new_head=True,
        tail_rate=0.1,
        ste="approxsign",
    )
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def bench(residual: Path) -> Bench:
    return prepare(settings_of(residual, "tail"), DATA, Silent())


def test_every_method_learns(residual, tmp_path):
    names = ("device", *(name for name in BY_NAME if BY_NAME[name].tail), "cwr", "naive", "joint")
    results = simulate(settings_of(residual, *names, engine="c"), DATA, tmp_path)
    assert [run.method for run in results.runs] == list(names)
    for run in results.runs:
        assert [row.classes for row in run.rows] == [(), (0, 1), (2, 3), (4, 5)]
        assert run.rows[0].seen is None
        learned = run.method in {name for name in names if BY_NAME[name].tail or name == "device"}
        assert (run.trained_per_second is not None) == (learned and run.method != "tail-joint")
    memories = {run.method: (run.slots, run.latent_bits, run.replay_bytes) for run in results.runs}
    assert memories["device"] == memories["tail"] == (SLOTS, 1, SLOTS * VALUES // 8)
    assert memories["tail-8"] == (SLOTS, 8, SLOTS * VALUES)
    assert memories["tail-32"] == (SLOTS, 32, SLOTS * VALUES * 4)
    assert memories["tail-8-bytes"] == (SLOTS // 8, 8, SLOTS // 8 * VALUES)
    assert memories["tail-32-bytes"] == (0, 32, 0)
    assert memories["tail-plain"] == memories["tail-naive"] == (0, 0, 0)
    assert final(results, "tail-32") > final(results, "tail-naive") + 0.15
    assert final(results, "device") > final(results, "tail-naive")
    schema = json.loads(files("bnncl.learn").joinpath("schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((tmp_path / "results.json").read_text()), schema)


def test_runs_that_are_finished_are_not_repeated(residual, tmp_path):
    settings = settings_of(residual, "tail")
    few = simulate(settings, DATA, tmp_path)
    assert few.settings["used_tail_rate"] == settings.tail_rate
    both = simulate(replace(settings, methods=("tail", "tail-naive")), DATA, tmp_path)
    assert both.runs[:1] == few.runs
    assert len(both.runs) == 2
    with pytest.raises(UsageError) as refused:
        simulate(replace(settings, ste="identity"), DATA, tmp_path)
    assert refused.value.problems[0].slug == "other-settings"


@pytest.mark.parametrize(("scenario", "bits"), [("nc", None), ("ni", None), ("nc", 8)])
def test_the_generated_c_is_the_reference(residual, scenario, bits):
    """After every experience the scores of every test sample are equal."""
    sizes = {"experiences": 2, "epochs": 1, "most": 24}
    settings = settings_of(residual, "device", scenario=scenario, replay_bits=bits, **sizes)
    bench = prepare(settings, DATA, Silent())
    view = bench.views.of(BY_NAME["device"])
    engines = (CEngine(bench.project).begin(0), ReferenceEngine(bench.project.spec.program, 0))
    for experience in bench.streams[0].experiences:
        for engine in engines:
            engine.learn(view.train.take(experience.indices))
        first, second = (engine.scores(view.test) for engine in engines)
        assert np.array_equal(first, second)
        assert len(np.unique(first, axis=0)) > len(first) // 2


def test_a_device_that_keeps_numbers(residual, tmp_path):
    """Its latents are as large as those of the float tail that keeps as many bits."""
    names = ("device", "tail", "tail-8", "tail-8-bytes")
    settings = settings_of(residual, *names, replay_bits=8)
    results = simulate(replace(settings, engine="c"), DATA, tmp_path)
    memories = {run.method: (run.slots, run.latent_bits, run.replay_bytes) for run in results.runs}
    assert memories["device"] == memories["tail-8"] == (SLOTS, 8, SLOTS * VALUES)
    assert memories["tail-8-bytes"] == memories["tail-8"]
    assert memories["tail"] == (SLOTS, 1, SLOTS * VALUES // 8)
    assert abs(final(results, "device") - final(results, "tail-8")) < 0.15
    learner = prepare(settings, DATA, Silent())._learner(BY_NAME["tail-8"], 0, SLOTS, 8)
    assert isinstance(learner, TailBaseline)
    assert learner._recipe.exact, "its latents have 8 bits already: nothing is rounded again"


def test_floats_begin_as_the_numbers(residual):
    """The device keeps the numbers that the float tail does: both make the same features of them at first."""
    bench = prepare(settings_of(residual, "tail", replay_bits=8), DATA, Silent())
    wanted = bench.views.of(BY_NAME["cwr"]).test.features
    errors = {}
    for bits, name in ((1, "tail"), (8, "tail-8")):
        test = bench.views.of(BY_NAME[name]).test
        assert set(np.unique(test.features[:, :CHANNELS])) == {-1, 1}
        module, _ = bench.views.tails.module(bits)
        made = module(torch.from_numpy(test.features).float()).detach().numpy()
        assert made.shape == wanted.shape
        errors[bits] = float(np.abs(made - wanted).mean() / np.abs(wanted).mean())
    assert errors[8] < 0.05 < errors[1]


def test_floats_begin_as_the_integers(bench):
    """The bits are the device's own, and the float tail makes of them what the integers stand for."""
    wanted = bench.views.of(BY_NAME["cwr"]).test.features
    test = bench.views.of(BY_NAME["tail"]).test
    assert test.features.dtype == np.int8
    assert set(np.unique(test.features)) == {-1, 1}
    module, _ = bench.views.tails.module(1)
    made = module(torch.from_numpy(test.features).float()).detach().numpy()
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() < 0.05 * np.abs(wanted).max()
    assert np.corrcoef(made.ravel(), wanted.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("last", [BiReal, Normed])
def test_real_numbers_in_place_of_bits(last, tmp_path):
    """Behind float latents the tail computes what the model does; 8 bits are near, one bit is not."""
    model = saved(blocks(nn.Linear(CHANNELS, 2), last), tmp_path / "base.pt")
    bench = prepare(settings_of(model, "tail"), DATA, Silent())
    assert len(bench.views.tails.instead[0].maps) == (last is Normed)
    bits, coded, real = (bench.views.of(BY_NAME[name]).test for name in ("tail", "tail-8", "tail-32"))
    assert coded.features.dtype == np.int8
    assert real.features.dtype == np.float32
    assert real.features.shape == (len(real), 2 * CHANNELS, 4, 4)
    assert np.array_equal(real.features[:, :CHANNELS], bits.features)
    made = [
        bench.views.tails.module(width)[0](torch.from_numpy(each.features).float()).detach().numpy()[:, :-1]
        for width, each in ((1, bits), (8, coded), (32, real))
    ]
    module = blocks(nn.Identity(), last)
    settle(module, torch.from_numpy(DATA.x_train))
    wanted = module.eval()(torch.from_numpy(DATA.x_test)).detach().numpy()
    errors = [float(np.abs(each - wanted).mean()) for each in made]
    assert errors[2] < 0.1 * errors[0]
    assert errors[1] < 0.2 * errors[0]
    assert np.abs(made[2] - made[1]).mean() > 0


def test_a_plain_chain_has_no_numbers_beside_its_bits(chain, tmp_path):
    methods = ("tail", "tail-32")
    results = simulate(settings_of(chain, *methods, train="2", epochs=1), DATA, tmp_path)
    assert results.runs[0].matrix == results.runs[1].matrix
    assert results.runs[1].replay_bytes == 32 * results.runs[0].replay_bytes


def test_classes_that_the_model_knows(residual, tmp_path):
    """Without a new head the memory begins with them, in floats and in integers."""
    settings = settings_of(residual, "device", "tail", "cwr", new_head=False, epochs=1)
    bench = prepare(settings, DATA, Silent())
    assert len(bench.backbone.cut.head.replay_labels.data) == SLOTS
    view = bench.views.of(BY_NAME["tail"])
    assert set(view.known.labels.tolist()) == {0, 1}
    learner = bench._learner(BY_NAME["tail"], 0, SLOTS, 1)
    assert isinstance(learner, TailBaseline)
    assert sorted(set(learner.held.tolist())) == [0, 1]
    runs = [bench.run(BY_NAME[name], 0, Silent()) for name in settings.methods]
    shares = [run.rows[0].seen for run in runs]
    assert max(shares) - min(shares) < 0.15
    assert all(run.rows[1].classes == (2, 3) for run in runs)


def test_a_new_head_alone(residual):
    """What `new_head` does for a tail it does for a head."""
    settings = settings_of(residual, "device", train="head", tail_rate=None, ste="clip")
    bench = prepare(settings, DATA, Silent())
    assert not bench.backbone.cut.head.past.data.any()
    assert bench.run(BY_NAME["device"], 0, Silent()).rows[0].seen is None
    assert settings.as_json()["new_head"]
    plain = replace(settings, new_head=False).as_json()
    assert not {"train", "new_head", "ste", "tail_rate"} & set(plain)


def test_all_that_is_wrong_is_said_at_once(residual):
    head = settings_of(residual, "tail", "tail-32", train="head")
    tail = settings_of(residual, "tail", engine="features", qw=12, tail_rate=-1.0, replay_bits=5)
    for settings, slugs in (
        (head, ["tail-required", "tail-required"]),
        (tail, ["features-of-tail", "bad-width", "bad-rate", "bad-width"]),
    ):
        with pytest.raises(UsageError) as refused:
            settings.check()
        assert [problem.slug for problem in refused.value.problems] == slugs


WORDS = ("--train", BLOCK, "--new-head", "--replay", SLOTS, "--seeds", 0, "--at-once", 2, "--epochs", 1)


def test_command_line(residual, file, tmp_path, capsys):  # noqa: F811
    words = ("--model", residual, "--data", file, "-o", tmp_path / "out", *WORDS, "--no-plot")
    options = (
        "--tail-rate",
        0.02,
        "--filter-rate",
        0.5,
        "--accumulate",
        8,
        "--qw",
        8,
        "--latent-rule",
        "sign",
    )
    code, out, _ = command(capsys, *words, *options, "--methods", "device,tail")
    assert code == 0
    assert "tail, float, 1-bit latents" in out
    assert "Learning rate of the tail 0.02, as given." in out
    assert "Samples trained on a second: device " in out
    held = json.loads((tmp_path / "out" / "results.json").read_text())["settings"]
    assert [held[name] for name in ("train", "filter_rate", "qw", "latent_rule")] == [BLOCK, 0.5, 8, "sign"]
    code, out, _ = command(capsys, *words[:4], "-o", tmp_path / "all", *WORDS, "--engine", "reference")
    assert code == 0
    found = json.loads((tmp_path / "all" / "results.json").read_text())
    assert tuple(run["method"] for run in found["runs"]) == TAIL_METHODS
    assert (tmp_path / "all" / "accuracy.png").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--train", "9.conv"), "unknown-train-module"),
        (("--train", "head", "--methods", "tail"), "tail-required"),
        (("--train", "head", "--tail-rate", "1"), "tail-required"),
        (("--engine", "features"), "features-of-tail"),
        (("--accumulate", "4"), "neither full nor 8"),
    ],
)
def test_bad_input(words, said, residual, file, tmp_path, capsys):  # noqa: F811
    code, out, err = command(capsys, "--model", residual, "--data", file, "-o", tmp_path, *WORDS, *words)
    assert (code, out) == (EXIT_USAGE, "")
    assert said in err


def test_there_are_as_many_classes_as_in_the_data(bench):
    assert bench.backbone.cut.head.config.max_classes == CLASSES

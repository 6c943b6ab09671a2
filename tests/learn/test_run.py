"""A whole simulation on small data: engines agree, runs resume, the integers keep up with float."""

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
from bnncl.cli.main import main
from bnncl.diagnostics import EXIT_USAGE, UsageError, VerificationFailed
from bnncl.kernels.learned_head import head_of
from bnncl.learn import run as run_module
from bnncl.learn.backbone import Backbone, Computed
from bnncl.learn.data import DataSet
from bnncl.learn.engine import CEngine, ReferenceEngine
from bnncl.learn.results import Results
from bnncl.learn.run import Silent, compiled, prepare, simulate, stream_of
from bnncl.learn.settings import Settings
from tests.e2e.zoo import SignLayer

BASE, CLASSES = 3, 6


class Net(nn.Module):
    """Random projections and their signs, behind which a head of `classes` outputs was fitted."""

    def __init__(self, classes: int, *, pool: bool = False) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.conv.weight.data = torch.randn(16, 1, 3, 3, generator=generator)
        self.conv.bias.data = torch.randn(16, generator=generator) / 2
        self.sign = SignLayer()
        self.pool = nn.AvgPool2d(2) if pool else nn.Identity()
        self.head = nn.Linear(16 * (4 if pool else 16), classes)

    def forward(self, x):
        return self.head(self.features(x))

    def features(self, x):
        return self.pool(self.sign(self.conv(x))).flatten(1)


def make_data() -> DataSet:
    """Images (N, 1, 4, 4) of k/16 around the pattern of their class."""
    rng = np.random.default_rng(5)
    patterns = rng.integers(0, 17, (CLASSES, 1, 4, 4))

    def split(each: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.permutation(np.repeat(np.arange(CLASSES), each))
        x = np.clip(patterns[labels] + rng.integers(-4, 5, (len(labels), 1, 4, 4)), 0, 16)
        return (x / 16).astype(np.float32), labels.astype(np.int64)

    return DataSet("small", *split(20), *split(10), domains=np.arange(20 * CLASSES) % 2)


DATA = make_data()


def make_model(path: Path, classes: int = BASE, *, pool: bool = False) -> Path:
    module = Net(classes, pool=pool)
    known = DATA.y_train < classes
    x, y = torch.from_numpy(DATA.x_train[known]), torch.from_numpy(DATA.y_train[known])
    features = module.features(x).detach()
    optimiser = torch.optim.SGD(module.head.parameters(), 0.02)
    for _ in range(100):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module.head(features), y).backward()
        optimiser.step()
    bnncl.save(module.eval(), path, x[:1], calibration=x, labels=y)
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "base.pt")


def settings_of(model: Path, **changes: object) -> Settings:
    return Settings(model, "small", seeds=(0, 1), replay=30, engine="reference", **changes)


def final(results: Results, method: str) -> float:
    shares = [run.rows[-1].seen for run in results.runs if run.method == method]
    assert None not in shares
    return float(np.mean(shares))


def test_class_incremental(model, tmp_path):
    results = simulate(settings_of(model), DATA, tmp_path)
    assert [run.key for run in results.runs] == [
        (method, seed) for method in ("device", "cwr", "cwr-plain", "naive", "joint") for seed in (0, 1)
    ]
    for run in results.runs:
        assert [row.classes for row in run.rows] == [(), (3,), (4,), (5,)]
        assert np.array(run.matrix).shape == (4, CLASSES)
        assert abs(run.rows[0].seen - results.runs[0].rows[0].seen) < 0.04
    assert final(results, "joint") > 0.9
    assert abs(final(results, "device") - final(results, "cwr")) < 0.05
    assert final(results, "device") > final(results, "naive") + 0.15
    schema = json.loads(files("bnncl.learn").joinpath("schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((tmp_path / "results.json").read_text()), schema)


def test_memory_of_each_method(model, tmp_path):
    names = ("cwr", "cwr-8", "cwr-32", "cwr-8-bytes", "cwr-32-bytes", "cwr-plain")
    results = simulate(replace(settings_of(model, methods=names), seeds=(0,), epochs=1), DATA, tmp_path)
    found = {run.method: (run.slots, run.latent_bits, run.replay_bytes) for run in results.runs}
    values = 256
    assert found == {
        "cwr": (30, 1, 30 * values // 8),
        "cwr-8": (30, 8, 30 * values),
        "cwr-32": (30, 32, 30 * values * 4),
        "cwr-8-bytes": (3, 8, 3 * values),
        "cwr-32-bytes": (0, 32, 0),
        "cwr-plain": (0, 0, 0),
    }


def test_the_device_keeps_numbers_where_it_is_asked_to(tmp_path):
    base = make_model(tmp_path / "base.pt", pool=True)
    methods = ("device", "cwr-8")
    settings = replace(settings_of(base, methods=methods, replay_bits=7), seeds=(0,), epochs=1)
    results = simulate(settings, DATA, tmp_path / "out")
    found = {run.method: (run.slots, run.latent_bits, run.replay_bytes) for run in results.runs}
    values = 64
    assert found == {"device": (30, 7, 30 * values * 7 // 8), "cwr-8": (30, 8, 30 * values)}
    assert results.settings["replay_bits"] == 7


def test_new_instances_arrive_by_domain(model, tmp_path):
    results = simulate(settings_of(model, scenario="ni", methods=("cwr", "device-plain")), DATA, tmp_path)
    for run in results.runs:
        assert [row.classes for row in run.rows] == [(), (3, 4, 5), (3, 4, 5)]
        assert run.rows[2].new is None


def test_runs_that_are_finished_are_not_repeated(model, tmp_path, monkeypatch):
    settings = settings_of(model, methods=("cwr", "naive"))
    few = simulate(replace(settings, seeds=(1,)), DATA, tmp_path)
    done: list[tuple[str, int]] = []
    plain = run_module.Bench.run

    def interrupted(bench, method, seed, told):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append((method.name, seed))
        return plain(bench, method, seed, told)

    monkeypatch.setattr(run_module.Bench, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate(replace(settings, seeds=(1, 0, 2)), DATA, tmp_path)
    assert done == [("cwr", 0), ("cwr", 2)]
    monkeypatch.setattr(run_module.Bench, "run", plain)
    whole = simulate(replace(settings, seeds=(0, 1, 2)), DATA, tmp_path)
    assert whole.runs[: len(few.runs)] == few.runs
    assert len({run.key for run in whole.runs}) == len(whole.runs) == 6
    csv = (tmp_path / "results.csv").read_text()
    assert simulate(replace(settings, seeds=(0, 1, 2)), DATA, tmp_path) == whole
    assert (tmp_path / "results.csv").read_text() == csv
    alone = simulate(settings, DATA, tmp_path / "alone")
    assert [run.matrix for run in alone.runs] == [
        run.matrix
        for key in (("cwr", 0), ("cwr", 1), ("naive", 0), ("naive", 1))
        for run in whole.runs
        if run.key == key
    ]


@pytest.mark.parametrize("pool", [False, True])
def test_the_generated_c_is_the_reference(tmp_path, pool):
    """After every experience the scores of every test sample are equal."""
    settings = settings_of(make_model(tmp_path / "base.pt", pool=pool), qf=4, rounding="stochastic")
    streams = {seed: stream_of(settings, DATA, range(BASE), seed) for seed in settings.seeds}
    project = compiled(settings, DATA, streams)
    backbone = Backbone.of(project.spec.graph)
    train, test = (
        backbone.samples(x, y) for x, y in ((DATA.x_train, DATA.y_train), (DATA.x_test, DATA.y_test))
    )
    c = CEngine(project)
    assert c.samples_per_second == 0
    for seed, stream in streams.items():
        reference = ReferenceEngine(project.spec.program, seed)
        c.begin(seed)
        assert np.array_equal(c.scores(test), reference.scores(test))
        for experience in stream.experiences:
            for engine in (c, reference):
                engine.learn(train.take(experience.indices))
            assert np.array_equal(c.scores(test), reference.scores(test))
        assert (c.scores(test) > -(2**15)).all()
    assert c.samples_per_second > 0
    with pytest.raises(VerificationFailed) as refused:
        c.learn(train.take(np.zeros(10**4, np.int64)))
    assert refused.value.problems[0].slug == "engine-refused"


def test_features_are_computed_once(model, tmp_path, monkeypatch):
    settings = settings_of(model, methods=("device",))
    computed = Computed()
    first = simulate(settings, DATA, tmp_path / "reference", computed=computed)
    monkeypatch.setattr(Backbone, "samples", None)
    again = simulate(replace(settings, engine="features"), DATA, tmp_path / "fast", computed=computed)
    assert [run.matrix for run in again.runs] == [run.matrix for run in first.runs]
    other = replace(settings, engine="features", methods=("device-plain",))
    assert len(simulate(other, DATA, tmp_path / "plain", computed=computed).runs) == 2


def test_features_are_what_torch_computes(model):
    project = compiled(settings_of(model), DATA, {0: stream_of(settings_of(model), DATA, range(BASE), 0)})
    backbone = Backbone.of(project.spec.graph)
    samples = backbone.samples(DATA.x_test, DATA.y_test)
    torch_says = Net(BASE).features(torch.from_numpy(DATA.x_test)).detach().numpy()
    torch_says = torch_says.reshape(-1, 16, 16).transpose(0, 2, 1).reshape(len(torch_says), -1)
    assert (samples.features[:, :-1] == torch_says).mean() > 0.999
    assert (backbone.exact, backbone.latent_values, backbone.scale) == (True, 256, 1.0)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    settings = Settings(
        tmp_path / "none.pt", methods=("cwr", "gpt"), seeds=(), latents=3, qf=9, scenario="xy", engine="z"
    )
    with pytest.raises(UsageError) as refused:
        settings.check()
    assert [problem.slug for problem in refused.value.problems] == [
        *("unknown-method", "bad-seeds", "bad-choice", "bad-choice", "bad-choice"),
        *("file-not-found", "bad-width"),
    ]


def test_the_default_is_what_the_compiler_builds(model, tmp_path):
    """Rate, minibatches and epochs are those of a compilation without options; float learns at its rate."""
    methods = ("device", "device-plain", "cwr")
    settings = replace(settings_of(model, methods=methods), seeds=(0,))
    known = DATA.y_train < BASE
    filling = (DATA.x_train[known], DATA.y_train[known])
    firmware = bnncl.compile(model, train="head", replay=30, max_classes=CLASSES, replay_init=filling)
    head = head_of(firmware.spec.graph)
    bench = prepare(settings, DATA, Silent())
    simulated = bench.backbone.cut.head
    for array in ("weights", "past", "met", "replay_latents", "replay_labels"):
        assert np.array_equal(getattr(simulated, array).data, getattr(head, array).data)
    own, plain = simulated.config, head.config
    assert replace(own, experience=plain.experience) == plain
    assert bench.backbone.config(None, settings.minibatch, settings.epochs) == own
    assert bench.rate == pytest.approx(8 / 257, rel=1e-6)
    results = simulate(settings, DATA, tmp_path / "own")
    assert (results.settings["rate"], results.settings["used_rate"]) == (None, bench.rate)
    assert simulate(settings, DATA, tmp_path / "own") == results
    given = simulate(replace(settings, rate=bench.rate), DATA, tmp_path / "given")
    assert [run.matrix for run in given.runs] == [run.matrix for run in results.runs]
    fast = simulate(replace(settings, engine="features"), DATA, tmp_path / "fast")
    assert [run.matrix for run in fast.runs] == [run.matrix for run in results.runs]


def test_a_compiler_with_another_rate_does_not_add_to_old_results(model, tmp_path):
    settings = replace(settings_of(model, methods=("naive",)), seeds=(0,))
    simulate(settings, DATA, tmp_path)
    path = tmp_path / "results.json"
    held = json.loads(path.read_text())
    held["settings"]["used_rate"] *= 2
    path.write_text(json.dumps(held))
    with pytest.raises(UsageError) as refused:
        simulate(replace(settings, seeds=(1,)), DATA, tmp_path)
    assert refused.value.problems[0].slug == "other-settings"
    assert "used_rate" in str(refused.value)


def test_results_do_not_go_into_a_project(model, file, tmp_path, capsys):
    folder = bnncl.compile(model).write(tmp_path / "out")
    before = sorted(path.name for path in folder.iterdir())
    code, out, err = command(capsys, "--model", model, "--data", file, "-o", folder)
    assert (code, out) == (EXIT_USAGE, "")
    assert "[output-is-project]" in err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_data_without_the_classes_of_the_model(model, tmp_path):
    later = replace(DATA, y_train=DATA.y_train + BASE, y_test=DATA.y_test + BASE)
    with pytest.raises(UsageError) as refused:
        simulate(settings_of(model), later, tmp_path)
    assert refused.value.problems[0].slug == "no-known-classes"


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        code = main(["simulate", *(str(word) for word in words)])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.npz"
    names = ("x_train", "y_train", "x_test", "y_test")
    np.savez(path, **{name: getattr(DATA, name) for name in names})
    return path


def test_command_line(model, file, tmp_path, capsys):
    words = ("--model", model, "--data", file, "--replay", 30, "--seeds", "0,1", "-o", tmp_path / "out")
    code, out, _ = command(capsys, *words, "--methods", "device,naive")
    assert code == 0
    assert "device, integers" in out
    assert "latent bytes" in out
    assert "Learning rate 0.03113, the compiler's own." in out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("accuracy.png", "results.csv", "results.json"),
    ]
    code, out, _ = command(capsys, *words, "--methods", "device,naive", "--report", "json", "--no-plot")
    assert (code, json.loads(out)) == (0, json.loads((tmp_path / "out" / "results.json").read_text()))
    code, _, err = command(capsys, *words, "--rate", 0.02)
    assert code == EXIT_USAGE
    assert "[other-settings]" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--methods", "sgd"), "unknown-method"),
        (("--seeds", "a"), "does not look like"),
        (("--minibatch", "8"), "NEW:REPLAYED"),
        (("--qf", "1"), "bad-width"),
        (("--rate", "-1"), "bad-rate"),
        (("--data", "mnist"), "unknown-data"),
        (("--model", "none.pt"), "file-not-found"),
        (("--model", "."), "this is a folder"),
        (("--scenario", "ni", "--experiences", "1000"), "too-many-experiences"),
    ],
)
def test_bad_input(words, said, model, file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(capsys, "--model", model, "--data", file, *words)
    assert (code, out) == (EXIT_USAGE, "")
    assert said in err
    assert "Traceback" not in err

"""What a device has learned, back in PyTorch: the same answers, whatever stands around the head."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch
from torch import nn

import bnncl
from bnncl.cli.main import main
from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, EXIT_USAGE
from bnncl.driver.bring_back import BroughtBack, bring_back
from bnncl.driver.project import Project, stored_inputs
from bnncl.frontend.load import load
from bnncl.frontend.model import ModelSource
from bnncl.frontend.replay import replay
from bnncl.interp.learner import Learner
from bnncl.state import read_blob, write_slot
from tests.cli.schemas import SEGMENTS, STATE_LOADED
from tests.e2e.residual import BiReal, network, settle
from tests.e2e.zoo import SignLayer, build, images
from tests.state.devices import dump, new_classes


def conv_head() -> nn.Module:
    """A 1x1 convolution for a head, a scale behind it."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 8), SignLayer(), nn.Conv2d(20, 10, 1), nn.BatchNorm2d(10), nn.Flatten()
    )


def after_batch_norm() -> nn.Module:
    """Batch norm between the last sign and the head: another scale and offset for each feature."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 40), SignLayer(), nn.BatchNorm1d(40), nn.Linear(40, 10))


def lively(module: nn.Module, dead: int = 0) -> nn.Module:
    """Random statistics for batch norm; the first `dead` factors are 0."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 3)
            layer.weight.data.normal_()
            layer.weight.data[:dead] = 0
            layer.bias.data.normal_()
    return module.eval()


OTHERS: dict[str, Callable[[], nn.Module]] = {
    "conv_head": lambda: lively(conv_head()),
    "after_batch_norm": lambda: lively(after_batch_norm()),
}
NETWORKS = ("cnn", "cnn_alpha", "mlp", "strides", "zero_one", "real_tail", "pooled_relu", *OTHERS)
OF_BITS = ("cnn", "cnn_alpha", "mlp", *OTHERS)


@dataclass(frozen=True, eq=False)
class Field:
    """A device in the field: its model, in memory and as a file, its project, and a dump of its storage."""

    module: nn.Module
    model: Path
    project: Project
    folder: Path
    device: Learner
    dump: Path

    def bring_back(self, path: Path, **options: str) -> BroughtBack:
        return bring_back(self.dump, self.folder, ModelSource(self.model), path, **options)  # type: ignore[arg-type]


def device(folder: Path, module: nn.Module, classes: tuple[int, ...] = (10, 11)) -> Field:
    """A device of ten classes that has learned those of `classes` that `new_classes` gives."""
    torch.manual_seed(3)
    x, model = images(96), folder / "model.pt"
    bnncl.save(module, model, x[:1], calibration=x, labels=module(x).argmax(1))
    project = bnncl.compile(model, train="head", replay=20, max_classes=13, name="net")
    written = project.write(folder / "out")
    given, labels = new_classes()
    kept = np.isin(labels, classes)
    learner = project.learn(given[kept], labels[kept])
    return Field(module, model, project, written, learner, dump(learner, project, folder / "dump.bin"))


def answers(path: Path, x: torch.Tensor) -> np.ndarray:
    return replay(load(path).captured, x).numpy()


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Field]:
    made: dict[str, Field] = {}

    def of(name: str) -> Field:
        if name not in made:
            torch.manual_seed(5)
            module = OTHERS[name]() if name in OTHERS else build(name)
            made[name] = device(tmp_path_factory.mktemp(name), module)
        return made[name]

    return of


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_gives_the_answers_of_the_device(
    fields: Callable[[str], Field], name: str, tmp_path: Path
) -> None:
    field = fields(name)
    done = field.bring_back(tmp_path / "learned.pt")
    assert (done.classes, done.unknown, done.samples) == (12, (), 96)
    assert done.agreement is not None
    assert done.agreement >= 0.99
    x = torch.cat([images(300, seed=77), new_classes()[0]])
    scores = field.device.infer(stored_inputs(x, field.project.spec.graph))
    logits = answers(tmp_path / "learned.pt", x)
    assert logits.shape == (364, 12)
    assert (logits.argmax(1) == scores.argmax(1)).mean() >= 0.99
    meaning = field.project.spec.graph.values[field.project.spec.graph.outputs[0]].meaning
    assert meaning is not None
    wrong = np.abs(logits - scores[:, :12] * meaning.scale[0]).max()
    assert wrong < (0.501 * meaning.scale[0] if name in OF_BITS else 0.05 * np.abs(logits).max())


def test_the_file_is_a_model_that_compiles_and_learns_on(
    fields: Callable[[str], Field], tmp_path: Path
) -> None:
    path = tmp_path / "learned.pt"
    fields("cnn").bring_back(path, weights="stored")
    before, after = load(fields("cnn").model), load(path)
    assert [name for name, _ in after.captured.parameters] == [name for name, _ in before.captured.parameters]
    assert after.captured.parameter("12.weight").shape == (12, 160)
    assert after.calibration is not None
    assert before.calibration is not None
    assert torch.equal(after.calibration, before.calibration)
    project = bnncl.compile(path, train="head", replay=5, max_classes=14)
    x = images(200, seed=8)
    assert (project.run(x)[:, :12].argmax(1) == answers(path, x).argmax(1)).mean() >= 0.93


def test_what_stood_behind_the_head_is_gone(fields: Callable[[str], Field], tmp_path: Path) -> None:
    fields("mlp").bring_back(tmp_path / "learned.pt")
    names = [name for name, _ in load(tmp_path / "learned.pt").captured.parameters]
    assert [name for name in names if name.startswith("8.")] == ["8.weight", "8.bias"]
    assert not [name for name in names if name.startswith("9.")]


def test_a_class_that_nobody_has_learned_never_wins(tmp_path: Path) -> None:
    field = device(tmp_path, build("cnn"), (11,))
    done = field.bring_back(tmp_path / "learned.pt")
    assert (done.classes, done.unknown) == (12, (10,))
    logits = answers(tmp_path / "learned.pt", torch.cat([images(100, seed=6), new_classes()[0]]))
    assert (logits[:, 10] < np.delete(logits, 10, 1).min(1)).all()


def test_bits_that_torch_does_not_see_cannot_come_back(tmp_path: Path) -> None:
    torch.manual_seed(5)
    field = device(tmp_path, lively(after_batch_norm(), dead=2))
    with pytest.raises(bnncl.UnsupportedModel) as caught:
        field.bring_back(tmp_path / "learned.pt")
    assert [problem.slug for problem in caught.value.problems] == ["feature-without-scale"]
    assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL
    assert not (tmp_path / "learned.pt").exists()


def refused(slugs: list[str], dump_: Path, folder: Path, model: Path) -> None:
    out = dump_.parent / "refused.pt"
    with pytest.raises(bnncl.UsageError) as caught:
        bring_back(dump_, folder, ModelSource(model), out)
    assert [problem.slug for problem in caught.value.problems] == slugs
    assert caught.value.exit_code == EXIT_USAGE
    assert not out.exists()


@pytest.mark.parametrize("taken", ["model", "dump", "link", "manifest.json", "include/net.h"])
def test_the_files_that_are_read_are_never_written(
    fields: Callable[[str], Field], tmp_path: Path, taken: str
) -> None:
    field = fields("mlp")
    (tmp_path / "link.pt").symlink_to(field.model)
    ours = {"model": field.model, "dump": field.dump, "link": tmp_path / "link.pt"}
    path = ours.get(taken, field.folder / ".." / field.folder.name / taken)
    before = path.read_bytes()
    with pytest.raises(bnncl.UsageError) as caught:
        bnncl.load_learned(field.dump, field.folder, field.model, path)
    assert [problem.slug for problem in caught.value.problems] == ["output-is-input"]
    assert caught.value.exit_code == EXIT_USAGE
    assert path.read_bytes() == before


def test_everything_that_does_not_belong_together_is_said(
    fields: Callable[[str], Field], tmp_path: Path
) -> None:
    mine, other = fields("mlp"), fields("cnn")
    data = bytearray(mine.dump.read_bytes())
    data[200] ^= 1
    (tmp_path / "broken.bin").write_bytes(data)
    refused(["other-model"], mine.dump, mine.folder, other.model)
    refused(["state-other-model"], other.dump, mine.folder, mine.model)
    refused(["state-corrupt", "other-model"], tmp_path / "broken.bin", mine.folder, other.model)
    refused(["state-file", "file-not-found"], tmp_path / "no.bin", mine.folder, tmp_path / "no.pt")


def test_the_same_model_compiled_otherwise_has_another_layout(
    fields: Callable[[str], Field], tmp_path: Path
) -> None:
    field = fields("mlp")
    for options in ({"replay": 21}, {"qb": 15}, {"real_bits": 8, "first_bits": 8}):
        given: dict[str, Any] = {"replay": 20, "max_classes": 13, **options}
        project = bnncl.compile(field.model, train="head", name="net", **given)
        folder = project.write(tmp_path / "-".join(options))
        refused(["state-other-model"], field.dump, folder, field.model)
    same = bnncl.compile(
        field.model, ["cortex-m0plus", "rv32imac"], train="head", replay=20, max_classes=13, rate=0.001
    )
    done = bring_back(
        field.dump, same.write(tmp_path / "same"), ModelSource(field.model), tmp_path / "learned.pt"
    )
    assert done.classes == 12


def test_a_project_that_does_not_learn_and_one_put_together(
    fields: Callable[[str], Field], tmp_path: Path
) -> None:
    field = fields("mlp")
    plain = bnncl.compile(field.model).write(tmp_path / "plain")
    refused(["no-learned-state"], field.dump, plain, field.model)
    mixed = field.project.write(tmp_path / "mixed")
    manifest = json.loads((mixed / "manifest.json").read_text())
    manifest["state"]["layout"] += 1
    (mixed / "manifest.json").write_text(json.dumps(manifest))
    blob = read_blob(field.dump.read_bytes())
    changed = type(blob)(**{**vars(blob), "layout": blob.layout + 1})
    (tmp_path / "dump.bin").write_bytes(write_slot(changed))
    refused(["state-layout"], tmp_path / "dump.bin", mixed, field.model)


def test_what_a_tail_has_learned_is_not_brought_back_in_part(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module, x, model = network(BiReal(8, 8), before=8, after=8), images(40), tmp_path / "model.pt"
    settle(module, x)
    bnncl.save(module.eval(), model, x[:1], calibration=x, labels=module(x).argmax(1))
    project = bnncl.compile(model, train="2", max_classes=12, name="net")
    folder = project.write(tmp_path / "out")
    refused(["state-of-a-tail"], dump(project.learner(), project, tmp_path / "dump.bin"), folder, model)


def test_the_command_line(
    fields: Callable[[str], Field], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    field, out = fields("mlp"), tmp_path / "learned.pt"
    words = [
        *("state", "load", str(field.dump), "--project", str(field.folder)),
        *("--model", str(field.model), "-o", str(out)),
    ]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "8: 12 classes, as of save 1" in said.out
    assert "100.00 % of 96 calibration samples" in said.out
    assert main([*words, "--report", "json", "--weights", "stored"]) == 0
    held = json.loads(capsys.readouterr().out)
    jsonschema.validate(held, STATE_LOADED)
    assert (held["path"], held["classes"], held["unknown"]) == (str(out), 12, [])
    manifest = json.loads((field.folder / "manifest.json").read_text())
    jsonschema.validate(manifest["state"]["segments"], SEGMENTS)
    assert main(["state", "--report", "json", "show", str(field.dump), "--project", str(field.folder)]) == 0
    assert json.loads(capsys.readouterr().out)["states"][0]["sequence"] == 1
    words[words.index("--model") + 1] = str(tmp_path / "none.pt")
    assert main(words) == EXIT_USAGE
    assert "there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cnn", "mlp", "after_batch_norm", "conv_head"])
def test_the_head_goes_into_the_module(fields: Callable[[str], Field], tmp_path: Path, name: str) -> None:
    field, path = fields(name), tmp_path / "learned.pt"
    bnncl.load_learned(field.dump, field.folder, field.model, path)
    before = {key: held.clone() for key, held in field.module.state_dict().items()}
    module = bnncl.with_learned_head(field.module, path)
    x = images(100, seed=4)
    with torch.no_grad():
        assert (module(x).argmax(1).numpy() == answers(path, x).argmax(1)).all()
    assert all(torch.equal(held, before[key]) for key, held in field.module.state_dict().items())
    assert len(before) == len(field.module.state_dict())


def test_another_module_does_not_take_the_head(fields: Callable[[str], Field], tmp_path: Path) -> None:
    path = tmp_path / "learned.pt"
    fields("mlp").bring_back(path)
    doubled = nn.Sequential(*fields("mlp").module.children())
    doubled[7] = nn.Sequential(SignLayer(), nn.Threshold(0.5, 0.0))
    for module, slug in ((nn.Sequential(nn.Linear(64, 10)), "no-such-head"), (doubled, "head-differs")):
        with pytest.raises(bnncl.UnsupportedModel) as caught:
            bnncl.with_learned_head(module, path)
        assert [problem.slug for problem in caught.value.problems] == [slug]
        assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL


def test_a_state_dict_comes_back_with_its_factory(tmp_path: Path) -> None:
    torch.save(build("mlp").state_dict(), tmp_path / "model.pt")
    factory, shape = "tests.e2e.zoo:mlp", (1, 8, 8)
    project = bnncl.compile(
        tmp_path / "model.pt",
        model=factory,
        input_shape=shape,
        calibration=images(40),
        train="head",
        max_classes=12,
    )
    given, labels = new_classes()
    held = dump(project.learn(given, labels), project, tmp_path / "dump.bin")
    folder, path = project.write(tmp_path / "out"), tmp_path / "learned.pt"
    done = bnncl.load_learned(held, folder, tmp_path / "model.pt", path, factory=factory, input_shape=shape)
    assert (done.classes, done.agreement) == (12, None)
    assert (
        answers(path, given).argmax(1).tolist()
        == project.learn(given, labels).infer(stored_inputs(given, project.spec.graph)).argmax(1).tolist()
    )

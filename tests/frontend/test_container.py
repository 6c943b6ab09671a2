"""What `save` writes is read back whole, has the same bytes every time, and damage is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bnncl.diagnostics import EXIT_UNSUPPORTED_MODEL, EXIT_USAGE, BnnclError
from bnncl.frontend.capture import capture
from bnncl.frontend.container import read, save
from bnncl.frontend.load import load
from bnncl.frontend.replay import replay
from tests.frontend import idioms

Document = dict


def errors(caught: pytest.ExceptionInfo[BnnclError]) -> list[str]:
    return [problem.slug for problem in caught.value.problems]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    save(idioms.build("shift"), path, idioms.example("shift"), idioms.example("shift", 6), [0, 1, 2, 3, 4, 0])
    return path


def rewrite(path: Path, change) -> None:
    """Apply `change` to the graph document in the file's header."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    document = json.loads(header["__metadata__"]["bnncl"])
    change(document)
    header["__metadata__"]["bnncl"] = json.dumps(document)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


@pytest.mark.parametrize("name", list(idioms.ZOO))
def test_round_trip_of_the_zoo(name: str, tmp_path: Path) -> None:
    module, x = idioms.build(name), idioms.example(name)
    save(module, tmp_path / "model.pt", x)
    loaded = load(tmp_path / "model.pt")
    captured = capture(module, x)
    assert loaded.kind == "bnncl"
    assert loaded.captured.nodes == captured.nodes
    assert loaded.captured.facts == captured.facts
    for got, wanted in zip(loaded.captured.constants, captured.constants, strict=True):
        assert torch.equal(got.tensor, wanted.tensor)
        assert got.tensor.stride() == wanted.tensor.stride()
        assert (got.id, got.origins, got.latent, got.module) == (
            wanted.id,
            wanted.origins,
            wanted.latent,
            wanted.module,
        )
    assert [key for key, _ in loaded.captured.parameters] == [key for key, _ in captured.parameters]
    assert torch.equal(replay(loaded.captured, x), replay(captured, x))


def test_calibration_and_labels_come_back(saved: Path) -> None:
    loaded = load(saved)
    assert loaded.calibration is not None
    assert loaded.labels is not None
    assert torch.equal(loaded.calibration, idioms.example("shift", 6))
    assert loaded.labels.tolist() == [0, 1, 2, 3, 4, 0]
    assert torch.equal(loaded.example, idioms.example("shift"))
    assert len(loaded.sha256) == 64


def test_same_model_same_bytes(saved: Path, tmp_path: Path) -> None:
    x = idioms.example("shift", 6).numpy()
    labels = np.array([0, 1, 2, 3, 4, 0], np.uint8)
    save(idioms.build("shift"), str(tmp_path / "again.pt"), idioms.example("shift"), x, labels)
    assert (tmp_path / "again.pt").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("name", ["shift", *list(idioms.ZOO)[:3]])
def test_a_module_in_training_mode_is_saved_as_in_eval_mode(name: str, tmp_path: Path) -> None:
    x, module = idioms.example(name), nn.Sequential(idioms.build(name), nn.Dropout(0.5)).train()
    save(module, tmp_path / "train.pt", x)
    assert all(part.training for part in module.modules())
    save(module.eval(), tmp_path / "eval.pt", x)
    assert (tmp_path / "train.pt").read_bytes() == (tmp_path / "eval.pt").read_bytes()


def test_the_range_of_the_calibration_is_known(tmp_path: Path) -> None:
    x = idioms.example("shift")
    save(idioms.build("shift"), tmp_path / "model.pt", x, x * 7)
    facts = load(tmp_path / "model.pt").captured.facts
    assert (facts.input_low, facts.input_high) == (float((x * 7).min()), float((x * 7).max()))


@pytest.mark.parametrize(
    ("calibration", "labels", "slugs"),
    [
        (torch.zeros(4, 3, 12), None, ["calibration-shape"]),
        (torch.zeros(0, 3, 12, 12), None, ["calibration-shape"]),
        (torch.zeros(4, 12, 12, 3), [0, 1, 2], ["calibration-shape", "labels-without-calibration"]),
        (torch.zeros(4, 3, 12, 12, dtype=torch.uint8), None, ["calibration-dtype"]),
        (["a"], None, ["calibration-dtype"]),
        (torch.full((4, 3, 12, 12), float("nan")), [0, 1], ["calibration-not-finite", "labels-shape"]),
        (torch.zeros(2, 3, 12, 12), [0.0, 1.0], ["labels-dtype"]),
        (torch.zeros(2, 3, 12, 12), [0, 5], ["labels-range"]),
        (torch.zeros(2, 3, 12, 12), [-1, 4], ["labels-range"]),
        (None, [0], ["labels-without-calibration"]),
    ],
)
def test_arrays_that_do_not_fit(calibration, labels, slugs: list[str], tmp_path: Path) -> None:
    with pytest.raises(BnnclError) as caught:
        save(idioms.build("shift"), tmp_path / "model.pt", idioms.example("shift"), calibration, labels)
    assert errors(caught) == slugs
    assert caught.value.exit_code == EXIT_USAGE
    assert list(tmp_path.iterdir()) == []


def test_double_calibration_is_converted(tmp_path: Path) -> None:
    x = idioms.example("shift")
    save(idioms.build("shift"), tmp_path / "model.pt", x, x.double().numpy())
    calibration = load(tmp_path / "model.pt").calibration
    assert calibration is not None
    assert torch.equal(calibration, x)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BnnclError) as caught:
        save(idioms.build("shift"), tmp_path / "no" / "model.pt", idioms.example("shift"))
    assert errors(caught) == ["cannot-write"]
    assert "fix: Name a file in a folder that is there" in str(caught.value)
    assert caught.value.exit_code == EXIT_USAGE


def test_path_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.pt").mkdir()
    with pytest.raises(BnnclError) as caught:
        save(idioms.build("shift"), tmp_path / "model.pt", idioms.example("shift"))
    assert errors(caught) == ["cannot-write"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_operators_outside_the_list_are_all_named(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Identity()
            self.inner.forward = lambda x: torch.fft.rfft(x).abs()

        def forward(self, x):
            return torch.special.i0(self.inner(x))

    with pytest.raises(BnnclError) as caught:
        save(Net(), tmp_path / "model.pt", torch.ones(1, 8))
    assert errors(caught) == ["unknown-operator", "unknown-operator"]
    assert [problem.where for problem in caught.value.problems] == ["inner", ""]
    assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL


def _node(document: Document, **changes) -> None:
    document["nodes"][1].update(changes)


_DAMAGE = {
    "format": lambda d: d.update(format="other"),
    "version": lambda d: d.update(version=2),
    "no nodes": lambda d: d.pop("nodes"),
    "nodes": lambda d: d.update(nodes={}),
    "input dtype": lambda d: d.update(input_dtype="float64"),
    "output": lambda d: d.update(output=10_000),
    "negative": lambda d: d.update(output=-1),
    "boolean": lambda d: d.update(output=True),
    "shape": lambda d: d["input_shape"].append(2),
    "output shape": lambda d: d["output_shape"].append(2),
    "parameter": lambda d: d["parameters"].append("nothing"),
    "constant": lambda d: d["constants"][0].update(tensor="nothing"),
    "order": lambda d: d["constants"][0].update(order=[0, 0, 1, 2]),
    "latent": lambda d: d["constants"][0].update(latent=3),
    "forward reference": lambda d: _node(d, args=[{"value": 9999}]),
    "no constant": lambda d: _node(d, args=[{"constant": 9999}]),
    "value twice": lambda d: _node(d, outputs=d["nodes"][0]["outputs"] * 3),
    "outputs": lambda d: _node(d, outputs=[77]),
    "float": lambda d: _node(d, args=[1.5]),
    "hex": lambda d: _node(d, args=[{"float": "abc"}]),
    "object": lambda d: _node(d, args=[{"other": 1}]),
    "pair": lambda d: _node(d, kwargs=[["dtype"]]),
    "arguments": lambda d: _node(d, args=[]),
    "shapes": lambda d: _node(d, shapes=[[1], [2], [3]]),
    "facts": lambda d: d.pop("facts"),
}


@pytest.mark.parametrize("damage", list(_DAMAGE))
def test_damaged_documents_are_refused(damage: str, saved: Path) -> None:
    rewrite(saved, _DAMAGE[damage])
    with pytest.raises(BnnclError) as caught:
        load(saved)
    assert errors(caught) == ["damaged-model"]
    assert caught.value.exit_code == EXIT_USAGE


def test_untouched_documents_survive_rewriting(saved: Path) -> None:
    rewrite(saved, lambda document: None)
    assert read(saved).captured.nodes


@pytest.mark.parametrize(
    "op",
    [
        "aten.from_file.default",
        "aten.save.default",
        "aten.relu_.default",
        "aten.add_.Tensor",
        "prims.add.default",
        "aten.bernoulli.default",
        "aten.__class__.default",
        "aten.add",
        "os.system.default",
    ],
)
def test_operators_that_a_file_may_not_name(op: str, saved: Path) -> None:
    rewrite(saved, lambda document: _node(document, op=op))
    with pytest.raises(BnnclError) as caught:
        load(saved)
    assert errors(caught) == ["unknown-operator"]
    assert caught.value.exit_code == EXIT_UNSUPPORTED_MODEL


def test_cut_files_are_refused_wherever_they_end(saved: Path) -> None:
    data = saved.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    for end in (9, 20, 8 + length // 2, 8 + length, len(data) - 1):
        saved.write_bytes(data[:end])
        with pytest.raises(BnnclError) as caught:
            load(saved)
        assert errors(caught)[0] in ("truncated-archive", "damaged-model"), end


def test_deep_nesting_is_refused(saved: Path) -> None:
    nested: list = []
    for _ in range(900):
        nested = [nested]
    rewrite(saved, lambda document: _node(document, args=nested))
    with pytest.raises(BnnclError) as caught:
        load(saved)
    assert errors(caught) == ["damaged-model"]

"""Files of every kind are recognised by content; none runs code without consent."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from bnncl.diagnostics import EXIT_USAGE, BnnclError
from bnncl.frontend.capture import run_eagerly
from bnncl.frontend.load import Loaded, load
from bnncl.frontend.replay import replay
from tests.frontend import idioms

FACTORY = "tests.frontend.test_load:make_shift"
SHAPE = (3, 12, 12)


def make_shift() -> nn.Module:
    return idioms.build("shift", seed=99)


def make_nothing() -> None:
    return None


def make_failure() -> nn.Module:
    raise ZeroDivisionError("no model today")


def refused(path: Path, slug: str, **options) -> str:
    """The message of the one problem `slug` that loading `path` gives, with exit code 2."""
    with pytest.raises(BnnclError) as caught:
        load(path, **options)
    assert {problem.slug for problem in caught.value.problems} == {slug}
    assert caught.value.exit_code == EXIT_USAGE
    return str(caught.value)


def check_shift(loaded: Loaded, kind: str) -> None:
    x = idioms.example("shift")
    expected = torch.cat([run_eagerly(idioms.build("shift"), x[i : i + 1].clone()) for i in range(len(x))])
    assert loaded.kind == kind
    assert torch.equal(replay(loaded.captured, x), expected)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.pt"


class Payload:
    """Unpickling one makes the file `path`."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def _wrappings(state: dict) -> dict[str, object]:
    return {
        "plain": state,
        "checkpoint": {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}},
        "net": {"net": state, "acc": 91.5},
        "model": {"model": OrderedDict(state)},
        "parallel": {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        "compiled": {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()},
    }


@pytest.mark.parametrize("wrapping", list(_wrappings({})))
@pytest.mark.parametrize("legacy", [False, True])
def test_state_dicts(wrapping: str, legacy: bool, path: Path) -> None:
    saved = _wrappings(idioms.build("shift").state_dict())[wrapping]
    torch.save(saved, path, _use_new_zipfile_serialization=not legacy)
    check_shift(load(path, model=FACTORY, input_shape=SHAPE), "state-dict")
    check_shift(load(path, model=FACTORY, samples=idioms.example("shift")), "state-dict")


def test_state_dict_in_a_foreign_safetensors_file(path: Path) -> None:
    safetensors.torch.save_file(dict(idioms.build("shift").state_dict()), path, {"format": "pt"})
    check_shift(load(path, model=FACTORY, input_shape=SHAPE), "state-dict")
    assert "norm1.running_mean (8,)" in refused(path, "state-dict-needs-model")


def test_state_dict_without_a_model_lists_keys_and_the_fix(path: Path) -> None:
    torch.save(idioms.build("sign_ge").state_dict(), path)
    message = refused(path, "state-dict-needs-model")
    assert "the file holds 27 tensors" in message
    assert "first.weight (8, 1, 3, 3)" in message
    assert "head.bias (4,)" in message
    assert "... and 16 more ..." in message
    assert 'bnncl.save(model, "model.pt", example=images[:8], calibration=images[:512])' in message


def test_state_dict_that_does_not_fit_lists_every_key(path: Path) -> None:
    state = idioms.build("shift").state_dict()
    del state["head.bias"]
    state["extra.weight"] = torch.ones(1)
    state["head.weight"] = torch.ones(5, 9)
    torch.save(state, path)
    message = refused(path, "state-dict-mismatch", model=FACTORY, input_shape=SHAPE)
    assert "head.bias is missing in the file" in message
    assert "extra.weight is in the file, but not in the model" in message
    assert "head.weight has shape (5, 9) in the file, (5, 8) in the model" in message


@pytest.mark.parametrize(
    "factory",
    [
        "nocolon",
        ":name",
        "no_such_package_here:make",
        "tests.frontend.test_load:no_such_name",
        "tests.frontend.test_load:make_nothing",
        "tests.frontend.test_load:make_failure",
    ],
)
def test_factories_that_make_no_model(factory: str, path: Path) -> None:
    torch.save(idioms.build("shift").state_dict(), path)
    refused(path, "model-factory", model=factory, input_shape=SHAPE)


def test_factory_in_the_working_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from tests.frontend import idioms\ndef make():\n    return idioms.build('shift', 5)\n"
    (path.parent / "factory_of_a_test.py").write_text(source)
    monkeypatch.chdir(path.parent)
    torch.save(idioms.build("shift").state_dict(), path)
    before = list(sys.path)
    check_shift(load(path, model="factory_of_a_test:make", input_shape=SHAPE), "state-dict")
    assert sys.path == before


def test_input_shape_is_needed_and_checked(path: Path) -> None:
    torch.save(idioms.build("shift").state_dict(), path)
    refused(path, "input-shape-missing", model=FACTORY)
    refused(path, "input-shape", model=FACTORY, input_shape=(3, 0, 12))


def test_files_that_are_no_models(path: Path) -> None:
    refused(path, "file-not-found")
    refused(path.parent, "file-not-found")
    for data in (b"", b"\x00", b"hello, world", b"\x89HDF\r\n\x1a\n" + bytes(99), bytes(8) + b"{}"):
        path.write_bytes(data)
        with pytest.raises(BnnclError) as caught:
            load(path)
        assert caught.value.problems[0].slug in ("not-a-model", "damaged-model"), data
    np.savez(path.with_suffix(".npz"), x=np.ones(3))
    refused(path.with_suffix(".npz"), "not-a-model")
    for value in ({"epoch": 3}, [torch.ones(3)], torch.ones(3), 7, {"state_dict": {"a": 1}}):
        torch.save(value, path)
        refused(path, "not-a-model")


def test_truncated_files(path: Path) -> None:
    module = idioms.build("shift")
    for legacy in (False, True):
        torch.save(module.state_dict(), path, _use_new_zipfile_serialization=not legacy)
        data = path.read_bytes()
        for end in (20, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:end])
            with pytest.raises(BnnclError) as caught:
                load(path, model=FACTORY, input_shape=SHAPE)
            assert caught.value.problems[0].slug in ("truncated-archive", "pickle-needs-consent"), (
                legacy,
                end,
            )


@pytest.mark.parametrize("legacy", [False, True])
def test_pickled_module_needs_consent(legacy: bool, path: Path) -> None:
    torch.save(idioms.build("shift"), path, _use_new_zipfile_serialization=not legacy)
    message = refused(path, "pickle-needs-consent", input_shape=SHAPE)
    assert "tests.frontend.idioms.ShiftNet" in message
    assert "torch.nn.modules.conv.Conv2d" not in message or "ConvScaledSte" in message
    assert "_rebuild_tensor" not in message
    check_shift(load(path, input_shape=SHAPE, trust_pickle=True), "pickle")
    refused(path, "input-shape-missing", trust_pickle=True)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("place", ["whole", "inside"])
def test_crafted_pickles_run_nothing(legacy: bool, place: str, path: Path) -> None:
    mark = path.parent / "ran"
    payload = Payload(mark)
    saved = payload if place == "whole" else {"state_dict": {"a": torch.ones(2)}, "x": payload}
    torch.save(saved, path, _use_new_zipfile_serialization=not legacy)
    assert "open" in refused(path, "pickle-needs-consent", model=FACTORY, input_shape=SHAPE)
    assert not mark.exists()
    with pytest.raises(BnnclError):
        load(path, trust_pickle=True)
    assert mark.exists()


def test_bare_pickles_run_nothing(path: Path) -> None:
    mark = path.parent / "ran"
    for protocol in (2, 3, 4, 5):
        path.write_bytes(pickle.dumps(Payload(mark), protocol))
        assert "io.open" in refused(path, "pickle-needs-consent")
    path.write_bytes(pickle.dumps(Payload(mark), 0))
    refused(path, "not-a-model")
    assert not mark.exists()


def test_pickle_of_a_class_that_is_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(idioms.build("shift"), path)
    monkeypatch.delattr(idioms, "ShiftNet")
    refused(path, "pickle-class-missing", input_shape=SHAPE, trust_pickle=True)


def test_trusted_checkpoint_with_other_things_inside(path: Path) -> None:
    torch.save({"state_dict": idioms.build("shift").state_dict(), "best": Path("x")}, path)
    assert "pathlib" in refused(path, "pickle-needs-consent", model=FACTORY, input_shape=SHAPE)
    check_shift(load(path, model=FACTORY, input_shape=SHAPE, trust_pickle=True), "state-dict")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_needs_consent(path: Path) -> None:
    torch.jit.save(torch.jit.trace(idioms.build("shift"), idioms.example("shift", 1)), str(path))
    assert "code/__torch__" in refused(path, "pickle-needs-consent", input_shape=SHAPE)
    check_shift(load(path, input_shape=SHAPE, trust_pickle=True), "torchscript")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_crafted_torchscript_runs_nothing(path: Path) -> None:
    mark = path.parent / "ran"
    torch.jit.save(torch.jit.trace(idioms.build("shift"), idioms.example("shift", 1)), str(path))
    crafted = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(crafted, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, pickle.dumps(Payload(mark), 2) if name.endswith(".pkl") else data)
    path.write_bytes(crafted.getvalue())
    refused(path, "pickle-needs-consent", input_shape=SHAPE)
    assert not mark.exists()


def test_archives_that_would_unpack_to_absurd_sizes(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("m/data.pkl", bytes(100 << 20))
    assert path.stat().st_size < 1 << 20
    refused(path, "absurd-archive")
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as file:
        file.writestr("m/data.pkl", bytes(1000))
    data = many.getvalue().replace(struct.pack("<I", 1000), struct.pack("<I", 0x7FFFFFFF))
    path.write_bytes(data)
    refused(path, "absurd-archive")


def _safetensors(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<Q", (1 << 48) - 1) + b"{}",
        _safetensors(b"{" * 60_000),
        _safetensors(b"{\xff\xfe"),
        _safetensors(b'{"a": 1'),
        _safetensors({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 4]}}, bytes(4)),
        _safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}, bytes(4)),
        _safetensors({"a": {"dtype": "X99", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        _safetensors({"__metadata__": {"bnncl": "[" * 60_000}}),
        _safetensors({"__metadata__": {"bnncl": "__import__('os')"}}),
        _safetensors({"__metadata__": {"bnncl": 7}}),
        _safetensors({"__metadata__": []}),
    ],
)
def test_garbage_in_safetensors_headers(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    with pytest.raises(BnnclError) as caught:
        load(path)
    slugs = {"truncated-archive", "not-a-model", "damaged-model"}
    assert {problem.slug for problem in caught.value.problems} <= slugs
    assert caught.value.exit_code == EXIT_USAGE


def test_export_archives_of_older_torch(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("serialized_exported_program.json", "{}")
        file.writestr("serialized_state_dict.pt", "")
    refused(path, "old-export")

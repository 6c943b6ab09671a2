"""torch.export archives are read without unpickling or evaluating anything in them."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bnncl.diagnostics import BnnclError
from bnncl.frontend.capture import capture, run_eagerly
from bnncl.frontend.load import load
from bnncl.frontend.replay import replay
from tests.frontend import idioms
from tests.frontend.test_load import Payload

EXPORTABLE = [name for name in idioms.ZOO if name not in ("sign_data", "conv_data", "conv_org")]

Files = dict[str, bytes]


def export(module: nn.Module, x: torch.Tensor, path: Path, **options) -> None:
    torch.export.save(torch.export.export(module, (x,), **options), path)


def repack(path: Path, change: Callable[[Files], None], method: int = zipfile.ZIP_STORED) -> None:
    """Apply `change` to the archive's entries by name (without the top folder)."""
    with zipfile.ZipFile(path) as file:
        files = {name.partition("/")[2]: file.read(name) for name in file.namelist()}
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            file.writestr(f"model/{name}", data)
    path.write_bytes(out.getvalue())


def edit(path: Path, change: Callable[[dict], object], name: str = "models/model.json") -> None:
    """Apply `change` to one JSON entry."""

    def apply(files: Files) -> None:
        document = json.loads(files[name])
        change(document)
        files[name] = json.dumps(document).encode()

    repack(path, apply)


def slugs(path: Path) -> list[str]:
    with pytest.raises(BnnclError) as caught:
        load(path)
    assert caught.value.exit_code in (2, 3)
    return [problem.slug for problem in caught.value.problems]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    export(idioms.build("conv1d"), idioms.example("conv1d", 1), path)
    return path


@pytest.mark.parametrize("name", EXPORTABLE)
def test_same_graph_as_the_module_itself(name: str, tmp_path: Path) -> None:
    module, x = idioms.build(name), idioms.example(name)
    export(module, x[:1], tmp_path / "model.pt")
    loaded, direct = load(tmp_path / "model.pt"), capture(module, x)
    assert loaded.kind == "export"
    assert torch.equal(replay(loaded.captured, x), replay(direct, x))
    assert [node.op for node in loaded.captured.nodes] == [node.op for node in direct.nodes]
    assert [node.module for node in loaded.captured.nodes] == [node.module for node in direct.nodes]
    latents = [(constant.origins, constant.latent) for constant in loaded.captured.constants]
    assert latents == [(constant.origins, constant.latent) for constant in direct.constants]
    assert all(node.line.startswith("idiom") for node in loaded.captured.nodes)


class Blocks(nn.Module):
    """A block without gradient, an in-place call, constants and a dynamic batch."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 3)
        self.scale = torch.tensor([1.0, -2.0, 0.5])

    def forward(self, x):
        with torch.no_grad():
            low, high = x.detach().chunk(2, 1)
            y = torch.cat([high, low * 2], 1)
        y = F.hardtanh(y, inplace=True).view(x.shape[0], -1)
        return torch.relu_(self.fc(y) * self.scale) + torch.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize("dynamic", [False, True])
def test_blocks_and_dynamic_batches(dynamic: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, x = Blocks().eval(), torch.randn(5, 2, 6)
    options = {"dynamic_shapes": {"x": {0: torch.export.Dim("n")}}} if dynamic else {}
    export(module, x if dynamic else x[:1], tmp_path / "model.pt", **options)
    captured = load(tmp_path / "model.pt").captured
    assert captured.input_shape == (1, 2, 6)
    expected = torch.cat([run_eagerly(module, x[i : i + 1].clone()) for i in range(5)])
    assert torch.equal(replay(captured, x), expected)


def test_fixed_batch_of_several(tmp_path: Path) -> None:
    export(idioms.build("conv1d"), idioms.example("conv1d", 3), tmp_path / "model.pt")
    assert slugs(tmp_path / "model.pt") == ["export-batch"]


def test_crafted_pickles_inside_run_nothing(exported: Path) -> None:
    mark = exported.parent / "ran"
    payload = pickle.dumps(Payload(mark))
    saved = io.BytesIO()
    torch.save(Payload(mark), saved)

    def change(files: Files) -> None:
        for name in list(files):
            if "sample_inputs" in name:
                files[name] = saved.getvalue()
        files["data.pkl"] = files["constants.pkl"] = files["data/sample_inputs/other.pt"] = payload

    repack(exported, change)
    assert load(exported).kind == "export"
    assert not mark.exists()


def test_pickled_weights_are_refused_all_at_once(exported: Path) -> None:
    mark = exported.parent / "ran"
    config = "data/weights/model_weights_config.json"

    def change(document: dict) -> None:
        for payload in document["config"].values():
            payload["use_pickle"] = True

    edit(exported, change, config)
    repack(exported, lambda files: files.update({"data/weights/weight_0": pickle.dumps(Payload(mark))}))
    found = slugs(exported)
    assert set(found) == {"export-needs-pickle"}
    assert len(found) > 5
    assert not mark.exists()


def test_crafted_symbols_are_not_evaluated(tmp_path: Path) -> None:
    path, mark = tmp_path / "model.pt", tmp_path / "ran"
    dynamic = {"x": {0: torch.export.Dim("n")}}
    export(Blocks().eval(), torch.randn(5, 2, 6), path, dynamic_shapes=dynamic)
    repack(
        path,
        lambda files: files.update(
            {
                "models/model.json": files["models/model.json"].replace(
                    b"Symbol('s", f"open('{mark}', 'w') or Symbol('s".encode()
                )
            }
        ),
    )
    assert load(path).kind == "export"
    assert not mark.exists()


def _nodes(document: dict) -> list[dict]:
    return document["graph_module"]["graph"]["nodes"]


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.save.default",
        "torch.ops.mylib.custom.default",
        "torch.ops.higher_order.cond",
        "os.system",
        "_operator.attrgetter",
        "torch.ops.aten.relu.__globals__",
        "torch.ops.aten.__init__.default",
    ],
)
def test_operators_outside_the_list(target: str, exported: Path) -> None:
    def change(document: dict) -> None:
        for node in _nodes(document)[:2]:
            node["target"] = target

    edit(exported, change)
    assert slugs(exported) == ["unknown-operator", "unknown-operator"]


def _signature(document: dict) -> dict:
    return document["graph_module"]["signature"]


def _meta(document: dict) -> dict:
    return next(iter(document["config"].values()))["tensor_meta"]


_MODEL = "models/model.json"
_WEIGHTS = "data/weights/model_weights_config.json"
_DAMAGE: dict[str, tuple[str, Callable[[dict], object], str]] = {
    "version": (_MODEL, lambda d: d["schema_version"].update(major=99), "unsupported-export"),
    "no version": (_MODEL, lambda d: d.pop("schema_version"), "truncated-archive"),
    "no graph": (_MODEL, lambda d: d.pop("graph_module"), "truncated-archive"),
    "no nodes": (_MODEL, lambda d: d["graph_module"]["graph"].pop("nodes"), "truncated-archive"),
    "node": (_MODEL, lambda d: _nodes(d).append(3), "truncated-archive"),
    "outputs": (_MODEL, lambda d: _signature(d)["output_specs"].clear(), "several-outputs"),
    "inputs": (
        _MODEL,
        lambda d: _signature(d)["input_specs"].append(_signature(d)["input_specs"][-1]),
        "several-inputs",
    ),
    "custom object": (
        _MODEL,
        lambda d: _signature(d)["input_specs"].append({"custom_obj": {}}),
        "unsupported-export",
    ),
    "argument": (_MODEL, lambda d: _nodes(d)[0]["inputs"][0].update(arg={}), "forward-failed"),
    "name": (
        _MODEL,
        lambda d: _nodes(d)[0]["inputs"][0].update(arg={"as_tensor": {"name": "zz"}}),
        "forward-failed",
    ),
    "object argument": (
        _MODEL,
        lambda d: _nodes(d)[0]["inputs"][0].update(arg={"as_custom_obj": {"name": "a", "class_fqn": "b"}}),
        "forward-failed",
    ),
    "payload": (_WEIGHTS, lambda d: d["config"].update({"a.b": 1}), "truncated-archive"),
    "parameter name": (
        _MODEL,
        lambda d: _signature(d)["input_specs"][0]["parameter"].update(parameter_name="forward"),
        "truncated-archive",
    ),
    "dtype": (_WEIGHTS, lambda d: _meta(d).update(dtype=9), "truncated-archive"),
    "sizes": (_WEIGHTS, lambda d: _meta(d).update(sizes=[{"as_int": 1 << 40}]), "truncated-archive"),
    "symbolic size": (_WEIGHTS, lambda d: _meta(d).update(sizes=[{"as_expr": {}}]), "truncated-archive"),
    "huge": (
        _WEIGHTS,
        lambda d: _meta(d).update(sizes=[{"as_int": 1 << 40}], strides=[{"as_int": 0}]),
        "truncated-archive",
    ),
    "offset": (_WEIGHTS, lambda d: _meta(d).update(storage_offset={"as_int": 1 << 30}), "truncated-archive"),
    "negative": (_WEIGHTS, lambda d: _meta(d)["strides"][0].update(as_int=-1), "truncated-archive"),
    "missing weight": (_WEIGHTS, lambda d: d["config"].popitem(), "truncated-archive"),
}


@pytest.mark.parametrize("damage", list(_DAMAGE))
def test_damaged_archives(damage: str, exported: Path) -> None:
    name, change, slug = _DAMAGE[damage]
    edit(exported, change, name)
    assert slugs(exported) == [slug]


def test_names_that_are_no_names_of_parameters(exported: Path) -> None:
    for name in ("forward", "a b", "a/../b", ""):
        whole = exported.read_bytes()

        def rename(document: dict, name: str = name) -> None:
            _signature(document)["input_specs"][0]["parameter"]["parameter_name"] = name

        edit(
            exported,
            lambda d, name=name: d["config"].update({name: next(iter(d["config"].values()))}),
            _WEIGHTS,
        )
        edit(exported, rename)
        assert slugs(exported) == ["truncated-archive"], name
        exported.write_bytes(whole)


def test_entries_that_are_missing_or_broken(exported: Path) -> None:
    whole = exported.read_bytes()
    repack(exported, lambda files: files.pop("data/weights/weight_0"))
    assert slugs(exported) == ["truncated-archive"]
    exported.write_bytes(whole)
    repack(exported, lambda files: files.pop("models/model.json"))
    assert slugs(exported) == ["unsupported-export"]
    exported.write_bytes(whole)
    repack(exported, lambda files: files.update({"models/model.json": b"[" * 60_000}))
    assert slugs(exported) == ["truncated-archive"]
    for end in (100, len(whole) // 2, len(whole) - 5):
        exported.write_bytes(whole[:end])
        assert slugs(exported) == ["truncated-archive"]


def test_several_inputs(tmp_path: Path) -> None:
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    program = torch.export.export(Two(), (torch.ones(1, 2), torch.ones(1, 2)))
    torch.export.save(program, tmp_path / "model.pt")
    assert slugs(tmp_path / "model.pt") == ["several-inputs"]

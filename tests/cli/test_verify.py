"""`bnncl verify` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from bnncl.targets import TARGETS
from tests.tools import require_target, require_tool

from .conftest import Command, content
from .schemas import VERIFIED
from .test_refusals import refused


@pytest.fixture
def copy(project: Path, here: Path) -> Path:
    """A copy of the project that may be damaged."""
    return Path(shutil.copytree(project, here / "out"))


def test_the_host_by_default(bnncl_: Command, project: Path) -> None:
    require_tool("valgrind")
    before = content(project)
    done = bnncl_("verify", project)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("native: passed\n")
    assert "32 samples of seeded noise" in done.out
    assert "instructions an inference" in done.out
    assert "bytes of flash" in done.out
    assert content(project) == before


def test_several_environments_in_json(bnncl_: Command, project: Path, data: Path) -> None:
    """An environment of a core that the project was not made for serves as well: all C is portable."""
    for name in ("cortex-m7", "rv32imac"):
        require_target(TARGETS[name])
    environments = ("--env", "qemu_cortex_m7", "--env", "qemu_rv32imac", "--env", "qemu_cortex_m7")
    done = bnncl_("verify", project, *environments, "--data", data, "--report", "json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    jsonschema.validate(said, VERIFIED)
    assert [each["environment"] for each in said["environments"]] == ["qemu_cortex_m7", "qemu_rv32imac"]
    for each in said["environments"]:
        assert each["passed"]
        assert each["samples"] == 24
        assert each["accuracy"] >= 0.95
        assert len(each["instructions"]) == 4
        assert min(each["instructions"]) > 10_000


def test_data_with_labels_gives_the_accuracy(bnncl_: Command, project: Path, data: Path) -> None:
    done = bnncl_("verify", project, "--data", data, "--samples", "6", "--no-count")
    assert done.code == 0
    assert f"6 samples of {data}" in done.out
    assert "accuracy 100.00 %" in done.out
    assert "instructions" not in done.out
    assert "5 samples of seeded noise" in bnncl_("verify", project, "--samples", "5", "--no-count").out


def test_data_that_are_scaled_otherwise_are_noticed(
    bnncl_: Command, here: Path, project: Path, data: Path
) -> None:
    held = np.load(data)
    np.savez(here / "big.npz", x=held["x"] * 16 + 3, y=held["y"])
    done = bnncl_("verify", project, "--data", "big.npz", "--no-count")
    assert done.code == 0
    assert "warning: " in done.out
    assert "and were clipped: scale them exactly as for training" in done.out
    said = [
        json.loads(bnncl_("verify", project, "--no-count", "--report", "json", *words).out)
        for words in (("--data", "big.npz"), ("--data", data), ())
    ]
    for each in said:
        jsonschema.validate(each, VERIFIED)
    big, plain, noise = (each["environments"][0]["inputs_clipped"] for each in said)
    assert big > 0.2
    assert plain < 0.01
    assert noise is None


@pytest.mark.parametrize("label", [-1, 10])
def test_labels_are_those_of_the_project(
    bnncl_: Command, here: Path, project: Path, data: Path, label: int
) -> None:
    x = np.load(data)["x"]
    np.savez(here / "bad.npz", x=x, y=np.full(len(x), label))
    assert "bad.npz: labels" in refused(bnncl_("verify", project, "--data", "bad.npz"), 2, "labels-range")


def test_the_shapes_of_wrong_data_are_said(bnncl_: Command, here: Path, project: Path) -> None:
    np.savez(here / "bad.npz", x=np.zeros((5, 8, 8, 1)))
    said = refused(bnncl_("verify", project, "--data", "bad.npz"), 2, "wrong-input-shape")
    assert "bad.npz: inputs of shape 5 x 8 x 8 x 1" in said
    assert "N x 1 x 8 x 8 (batch, channels, height, width)" in said


def test_damage_is_named_and_exits_1(bnncl_: Command, copy: Path) -> None:
    weights = copy / "src" / "model_weights.c"
    text = weights.read_text()
    start = text.index("0x", text.index("layer_3_sign"))
    word = int(text[start : start + 10], 16)
    weights.write_text(f"{text[:start]}0x{word ^ 1:08x}{text[start + 10 :]}")
    done = bnncl_("verify", copy, "--no-count")
    assert done.code == 1
    assert done.out.startswith("native: FAILED\n  differs: op 1 (layer_3_sign, module 3): constant ")
    assert "  edited since it was generated: src/model_weights.c" in done.out
    done = bnncl_("verify", copy, "--no-count", "--report", "json")
    assert done.code == 1
    said = json.loads(done.out)
    jsonschema.validate(said, VERIFIED)
    assert not said["environments"][0]["passed"]
    assert said["environments"][0]["edited_files"] == ["src/model_weights.c"]


def test_the_first_difference_is_said_in_full(bnncl_: Command, copy: Path) -> None:
    kernel = copy / "src" / "bnncl" / "bnncl_maxpool_bits.c"
    text = kernel.read_text()
    assert "&= " in text
    kernel.write_text(text.replace("&= ", "|= ", 1))
    said = bnncl_("verify", copy, "--no-count").out
    assert "): sample 0, channel " in said
    assert "expected -1, was 1" in said or "expected 1, was -1" in said
    assert "computed by bnncl_maxpool_bits)" in said


def test_code_that_does_not_compile(bnncl_: Command, copy: Path) -> None:
    (copy / "src" / "model_weights.c").write_text("#error broken\n")
    said = refused(bnncl_("verify", copy, "--no-count"), 1, "compile-failed")
    assert "#error broken" in said


def test_code_that_does_not_end_well(bnncl_: Command, copy: Path) -> None:
    kernel = copy / "src" / "bnncl" / "bnncl_maxpool_bits.c"
    body = kernel.read_text().rstrip()
    assert body.endswith("}")
    kernel.write_text(body[:-1] + "    *(volatile int *)0 = 0;\n}\n")
    said = refused(bnncl_("verify", copy, "--no-count"), 1, "run-failed")
    assert "exit code -" in said


def test_folders_that_are_no_projects(bnncl_: Command, here: Path, copy: Path) -> None:
    refused(bnncl_("verify", "nowhere"), 2, "not-a-project")
    refused(bnncl_("verify", here), 2, "not-a-project")
    manifest = copy / "manifest.json"
    held = json.loads(manifest.read_text())
    for key in ("settings", "targets", "name"):
        manifest.write_text(json.dumps({name: value for name, value in held.items() if name != key}))
        refused(bnncl_("verify", copy), 2, "not-a-project")
    for settings in ({"kernels": "none", "scratch limit": "none"}, {"kernels": "auto", "scratch limit": "x"}):
        manifest.write_text(json.dumps({**held, "settings": settings}))
        refused(bnncl_("verify", copy), 2, "not-a-project")
    manifest.write_text("{}")
    refused(bnncl_("verify", copy), 2, "not-a-project")


def test_projects_of_other_versions(bnncl_: Command, copy: Path) -> None:
    manifest = copy / "manifest.json"
    held = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**held, "tool_version": "9.9"}))
    assert "another version of bnncl: 9.9" in refused(bnncl_("verify", copy), 2, "other-version")
    manifest.write_text(json.dumps(held))
    (copy / "src" / "bnncl" / "bnncl_maxpool_bits.c").unlink()
    assert "bnncl_maxpool_bits.c" in refused(bnncl_("verify", copy), 2, "not-a-project")
    held["files"] = [each for each in held["files"] if "maxpool" not in each["path"]]
    manifest.write_text(json.dumps(held))
    assert "bnncl_maxpool_bits.c" in refused(bnncl_("verify", copy), 2, "other-version")


def test_a_stored_program_that_was_touched(bnncl_: Command, copy: Path) -> None:
    program = copy / "report" / "program.safetensors"
    whole = program.read_bytes()
    program.write_bytes(whole[: len(whole) // 2])
    refused(bnncl_("verify", copy), 2, "bad-program-file")
    program.unlink()
    refused(bnncl_("verify", copy), 2, "not-a-project")


def test_a_stored_program_that_says_something_else(bnncl_: Command, copy: Path, saved: Path) -> None:
    assert bnncl_("compile", saved, "--real-bits", "8", "-o", "other").code == 0
    shutil.copy(copy.parent / "other" / "report" / "program.safetensors", copy / "report")
    done = bnncl_("verify", copy, "--no-count")
    assert done.code == 1


def test_unknown_environments_all_at_once(bnncl_: Command, project: Path) -> None:
    said = refused(bnncl_("verify", project, "--env", "qemu", "--env", "m7"), 2, "unknown-environment")
    assert said.count("[unknown-environment]") == 2
    assert "qemu_cortex_m7" in said


@pytest.mark.parametrize(
    ("arrays", "slug"),
    [
        ({"x": np.zeros((3, 1, 8, 9))}, "wrong-input-shape"),
        ({"x": np.zeros((3, 64))}, "wrong-input-shape"),
        ({"x": np.zeros((0, 1, 8, 8))}, "wrong-input-shape"),
        ({"x": np.array([["a"]])}, "wrong-input-type"),
        ({"x": np.full((3, 1, 8, 8), np.inf)}, "non-finite-input"),
        ({"x": np.zeros((3, 1, 8, 8)), "y": np.zeros(2, np.int64)}, "labels-shape"),
        ({"x": np.zeros((3, 1, 8, 8)), "y": np.zeros(3)}, "labels-dtype"),
        ({"images": np.zeros((3, 1, 8, 8))}, "npz-keys"),
    ],
)
def test_data_that_does_not_fit(
    bnncl_: Command, here: Path, project: Path, arrays: dict[str, np.ndarray], slug: str
) -> None:
    np.savez(here / "bad.npz", **arrays)
    refused(bnncl_("verify", project, "--data", "bad.npz"), 2, slug)


def test_data_that_is_not_there(bnncl_: Command, project: Path) -> None:
    refused(bnncl_("verify", project, "--data", "nowhere.npz"), 2, "file-not-found")


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_sample_counts_that_are_none(bnncl_: Command, project: Path, count: str) -> None:
    assert "--samples" in refused(bnncl_("verify", project, f"--samples={count}"), 2)


def test_missing_tools_all_at_once(
    bnncl_: Command, here: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(here))
    words = ("--env", "native", "--env", "qemu_cortex_m4")
    said = refused(bnncl_("verify", project, *words), 2, "missing-toolchain", "missing-emulator")
    assert "apt-get install gcc" in said
    assert "apt-get install gcc-arm-none-eabi picolibc-arm-none-eabi" in said
    assert "apt-get install qemu-system-arm" in said


def test_without_valgrind_nothing_is_counted(
    bnncl_: Command, here: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in ("cc", "as", "ld", "collect2"):
        found = shutil.which(tool)
        if found:
            (here / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(here))
    done = bnncl_("verify", project)
    assert done.code == 0
    assert "note: instructions were not counted: valgrind is not installed" in done.out

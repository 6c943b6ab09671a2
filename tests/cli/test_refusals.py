"""Bad input: each is told of with its slug and exit code, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.e2e.zoo import build, images

from .conftest import SHAPE, Command, Ran, content

FACTORY = "tests.cli.test_compile:make"


def refused(done: Ran, code: int, *slugs: str) -> str:
    """The words of a refusal: nothing on stdout, every one of `slugs`."""
    assert done.code == code, done.err
    assert done.out == ""
    for slug in slugs:
        assert f"[{slug}]" in done.err, done.err
    return done.err


@pytest.fixture
def files(here: Path, saved: Path) -> dict[str, Path]:
    """Files that are no models."""
    whole = saved.read_bytes()
    made = {
        "empty": b"",
        "text": b"This is no model.\n",
        "truncated": whole[: len(whole) // 2],
        "header-only": whole[:100],
    }
    torch.save(build("cnn").state_dict(), here / "state")
    made["truncated-zip"] = (here / "state").read_bytes()[:-2000]
    for name, data in made.items():
        (here / f"{name}.pt").write_bytes(data)
    (here / "state").unlink()
    return {name: here / f"{name}.pt" for name in made}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("empty", "not-a-model"),
        ("text", "not-a-model"),
        ("truncated", "damaged-model"),
        ("header-only", "truncated-archive"),
        ("truncated-zip", "truncated-archive"),
    ],
)
def test_files_that_are_no_models(
    compile_: Command, here: Path, files: dict[str, Path], name: str, slug: str
) -> None:
    before = content(here)
    assert name in refused(compile_(files[name]), 2, slug)
    assert content(here) == before


def test_files_that_are_not_there(compile_: Command, here: Path, saved: Path) -> None:
    refused(compile_("nowhere.pt"), 2, "file-not-found")
    refused(compile_(here), 2, "file-not-found")
    refused(compile_(saved, "--calibration", "nowhere.npz"), 2, "file-not-found")
    assert content(here) == {}


class Unsupported(nn.Module):
    """A network with two things that have no integer meaning."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3)
        self.soft = nn.Softplus()
        self.second = nn.Conv2d(8, 8, 3)
        self.flat = nn.Flatten()
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.second(self.soft(self.first(x)))
        return self.head(self.norm(self.flat(x)))


def make_unsupported() -> nn.Module:
    torch.manual_seed(0)
    return Unsupported().eval()


def make_broken() -> nn.Module:
    module = build("cnn")
    with torch.no_grad():
        module[3].weight[0, 0, 0, 0] = float("nan")
        module[12].bias[3] = float("inf")
    return module


def test_unsupported_operators_all_at_once(compile_: Command, here: Path) -> None:
    torch.save(make_unsupported().state_dict(), here / "odd.pt")
    words = ("odd.pt", "--model", "tests.cli.test_refusals:make_unsupported", "--input-shape", SHAPE)
    said = refused(compile_(*words), 3)
    for module in ("soft", "norm"):
        assert f"error: {module}: " in said
    assert [path.name for path in here.iterdir()] == ["odd.pt"]


def test_weights_that_are_no_numbers(compile_: Command, here: Path) -> None:
    torch.save(make_broken().state_dict(), here / "nan.pt")
    words = ("nan.pt", "--model", "tests.cli.test_refusals:make_broken", "--input-shape", SHAPE)
    said = refused(compile_(*words), 3, "non-finite-weights")
    assert "3.weight" in said
    assert "12.bias" in said


@pytest.mark.parametrize(
    ("arrays", "slug"),
    [
        ({"x": np.zeros((5, 1, 9, 8), np.float32)}, "calibration-shape"),
        ({"x": np.zeros((5, 8, 8, 1), np.float32)}, "calibration-shape"),
        ({"x": np.zeros((0, 1, 8, 8), np.float32)}, "calibration-shape"),
        ({"images": np.zeros((5, 1, 8, 8), np.float32)}, "npz-keys"),
        ({"x": np.zeros((5, 1, 8, 8), np.float32), "z": np.zeros(5)}, "npz-keys"),
        ({"x": np.full((5, 1, 8, 8), np.nan, np.float32)}, "calibration-not-finite"),
        ({"x": np.zeros((5, 1, 8, 8), np.int64)}, "calibration-dtype"),
        ({"x": np.array([["a"]])}, "calibration-dtype"),
        ({"x": np.zeros((5, 1, 8, 8), np.float32), "y": np.zeros(4, np.int64)}, "labels-shape"),
        ({"x": np.zeros((5, 1, 8, 8), np.float32), "y": np.full(5, 10)}, "labels-range"),
        ({"x": np.zeros((5, 1, 8, 8), np.float32), "y": np.zeros(5)}, "labels-dtype"),
        ({"x": np.array([{}], dtype=object)}, "not-npz"),
    ],
)
def test_calibration_that_does_not_fit(
    compile_: Command, here: Path, saved: Path, arrays: dict[str, np.ndarray], slug: str
) -> None:
    np.savez(here / "bad.npz", **arrays)
    refused(compile_(saved, "--calibration", "bad.npz"), 2, slug)
    assert [path.name for path in here.iterdir()] == ["bad.npz"]


def test_calibration_that_is_no_npz(compile_: Command, here: Path, saved: Path) -> None:
    np.save(here / "one.npy", np.zeros((5, 1, 8, 8)))
    (here / "text.npz").write_text("x, y")
    for name in ("one.npy", "text.npz"):
        refused(compile_(saved, "--calibration", name), 2, "not-npz")


def test_calibration_that_is_to_show_the_input(compile_: Command, here: Path) -> None:
    torch.save(build("cnn").state_dict(), here / "state.pt")
    words = ("state.pt", "--model", FACTORY, "--calibration", "bad.npz")
    for x, slug in (
        (np.array([["a"]]), "calibration-dtype"),
        (np.zeros(5, np.float32), "example-shape"),
        (np.full((5, 1, 8, 8), np.nan), "example-not-finite"),
    ):
        np.savez(here / "bad.npz", x=x)
        refused(compile_(*words), 2, slug)
    np.savez(here / "bad.npz", x=np.zeros((5, 3, 8, 8), np.float32))
    assert compile_(*words).code in (2, 3)


def test_calibration_is_required(compile_: Command, here: Path, uncalibrated: Path) -> None:
    refused(compile_(uncalibrated, "--require-calibration"), 2, "calibration-required")
    assert content(here) == {}


def test_wrong_names_all_at_once(compile_: Command, here: Path, saved: Path) -> None:
    said = refused(
        compile_(
            saved, "--target", "cortex-m8,z80", "--board", "nucleo", "--name", "2D", "--input-range=3:2"
        ),
        2,
        *("unknown-target", "unknown-board", "bad-name", "bad-input-range"),
    )
    assert said.count("[unknown-target]") == 2
    assert "Did you mean cortex-m" in said
    assert "rv32imac" in said
    assert content(here) == {}


def test_board_of_another_core(compile_: Command, saved: Path) -> None:
    said = refused(compile_(saved, "--board", "hifive1-revb"), 2, "board-of-other-target")
    assert "Add --target rv32imac." in said


@pytest.mark.parametrize("name", ["Model", "int", "string", "a-b", "_a", "", "é"])
def test_names_that_c_cannot_take(compile_: Command, saved: Path, name: str) -> None:
    refused(compile_(saved, f"--name={name}", "-o", "out"), 2, "bad-name")


@pytest.mark.parametrize("interval", ["1:1", "2:-2", "nan:1", "0:inf"])
def test_input_ranges_that_are_none(compile_: Command, saved: Path, interval: str) -> None:
    refused(compile_(saved, f"--input-range={interval}"), 2, "bad-input-range")


@pytest.mark.parametrize("stated", ["uint8:1,2:0", "int8:0:0", "int8:-1:0", "uint8:1:nan", "uint8:inf:0"])
def test_input_maps_that_do_not_fit(compile_: Command, saved: Path, stated: str) -> None:
    refused(compile_(saved, "--input-map", stated), 2, "bad-input-map")


def test_class_names_that_do_not_fit(compile_: Command, saved: Path) -> None:
    said = refused(compile_(saved, "--class-names", "cat,dog"), 2, "bad-class-names")
    assert "2 names for 10 classes" in said


@pytest.mark.parametrize(
    "words",
    [
        ("--input-range", "1"),
        ("--input-range", "a:b"),
        ("--input-map", "float:1:0"),
        ("--input-map", "uint8:a:0"),
        ("--input-map", "uint8"),
        ("--input-shape", "1,0,8"),
        ("--input-shape", "one"),
        ("--ram", "lots"),
        ("--ram", "-1"),
        ("--flash", "1.5M"),
        ("--scratch-limit", "none"),
        ("--first-bits", "4"),
        ("--kernels", "fast"),
        ("--target", ","),
        ("--unknown",),
        ("--report", "xml"),
    ],
)
def test_options_that_cannot_be_read(
    compile_: Command, here: Path, saved: Path, words: tuple[str, ...]
) -> None:
    said = refused(compile_(saved, *words), 2)
    assert said.startswith("usage: bnncl-compile")
    assert words[0] in said.splitlines()[-1]
    assert content(here) == {}


def test_no_verb_and_no_file(bnncl_: Command) -> None:
    for words in ((), ("compile",), ("verify",), ("paint",)):
        assert "usage: bnncl" in refused(bnncl_(*words), 2)


def test_folders_that_cannot_be_written(compile_: Command, here: Path, saved: Path) -> None:
    (here / "file").write_text("mine")
    refused(compile_(saved, "-o", "file"), 2, "output-not-ours")
    refused(compile_(saved, "-o", "file/below"), 2, "output-not-writable")
    (here / "full").mkdir()
    (here / "full" / "thesis.txt").write_text("mine")
    refused(compile_(saved, "-o", "full"), 2, "output-not-ours")
    refused(compile_(saved, "-o", "full", "--force"), 2, "output-not-ours")
    assert content(here) == {"file": b"mine", "full/thesis.txt": b"mine"}


def test_folders_that_the_system_refuses(compile_: Command, saved: Path) -> None:
    refused(compile_(saved, "-o", "/proc/bnncl"), 2, "output-not-writable")


def test_what_does_not_fit(compile_: Command, here: Path, saved: Path) -> None:
    said = refused(compile_(saved, "--ram", "100", "--flash", "4K"), 4, "does-not-fit")
    assert said.count("[does-not-fit]") == 2
    assert "too many" in said
    assert "fix: The largest constants are those of " in said
    assert "fix: The arena takes " in said
    assert content(here) == {}


def test_what_does_not_fit_a_board(compile_: Command, here: Path) -> None:
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(64, 2000), nn.ReLU(), nn.Linear(2000, 10)).eval()
    torch.save(wide.state_dict(), here / "wide.pt")
    words = ("wide.pt", "--model", "tests.cli.test_refusals:make_wide", "--input-shape", SHAPE)
    boards = ("--target", "cortex-m3,cortex-m0plus", "--board", "nucleo_f103rb,nucleo_l073rz")
    said = refused(compile_(*words, *boards), 4, "does-not-fit")
    assert "board nucleo_f103rb: the model needs " in said
    assert "board nucleo_l073rz: the model needs " in said


def make_wide() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 2000), nn.ReLU(), nn.Linear(2000, 10)).eval()


def test_a_broken_temporary_folder(
    compile_: Command, here: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "out")

    monkeypatch.setattr("bnncl.driver.project.render", full)
    said = refused(compile_(saved, "-o", "out"), 2, "system-error")
    assert "No space left on device" in said
    assert content(here) == {}


def test_an_interrupted_write_leaves_nothing(
    compile_: Command, here: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_bytes

    def interrupted(path: Path, data: bytes) -> int:
        if path.name == "main.c":
            raise KeyboardInterrupt
        return written(path, data)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    done = compile_(saved, "-o", "out")
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")
    assert list(here.iterdir()) == []


def test_images_are_as_the_zoo_makes_them() -> None:
    assert images(1).shape == (1, *(int(size) for size in SHAPE.split(",")))

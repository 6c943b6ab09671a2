"""`bnncl compile` and `bnncl-compile` on models of every kind."""

from __future__ import annotations

import json
import shutil
import tomllib
from importlib import import_module
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch

from bnncl.emit.manifest import MANIFEST
from bnncl.kernels.base import calls
from bnncl.verification.opened import open_project
from tests.e2e.zoo import build, images
from tests.tools import ROOT

from .conftest import SHAPE, Command, content
from .schemas import COMPILED, REPORT

FACTORY = "tests.cli.test_compile:make"


def make() -> torch.nn.Module:
    return build("cnn", seed=3)


def test_the_bare_command(compile_: Command, here: Path, saved: Path, project: Path) -> None:
    done = compile_(saved, "--target", "cortex-m7")
    assert done.code == 0
    assert done.err == ""
    assert done.out.splitlines()[-1] == "written to model-cortex-m7"
    assert "top class as in PyTorch: " in done.out
    assert content(here / "model-cortex-m7") == content(project)


def test_several_targets_name_and_folder(bnncl_: Command, here: Path, saved: Path) -> None:
    done = bnncl_("compile", saved, "--target", "cortex-m4, rv32imac", "--name", "digits")
    assert done.code == 0
    folder = here / "model-cortex-m4"
    assert (folder / "include" / "digits.h").exists()
    environments = (folder / "platformio.ini").read_text()
    assert "[env:qemu_cortex_m4]" in environments
    assert "[env:qemu_rv32imac]" in environments
    assert bnncl_("compile", saved, "-o", "deep/down/there").code == 0
    assert (here / "deep" / "down" / "there" / "manifest.json").exists()


def test_boards_are_built_for(bnncl_: Command, here: Path, saved: Path) -> None:
    assert bnncl_("compile", saved, "--board", "nucleo_h743zi", "-o", "out").code == 0
    assert "[env:nucleo_h743zi]" in (here / "out" / "platformio.ini").read_text()


def test_reports_in_json(bnncl_: Command, here: Path, saved: Path) -> None:
    done = bnncl_("compile", saved, "-o", "out", "--report", "json")
    said = json.loads(done.out)
    jsonschema.validate(said, COMPILED)
    written = json.loads((here / "out" / "report" / "report.json").read_text())
    jsonschema.validate(written, REPORT)
    assert said["totals"] == written["totals"]
    assert said["folder"] == "out"
    assert said["agreement"] >= 0.98


def test_results_on_stdout_and_words_on_stderr(bnncl_: Command, uncalibrated: Path) -> None:
    plain = bnncl_("compile", uncalibrated, "-o", "a")
    assert "WARNING: No calibration data" in plain.err
    assert "not measured" in plain.out
    assert "WARNING" not in plain.out
    quiet = bnncl_("compile", uncalibrated, "-o", "b", "-q")
    assert (quiet.code, quiet.err) == (0, "")
    verbose = bnncl_("compile", uncalibrated, "-o", "c", "-v")
    assert "INFO: lowering to integers" in verbose.err
    assert verbose.out.replace("to c", "to a") == plain.out


def test_no_colour_where_nobody_wants_it(
    bnncl_: Command, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for words in (("targets",), ("compile", saved, "-o", "out")):
        done = bnncl_(*words)
        assert "\x1b" not in done.out + done.err


def test_check(bnncl_: Command, here: Path, saved: Path, project: Path) -> None:
    shutil.copytree(project, here / "out")
    done = bnncl_("compile", saved, "-o", "out", "--check")
    assert (done.code, done.out) == (0, "out is up to date\n")
    (here / "out" / "src" / "main.c").write_text("int main(void) { return 0; }\n")
    (here / "out" / "README.md").unlink()
    before = content(here / "out")
    done = bnncl_("compile", saved, "-o", "out", "--check")
    assert (done.code, done.out) == (1, "")
    assert "2 files are not what would be generated: README.md, src/main.c [project-differs]" in done.err
    done = bnncl_("compile", saved, "-o", "out", "--check", "--report", "json")
    assert (done.code, json.loads(done.out)["differing"]) == (1, ["README.md", "src/main.c"])
    assert content(here / "out") == before
    assert bnncl_("compile", saved, "-o", "nowhere", "--check").code == 1
    assert not (here / "nowhere").exists()


def test_force_overwrites_edits_of_our_files_and_keeps_the_users(
    bnncl_: Command, here: Path, saved: Path, project: Path
) -> None:
    shutil.copytree(project, here / "out")
    (here / "out" / "src" / "main.c").write_text("/* mine */\n")
    (here / "out" / "notes.txt").write_text("mine too")
    before = content(here / "out")
    done = bnncl_("compile", saved, "-o", "out")
    assert (done.code, done.out) == (2, "")
    assert "[output-edited]" in done.err
    assert "src/main.c" in done.err
    assert content(here / "out") == before
    assert bnncl_("compile", saved, "-o", "out", "--force").code == 0
    assert content(here / "out") == {**content(project), "notes.txt": b"mine too"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my model-v2.pt", "my_model_v2"),
        ("3d.pt", "model_3d"),
        ("int.pt", "int_net"),
        ("string.pt", "string_net"),
        ("--.pt", "model"),
    ],
)
def test_odd_file_names(compile_: Command, here: Path, saved: Path, file: str, name: str) -> None:
    shutil.copy(saved, here / file)
    done = compile_(here / file, "-o", "out")
    assert done.code == 0, done.err
    assert (here / "out" / "include" / f"{name}.h").exists()


def test_a_state_dict(bnncl_: Command, here: Path, data: Path) -> None:
    torch.save(make().state_dict(), here / "weights.pt")
    done = bnncl_("compile", "weights.pt")
    assert done.code == 2
    assert "[state-dict-needs-model]" in done.err
    assert bnncl_("compile", "weights.pt", "--model", FACTORY).err.count("[input-shape-missing]") == 1
    shaped = ("compile", "weights.pt", "--model", FACTORY, "--input-shape", SHAPE)
    assert bnncl_(*shaped, "--calibration", data, "-o", "a").code == 0
    assert bnncl_("compile", "weights.pt", "--model", FACTORY, "--calibration", data, "-o", "b").code == 0
    assert content(here / "a") == content(here / "b")
    assert bnncl_(*shaped, "--input-range", "-1:1", "-o", "c").code == 0
    assert bnncl_(*shaped, "-o", "d").code == 0
    assert content(here / "c") == content(here / "d")


def test_an_exported_program(bnncl_: Command, here: Path, data: Path) -> None:
    torch.export.save(torch.export.export(build("cnn"), (images(1),)), here / "exported.pt2")
    assert bnncl_("compile", "exported.pt2", "--calibration", data).code == 0
    assert (here / "exported-cortex-m7" / "include" / "exported.h").exists()


def test_a_pickle_only_with_consent(bnncl_: Command, here: Path, data: Path) -> None:
    torch.save(build("cnn"), here / "pickled.pt")
    words = ("compile", "pickled.pt", "--calibration", data)
    done = bnncl_(*words)
    assert done.code == 2
    assert "[pickle-needs-consent]" in done.err
    assert list(here.iterdir()) == [here / "pickled.pt"]
    assert bnncl_(*words, "--trust-pickle").code == 0


def test_calibration_adds_and_replaces(
    bnncl_: Command, here: Path, saved: Path, uncalibrated: Path, data: Path
) -> None:
    assert bnncl_("compile", uncalibrated, "--calibration", data, "-o", "added").code == 0
    assert bnncl_("compile", saved, "--calibration", data, "-o", "replaced").code == 0
    added, replaced = content(here / "added"), content(here / "replaced")
    assert added["src/model_weights.c"].split(b"*/")[-1] == replaced["src/model_weights.c"].split(b"*/")[-1]
    assert b"#define MODEL_CALIBRATED 1" in added["include/model.h"]
    assert bnncl_("compile", uncalibrated, "-o", "without").code == 0
    assert b"#define MODEL_CALIBRATED 0" in content(here / "without")["include/model.h"]


def test_class_names(bnncl_: Command, here: Path, saved: Path) -> None:
    names = ",".join(f"class{index}" for index in range(10))
    assert bnncl_("compile", saved, "--class-names", names, "-o", "out").code == 0
    assert '"class7"' in (here / "out" / "src" / "model.c").read_text()


def test_widths_kernels_and_input_map(bnncl_: Command, here: Path, saved: Path) -> None:
    sizes = {}
    for bits in ("8", "16"):
        done = bnncl_("compile", saved, "--first-bits", bits, "-o", bits, "--report", "json")
        sizes[bits] = json.loads(done.out)["weight_bytes"]
    assert sizes["8"] < sizes["16"]
    done = bnncl_("compile", saved, "--kernels", "xnor", "-o", "xnor", "--report", "json")
    chosen = [op["kernel"] for op in json.loads(done.out)["ops"] if "_bconv_" in op["kernel"]]
    assert chosen
    assert all("_xnor_" in kernel for kernel in chosen)
    done = bnncl_(
        "compile", saved, "--input-map", "uint8:0.0625:0", "-o", "map", "--report", "json", "--force"
    )
    assert json.loads(done.out)["input"]["scale"] == [0.0625]


def test_pure_c_has_no_assembly(bnncl_: Command, here: Path, saved: Path) -> None:
    wanted = ("compile", saved, "--kernels", "vertical", "--target", "cortex-m4", "-o")
    assert bnncl_(*wanted, "own").code == 0
    assert bnncl_(*wanted, "pure", "--pure-c").code == 0
    with_assembly = {
        folder: [path.name for path in (here / folder).rglob("*.c") if "__asm__" in path.read_text()]
        for folder in ("own", "pure")
    }
    assert "bnncl_add_rows.c" in with_assembly["own"]
    assert with_assembly["pure"] == []
    assert (here / "pure" / "src" / "bnncl" / "bnncl_add_rows.c").is_file()
    own, pure = (open_project(here / folder) for folder in ("own", "pure"))
    assert "thumb2" in own.targets[0].features
    assert pure.targets[0].features == ()


@pytest.mark.parametrize(("option", "timing"), [("--worst-case", "worst"), ("--constant-time", "constant")])
def test_what_of_the_time_counts_is_kept(
    bnncl_: Command, here: Path, saved: Path, option: str, timing: str
) -> None:
    wanted = ("compile", saved, "--target", "cortex-m4", "-o", "timed")
    assert bnncl_(*wanted, option).code == 0
    assert json.loads((here / "timed" / MANIFEST).read_text())["settings"]["timing"] == timing
    chosen = [call.kernel for call in calls(open_project(here / "timed").graph)]
    assert any(kernel.symbol.startswith("bnncl_bconv_") for kernel in chosen)
    assert timing == "worst" or all(kernel.constant_time for kernel in chosen)
    fixed = (here / "timed" / "src" / "bnncl" / "fixed.h").read_text()
    assert ("bnncl_less_mask" in fixed) == (timing == "constant")
    assert bnncl_("verify", here / "timed", "--no-count").code == 0
    assert "not allowed with" in bnncl_(*wanted, "--worst-case", "--constant-time").err


def test_entry_points() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"bnncl", "bnncl-compile"}
    for entry in scripts.values():
        module, name = entry.split(":")
        with pytest.raises(SystemExit) as stopped:
            getattr(import_module(module), name)(["--help"])
        assert stopped.value.code == 0


def test_samples_choose_nothing_at_random(bnncl_: Command, here: Path, saved: Path) -> None:
    x = images(700, seed=8).numpy()
    np.savez(here / "many.npz", x=x)
    for out in ("a", "b"):
        assert bnncl_("compile", saved, "--calibration", "many.npz", "-o", out).code == 0
    assert content(here / "a") == content(here / "b")

"""The built wheel alone, outside the checkout, compiles a model."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import bnncl
from tests.tools import ROOT

from .zoo import build, images


def run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new venv that holds the wheel; its dependencies are those of this venv.

    They come by a path entry behind the new venv's own packages. Python reads no further `.pth` files
    there, so an editable install of the checkout cannot stand in for the wheel.
    """
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("bnncl-*.whl")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    binaries = folder / "venv" / "bin"
    run(binaries / "pip", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return binaries


def test_the_wheel_compiles_a_model_outside_the_checkout(installed, tmp_path):
    x = images(32)
    bnncl.save(build("cnn"), tmp_path / "model.pt", x[:1], calibration=x)
    where = run(installed / "python", "-c", "import bnncl; print(bnncl.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    run(installed / "bnncl-compile", "model.pt", "--target", "cortex-m7", cwd=tmp_path)
    project = tmp_path / "model-cortex-m7"
    line = "cc -std=c99 -Iinclude -Isrc src/*.c src/bnncl/*.c -o selftest && ./selftest"
    assert line in (project / "README.md").read_text()
    assert "self-test: passed" in run("sh", "-c", line, cwd=project)
    assert "native: passed" in run(installed / "bnncl", "verify", project, "--no-count", cwd=tmp_path)


def test_the_wheel_and_the_checkout_write_the_same_bytes(installed, tmp_path):
    x = images(32)
    bnncl.save(build("mlp"), tmp_path / "net.pt", x[:1], calibration=x)
    run(installed / "bnncl-compile", "net.pt", "-o", "project", cwd=tmp_path)
    assert bnncl.compile(tmp_path / "net.pt").check(tmp_path / "project") == []

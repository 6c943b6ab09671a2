"""The command line as a process of its own: streams, signals, and bytes that never change."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.tools import ROOT

from .conftest import SHAPE, content


def environment(**changes: str) -> dict[str, str]:
    path = os.pathsep.join((str(ROOT / "compiler"), str(ROOT)))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **changes}


def bnncl(*words: object, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bnncl", *map(str, words)],
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_same_bytes_in_any_process_and_place(saved: Path, project: Path, tmp_path: Path) -> None:
    made = []
    for seed, place in (("1", "one"), ("2", "another/place")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        done = bnncl("compile", saved, "-o", "out", cwd=folder, PYTHONHASHSEED=seed, TZ=f"UTC+{seed}")
        assert done.returncode == 0, done.stderr
        made.append(content(folder / "out"))
    assert made[0] == made[1] == content(project)
    traces = [str(tmp_path), str(saved.parent), str(Path.home()) + os.sep, "model.pt"]
    host = re.compile(rf"\b{re.escape(socket.gethostname())}\b".encode())
    for path, data in made[0].items():
        for trace in traces:
            assert trace.encode() not in data, (path, trace)
        assert path.endswith(".safetensors") or not host.search(data), path


def test_help_version_and_targets_load_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from bnncl.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    for words in (["--help"], ["--version"], ["targets"], ["compile", "--help"], ["verify", "--help"]):
        subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """The factory of a state dict stands for Ctrl-C in the midst of a compilation.

    It lets the signal through first: shells start background jobs with it ignored.
    """
    (tmp_path / "slow.py").write_text(
        "import os, signal, time\n"
        "def make():\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(60)\n"
    )
    code = "import torch; torch.save({'weight': torch.ones(2, 2)}, 'weights.pt')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
    done = bnncl("compile", "weights.pt", "--model", "slow:make", "--input-shape", SHAPE, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} <= {"slow.py", "weights.pt", "__pycache__"}


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    for words in (["targets"], ["targets", "--report", "json"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [sys.executable, "-m", "bnncl", *words],
            cwd=tmp_path,
            env=environment(),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        os.close(writer)
        assert done.stderr == ""
        assert done.returncode != 0


def test_no_progress_bars_in_files(saved: Path, tmp_path: Path) -> None:
    done = bnncl("compile", saved, "-o", "out", "-v", cwd=tmp_path)
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr + done.stdout

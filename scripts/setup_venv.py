"""Makes `.venv` with everything that pip installs, and leaves it alone while nothing changed.

Only the standard library is used: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from setup_common import ROOT, ask, run, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "constraints.txt"
STAMP = VENV / "bnncl-setup.json"

OLDEST_TORCH = (2, 4)
FIND_TORCH = "import torch; print(torch.__version__)"


def fingerprint() -> str:
    """What the folder's content depends on, as a hash."""
    parts = [(ROOT / "pyproject.toml").read_bytes(), CONSTRAINTS.read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current() -> bool:
    """Whether `.venv` was finished from the files as they are now."""
    try:
        return PYTHON.exists() and json.loads(STAMP.read_text())["fingerprint"] == fingerprint()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def is_usable() -> bool:
    """Whether the package and PyTorch can be found in `.venv`, whatever it was made from."""
    finder = "import importlib.util as u, sys; sys.exit(not (u.find_spec('bnncl') and u.find_spec('torch')))"
    return PYTHON.exists() and ask([PYTHON, "-c", finder]) is not None


def can_make() -> bool:
    """Whether this Python can make virtual environments (Debian keeps that in python3-venv)."""
    return ask([sys.executable, "-c", "import ensurepip, venv"]) is not None


def system_torch() -> str | None:
    """The version of a PyTorch that this Python can import and that is new enough, or None."""
    version = (ask([sys.executable, "-c", FIND_TORCH]) or "").strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if not numbers or not OLDEST_TORCH <= (int(numbers[1]), int(numbers[2])) < (3, 0):
        return None
    return version


def start() -> subprocess.Popen[bytes] | None:
    """Begin to make `.venv` where there is none, so that it grows while apt is at work."""
    if ask([PYTHON, "-m", "pip", "--version"]) is not None or not can_make():
        return None
    torch = system_torch()
    shared = ["--system-site-packages"] if torch else []
    say(f"Making {VENV.name}" + (f", with the PyTorch {torch} that is already installed" if torch else ""))
    words = [sys.executable, "-m", "venv", *shared, str(VENV)]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())


def fill(wait_s: float) -> bool:
    """Install what the package needs; `wait_s` bounds the wait for the package index's first answer.

    Returns whether `.venv` is usable. Where the index cannot be reached, an older one is kept.
    """
    torch = system_torch()
    constraints = _constraints(torch)
    if not _index_answers(constraints, wait_s):
        say("The Python packages cannot be fetched: no package index answered.")
        if is_usable():
            say(f"Going on with {VENV.name} as it is.")
            return True
        say("Missing: everything that `pip install -c constraints.txt -e '.[dev]'` brings.")
        return False
    if torch is None:
        say("pip installs PyTorch: some 200 MB where your index offers a CPU build, several GB with CUDA.")
        say("To choose, install a PyTorch >= 2.6 for this Python first; it is then used as it is.")
    if not _install(constraints):
        return is_usable()
    STAMP.write_text(json.dumps({"fingerprint": fingerprint()}))
    return True


def _constraints(torch: str | None) -> Path:
    """The constraints to install with: the committed ones, less PyTorch where one is reused."""
    if torch is None:
        return CONSTRAINTS
    path = ROOT / "build" / "constraints.txt"
    path.parent.mkdir(exist_ok=True)
    lines = CONSTRAINTS.read_text().splitlines()
    path.write_text("\n".join([*(x for x in lines if not x.startswith("torch==")), f"torch=={torch}", ""]))
    return path


def _pip(*words: str | Path) -> list[str | Path]:
    return [PYTHON, "-m", "pip", "--disable-pip-version-check", *words]


def _index_answers(constraints: Path, wait_s: float) -> bool:
    """Ask for one small package as pip is configured to; no answer within `wait_s` is a no."""
    quick = ("--timeout", "4", "--retries", "0", "-q")
    words = _pip("download", "--no-deps", "--dest", ROOT / "build" / "probe", *quick, "-c", constraints)
    return ask([*words, "iniconfig"], wait_s) is not None


def _install(constraints: Path) -> bool:
    quiet = () if sys.stderr.isatty() else ("-q",)
    say("Installing the Python packages with pip (some minutes the first time)")
    install = ("install", *quiet, "-c", constraints)
    variables = {**os.environ, "PIP_NO_INPUT": "1"}
    return run(_pip(*install, "hatchling"), variables) and run(
        _pip(*install, "--no-build-isolation", "-e", f"{ROOT}[dev]"), variables
    )

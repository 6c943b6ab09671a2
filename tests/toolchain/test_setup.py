"""Set-up on a machine that lacks something: what it says, how long it takes, what keeps working.

A copy of the checkout is set up with a PATH in which cross compilers and apt are what each test says.
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bnncl.targets import TARGETS, TOOLCHAINS
from tests.tools import ROOT

SYSTEM_PYTHON = Path(sys.base_prefix) / "bin" / "python3"
ARM_PACKAGES = ["gcc-arm-none-eabi", "picolibc-arm-none-eabi", "qemu-system-arm"]
UNKNOWN_TO_APT = 'case "$*" in "-s "*) exit 100 ;; *) sleep 60 ;; esac'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what set-up reads."""
    folder = tmp_path / "checkout"
    for name in ("scripts", "compiler"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "Makefile", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH: the system's everyday programs and a C compiler, nothing to cross-compile."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "sleep", "cc", "touch", "uname", "ls", "dirname"):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def silent_proxy() -> Iterator[str]:
    """The address of a proxy that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@dataclass(frozen=True)
class Ended:
    """How set-up ended: exit code, what it said, and at which second each line of that came."""

    returncode: int
    said: str
    times: dict[str, float]


def set_up(checkout: Path, programs: Path, proxy: str, **variables: str) -> Ended:
    """Run the demo's set-up with `proxy` for a network."""
    unset = ("PIP_", "BNNCL_", "HTTP", "http", "ALL_PROXY", "VIRTUAL_ENV", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    proxies = {name: proxy for name in ("http_proxy", "https_proxy", "HTTPS_PROXY")}
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    begun = time.monotonic()
    times = {}
    with subprocess.Popen(
        [SYSTEM_PYTHON, checkout / "scripts" / "setup.py", "demo"],
        env={**kept, **proxies, **pip, "PATH": str(programs), **variables},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            times[line] = time.monotonic() - begun
    return Ended(process.returncode, "".join(times), times)


def missing(checkout: Path) -> list[dict[str, object]]:
    entries = json.loads((checkout / "build" / "setup.json").read_text())["missing"]
    assert isinstance(entries, list)
    return [entry for entry in entries if entry["component"] in {"host", "arm"}]


def test_silent_network_is_reported_within_15_seconds(checkout: Path, programs: Path, silent_proxy: str):
    script(programs, "apt-get", UNKNOWN_TO_APT)
    script(programs, "sudo", 'exec "$@"')
    done = set_up(checkout, programs, silent_proxy)
    assert done.returncode == 1
    named = [seconds for line, seconds in done.times.items() if line.startswith("Missing: ")]
    assert named
    assert max(named) < 15
    assert "The Debian package lists cannot be fetched" in done.said
    assert "no package index answered" in done.said
    assert "Missing: .venv with PyTorch and the other Python packages, gcc-arm-none-eabi," in done.said
    assert "Missing: everything that `pip install" in done.said
    (entry,) = missing(checkout)
    assert entry["packages"] == ARM_PACKAGES
    assert entry["targets"] == [name for name, each in TARGETS.items() if each.toolchain == "arm"]
    assert "Traceback" not in done.said


def test_no_network_at_all_is_reported_at_once(checkout: Path, programs: Path):
    closed = "http://127.0.0.1:9"
    done = set_up(checkout, programs, closed, BNNCL_NO_APT="1")
    assert done.returncode == 1
    assert "BNNCL_NO_APT=1: nothing is installed with apt." in done.said
    assert f"sudo apt-get install --no-install-recommends {' '.join(ARM_PACKAGES)}" in done.said


def test_what_is_installed_keeps_working_without_network(checkout: Path, programs: Path, silent_proxy: str):
    venv = checkout / ".venv"
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    here = [entry for entry in sys.path if entry.endswith("site-packages")]
    (site / "installed.pth").write_text("\n".join([*here, str(checkout / "compiler"), ""]))
    done = set_up(checkout, programs, silent_proxy, BNNCL_NO_APT="1")
    assert "Going on with .venv as it is." in done.said
    assert done.returncode == 0
    assert (checkout / "build" / "platformio" / "packages" / "tool-scons" / ".piopm").is_file()


def test_apt_says_names_and_sizes_and_installs(checkout: Path, programs: Path, silent_proxy: str):
    have = "; ".join(
        f"printf '#!/bin/sh\\necho /picolibc.specs\\n' > {programs}/{name}; /bin/chmod +x {programs}/{name}"
        for name in ("arm-none-eabi-gcc", "qemu-system-arm")
    )
    plan = "; ".join(f"echo 'Inst {name} (1.0 Debian)'" for name in (*ARM_PACKAGES, "libslirp0"))
    script(
        programs,
        "apt-get",
        f'echo "$*" >> {programs}/log; case "$*" in '
        f'"-s "*) {plan} ;; *--download-only*) echo "Get:1 x" ;; *--no-download*) {have} ;; esac',
    )
    script(
        programs, "apt-cache", "for i in 1 2 3 4; do echo 'Size: 1000000'; echo 'Installed-Size: 5000'; done"
    )
    script(programs, "sudo", 'shift; exec "$@"')
    done = set_up(checkout, programs, silent_proxy)
    assert f"To be installed with apt: {' '.join(ARM_PACKAGES)}" in done.said
    assert "and what they need (1): libslirp0" in done.said
    assert "download 4 MB, on disk 20 MB" in done.said
    calls = (programs / "log").read_text().splitlines()
    assert [
        (call.startswith("-s "), "--download-only" in call, "--no-download" in call) for call in calls
    ] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert missing(checkout) == []


def test_packages_are_those_that_the_targets_name():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        setup = runpy.run_path(str(ROOT / "scripts" / "setup.py"))
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    for name in ("arm", "riscv", "aarch64"):
        toolchain = TOOLCHAINS[name]
        wanted = [need.package for need in setup["COMPONENTS"][name]]
        assert wanted == [*toolchain.apt_packages, *toolchain.emulator_packages]
        assert setup["TARGETS"][name] == tuple(t.name for t in TARGETS.values() if t.toolchain == name)

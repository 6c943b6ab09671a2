"""Sets the checkout up: `python3 scripts/setup.py demo|lint|bench|test|all`.

Needs nothing but Python. Makes `.venv`, fills PlatformIO's core folder, installs missing Debian
packages where that is wanted, and records in `build/setup.json` what is still missing. Ends with 0 as
soon as the host's part can run; a missing cross compiler stops nobody.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import setup_apt
import setup_venv
from setup_common import ROOT, ask, run, say

RECORD = ROOT / "build" / "setup.json"
CORE_DIR = ROOT / "build" / "platformio"
NETWORK_WAIT_S = float(os.environ.get("BNNCL_NETWORK_WAIT_S", "5"))


@dataclass(frozen=True)
class Need:
    """A program, or a file that the compiler `asked_of` finds, and the Debian package with it."""

    name: str
    package: str
    asked_of: str = ""

    def is_met(self) -> bool:
        """Whether it is there."""
        if not self.asked_of:
            return shutil.which(self.name) is not None
        answer = ask([self.asked_of, f"-print-file-name={self.name}"]) or ""
        return Path(answer.strip()).is_absolute()


COMPONENTS = {
    "host": (Need("cc", "gcc"),),
    "arm": (
        Need("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        Need("picolibc.specs", "picolibc-arm-none-eabi", asked_of="arm-none-eabi-gcc"),
        Need("qemu-system-arm", "qemu-system-arm"),
    ),
    "riscv": (
        Need("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
        Need("picolibc.specs", "picolibc-riscv64-unknown-elf", asked_of="riscv64-unknown-elf-gcc"),
        Need("qemu-system-riscv32", "qemu-system-misc"),
    ),
    "aarch64": (
        Need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
        Need("picolibc.specs", "picolibc-aarch64-linux-gnu", asked_of="aarch64-linux-gnu-gcc"),
        Need("qemu-system-aarch64", "qemu-system-arm"),
    ),
    "lint": (Need("clang", "clang"), Need("cppcheck", "cppcheck")),
    "count": (Need("valgrind", "valgrind"),),
    "build": (Need("cmake", "cmake"), Need("g++", "g++")),
}

TARGETS = {
    "host": ("host",),
    "arm": ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"),
    "riscv": ("rv32imac",),
    "aarch64": ("aarch64",),
}

PROFILES = {
    "demo": ("host", "arm"),
    "lint": ("lint",),
    "bench": ("host", "arm", "riscv", "aarch64", "count"),
    "test": ("host", "arm", "riscv", "aarch64", "lint", "count", "build"),
    "all": ("host", "arm", "riscv", "aarch64", "lint", "count", "build"),
}


def unmet(components: tuple[str, ...]) -> dict[str, tuple[Need, ...]]:
    """The needs of `components` that are not met, by component."""
    found = {name: tuple(need for need in COMPONENTS[name] if not need.is_met()) for name in components}
    return {name: needs for name, needs in found.items() if needs}


def packages_of(missing: dict[str, tuple[Need, ...]]) -> tuple[str, ...]:
    """The Debian packages that bring what is missing."""
    return tuple(need.package for needs in missing.values() for need in needs)


def record() -> None:
    """Write what is missing of all components, for the demo's last line and for people."""
    entries = [
        {
            "component": name,
            "targets": list(TARGETS.get(name, ())),
            "missing": [need.name for need in needs],
            "packages": [need.package for need in needs],
            "install": setup_apt.install_line([need.package for need in needs]),
        }
        for name, needs in unmet(tuple(COMPONENTS)).items()
    ]
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps({"missing": entries}, indent=2) + "\n")


def main(profile: str) -> int:
    """Set up what `profile` needs and return the exit code."""
    missing = unmet(PROFILES[profile])
    wanted = [*packages_of(missing)]
    venv_is_current = setup_venv.is_current()
    if not venv_is_current and not setup_venv.PYTHON.exists() and not setup_venv.can_make():
        wanted.append("python3-venv")
    if wanted or not venv_is_current:
        announce(wanted, venv_is_current)
    maker = None if venv_is_current else setup_venv.start()
    wait_s = install_packages(wanted) if wanted else NETWORK_WAIT_S
    missing = unmet(PROFILES[profile]) if wanted else missing
    record()
    for name, needs in missing.items():
        packages = [need.package for need in needs]
        say(f"Not installed ({name}): {', '.join(packages)}. {setup_apt.install_line(packages)}")
    if venv_is_current:
        return 0 if fill_core() else 1
    maker = maker or setup_venv.start()
    if maker is not None and maker.wait() != 0:
        say("Making the virtual environment failed.")
        return 1
    return 0 if fill_venv(wait_s) and fill_core() else 1


def announce(wanted: list[str], venv_is_current: bool) -> None:
    """Say what is missing before anything is waited for."""
    parts = [] if venv_is_current else [f"{setup_venv.VENV.name} with PyTorch and the other Python packages"]
    say(f"Missing: {', '.join([*parts, *wanted])}")


def install_packages(wanted: list[str]) -> float:
    """Install Debian packages; how long pip may wait, which is less where apt waited in vain."""
    begun = time.monotonic()
    if setup_apt.install(wanted, NETWORK_WAIT_S):
        return NETWORK_WAIT_S
    return max(3.0, NETWORK_WAIT_S - (time.monotonic() - begun))


def fill_venv(wait_s: float) -> bool:
    """Bring `.venv` up to date; False where nothing can run."""
    if not setup_venv.PYTHON.exists():
        say(f"This needs python3-venv. {setup_apt.install_line(['python3-venv'])}")
        return False
    return setup_venv.fill(wait_s)


def fill_core() -> bool:
    """Fill PlatformIO's core folder, unless that was done since `.venv` last changed."""
    done = CORE_DIR / "packages" / "tool-scons" / ".piopm"
    stamp = setup_venv.STAMP
    if done.exists() and stamp.exists() and done.stat().st_mtime >= stamp.stat().st_mtime:
        return True
    if not run([setup_venv.PYTHON, ROOT / "scripts" / "platformio_core.py", CORE_DIR]):
        return False
    done.touch()
    return True


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036, this runs before pip checks the version
        sys.exit("bnncl needs Python 3.11 or newer")
    if len(sys.argv) != 2 or sys.argv[1] not in PROFILES:
        sys.exit(f"usage: setup.py {'|'.join(PROFILES)}")
    sys.exit(main(sys.argv[1]))

"""Sets the checkout up: `python3 scripts/setup.py demo|lint|test|all`.

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
    "lint": (Need("clang", "clang"), Need("cppcheck", "cppcheck")),
    "count": (Need("valgrind", "valgrind"),),
}

TARGETS = {
    "host": ("host",),
    "arm": ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"),
    "riscv": ("rv32imac",),
}

PROFILES = {
    "demo": ("host", "arm"),
    "lint": ("lint",),
    "test": ("host", "arm", "riscv", "lint", "count"),
    "all": ("host", "arm", "riscv", "lint", "count"),
}


def unmet(components: tuple[str, ...]) -> dict[str, tuple[Need, ...]]:
    """The needs of `components` that are not met, by component."""
    found = {name: tuple(need for need in COMPONENTS[name] if not need.is_met()) for name in components}
    return {name: needs for name, needs in found.items() if needs}


def packages_of(missing: dict[str, tuple[Need, ...]]) -> tuple[str, ...]:
    """The Debian packages that bring what is missing."""
    return tuple(need.package for needs in missing.values() for need in needs)


def record(profile: str, missing: dict[str, tuple[Need, ...]]) -> None:
    """Write what is missing, for the demo's last line and for people."""
    entries = [
        {
            "component": name,
            "targets": list(TARGETS.get(name, ())),
            "missing": [need.name for need in needs],
            "packages": [need.package for need in needs],
            "install": setup_apt.install_line([need.package for need in needs]),
        }
        for name, needs in missing.items()
    ]
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps({"profile": profile, "missing": entries}, indent=2) + "\n")


def main(profile: str) -> int:
    """Set up what `profile` needs and return the exit code."""
    missing = unmet(PROFILES[profile])
    wanted = [*packages_of(missing)]
    venv_is_current = setup_venv.is_current()
    if not venv_is_current and not setup_venv.PYTHON.exists() and not setup_venv.can_make():
        wanted.append("python3-venv")
    wait_s = NETWORK_WAIT_S
    if wanted:
        begun = time.monotonic()
        if not setup_apt.install(wanted, wait_s):
            # Where apt waited in vain, pip gets what is left of the time, but enough for an answer.
            wait_s = max(3.0, wait_s - (time.monotonic() - begun))
        missing = unmet(PROFILES[profile])
    record(profile, missing)
    for name, needs in missing.items():
        packages = [need.package for need in needs]
        say(f"Not installed ({name}): {', '.join(packages)}. {setup_apt.install_line(packages)}")
    return 0 if venv_is_current or make_venv(wait_s) else 1


def make_venv(wait_s: float) -> bool:
    """Bring `.venv` and PlatformIO's core folder up to date; False where nothing can run."""
    if not setup_venv.PYTHON.exists() and not setup_venv.can_make():
        say(f"Missing: python3-venv. {setup_apt.install_line(['python3-venv'])}")
        return False
    if not setup_venv.make(wait_s):
        return False
    fill = [setup_venv.PYTHON, ROOT / "scripts" / "platformio_core.py", CORE_DIR]
    return run(fill)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036, this runs before pip checks the version
        sys.exit("bnncl needs Python 3.11 or newer")
    if len(sys.argv) != 2 or sys.argv[1] not in PROFILES:
        sys.exit(f"usage: setup.py {'|'.join(PROFILES)}")
    sys.exit(main(sys.argv[1]))

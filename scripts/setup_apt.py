"""Installs the Debian packages that are missing, after saying which and how large they are.

Only the standard library is used: this runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from setup_common import ask, run, say

MEGABYTE = 1_000_000
NETWORK_OPTIONS = (
    *("-o", "Acquire::http::Timeout=4", "-o", "Acquire::https::Timeout=4", "-o", "Acquire::Retries=0"),
)


@dataclass(frozen=True)
class Size:
    """What an installation costs: packages (dependencies included) and bytes."""

    packages: tuple[str, ...]
    download: int
    unpacked: int


def install_line(packages: Sequence[str]) -> str:
    """What a person types to install `packages`."""
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def install(packages: Sequence[str], wait_s: float) -> bool:
    """Install `packages` if that is possible and wanted; `wait_s` bounds the wait for a first answer.

    Returns whether apt ended well. BNNCL_NO_APT=1 declines; on a terminal the user is asked.
    """
    if os.environ.get("BNNCL_NO_APT") == "1":
        say("BNNCL_NO_APT=1: nothing is installed with apt.")
        return False
    prefix = _as_root()
    if prefix is None or shutil.which("apt-get") is None:
        say("apt cannot be used here (no apt-get, or neither root nor sudo).")
        return False
    size = _size(packages)
    if size is None:
        if not _watched([*prefix, "apt-get", "-q", *NETWORK_OPTIONS, "update"], wait_s):
            say("The Debian package lists cannot be fetched: no answer from the network.")
            return False
        size = _size(packages)
    if size is None:
        say(f"apt does not know all of: {' '.join(packages)}")
        return False
    _show(packages, size)
    return _agreed() and _fetch_and_unpack(prefix, packages, wait_s)


def _as_root() -> list[str] | None:
    """The words that make a command run as root, or None where it cannot."""
    if os.geteuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    if shutil.which("sudo") is None:
        return None
    if not sys.stdin.isatty() and ask(["sudo", "-n", "true"]) is None:
        return None
    return ["sudo", "env", "DEBIAN_FRONTEND=noninteractive"]


def _size(packages: Sequence[str]) -> Size | None:
    """What installing `packages` would bring, or None where apt does not know one of them."""
    plan = ask(["apt-get", "-s", "--no-install-recommends", "install", *packages])
    if plan is None:
        return None
    names = tuple(re.findall(r"^Inst (\S+)", plan, re.MULTILINE))
    if not names:
        return Size((), 0, 0)
    shown = ask(["apt-cache", "show", "--no-all-versions", *names]) or ""
    download = sum(int(n) for n in re.findall(r"^Size: (\d+)", shown, re.MULTILINE))
    unpacked = sum(int(n) for n in re.findall(r"^Installed-Size: (\d+)", shown, re.MULTILINE))
    return Size(names, download, unpacked * 1024)


def _show(wanted: Sequence[str], size: Size) -> None:
    others = [name for name in size.packages if name.split(":")[0] not in wanted]
    say(f"To be installed with apt: {' '.join(wanted)}")
    if others:
        say(f"  and what they need ({len(others)}): {' '.join(others)}")
    say(f"  download {size.download / MEGABYTE:.0f} MB, on disk {size.unpacked / MEGABYTE:.0f} MB")


def _agreed() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print("Install them? [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"", "y", "yes"}


def _fetch_and_unpack(prefix: list[str], packages: Sequence[str], wait_s: float) -> bool:
    apt = [*prefix, "apt-get", "-q", "-y", *NETWORK_OPTIONS, "--no-install-recommends"]
    fetch = [*apt, "--download-only", "install", *packages]
    if not _watched(fetch, wait_s):
        # The lists may name versions that the archive no longer has.
        refresh = [*prefix, "apt-get", "-q", *NETWORK_OPTIONS, "update"]
        if not (_watched(refresh, wait_s) and _watched(fetch, wait_s)):
            say("The packages cannot be downloaded.")
            return False
    unpack = [*apt, "-o", "Dpkg::Use-Pty=0", "--no-download", "install", *packages]
    return run(unpack)


def _watched(command: list[str], wait_s: float) -> bool:
    """Run an apt command that fetches; give up if the network has not answered within `wait_s`."""
    say(f"$ {' '.join(word for word in command if '::' not in word and word != '-o')}")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )
    answered = threading.Event()
    errors: list[str] = []
    reader = threading.Thread(target=_read, args=(process, answered, errors), daemon=True)
    reader.start()
    if not answered.wait(wait_s):
        # What sudo started cannot be stopped from here; apt's own time limits end it.
        with contextlib.suppress(PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        return False
    reader.join()
    return process.wait() == 0 and not errors


def _read(process: subprocess.Popen[str], answered: threading.Event, errors: list[str]) -> None:
    """Follow what apt says: an answer is something fetched, or the end of the command."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(("Get:", "Hit:")):
            answered.set()
        elif line.startswith(("Err:", "E:")):
            errors.append(line)
            say(line.rstrip())
    answered.set()

"""What the set-up scripts share. Only the standard library: this runs before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text: str) -> None:
    """Print progress on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def ask(words: Sequence[str | Path], wait_s: float | None = None) -> str | None:
    """What a command prints, without showing it; None where it fails or exceeds `wait_s` seconds."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wait_s, check=False
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return None
    return done.stdout if done.returncode == 0 else None


def run(words: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> bool:
    """Whether a command succeeds; what it prints goes to stderr."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), env=variables, check=False
    )
    return done.returncode == 0

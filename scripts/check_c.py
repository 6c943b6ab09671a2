"""Checks the C files named on the command line: clang-format's layout and cppcheck's findings.

cppcheck comes from the system; where it is not installed the check is left out with a word about it,
or fails with BNNCL_STRICT=1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE_DIRS = ("runtime_c/include", "runtime_c/port/qemu", "runtime_c/harness")
CPPCHECK = (
    *("cppcheck", "--std=c99", "--quiet", "--inline-suppr", "--error-exitcode=1"),
    "--enable=warning,style,performance,portability",
    *("--suppress=missingIncludeSystem", "--suppress=unmatchedSuppression"),
    # It takes the constants of one caller of an inline function for those of every caller.
    "--suppress=knownConditionTrueFalse",
)


def layout(files: list[str]) -> bool:
    """Whether clang-format, as pip installed it beside this Python, would change nothing."""
    program = Path(sys.executable).parent / "clang-format"
    return subprocess.run([program, "--dry-run", "-Werror", *files], cwd=ROOT, check=False).returncode == 0


def findings(files: list[str]) -> bool:
    """Whether cppcheck has nothing to say."""
    if shutil.which("cppcheck") is None:
        print("cppcheck is not installed: not run", file=sys.stderr)
        return os.environ.get("BNNCL_STRICT") != "1"
    sources = [name for name in files if name.endswith(".c")]
    includes = [f"-I{folder}" for folder in INCLUDE_DIRS]
    return (
        not sources or subprocess.run([*CPPCHECK, *includes, *sources], cwd=ROOT, check=False).returncode == 0
    )


def main(files: list[str]) -> int:
    """Run both checks, even where the first fails, and return the exit code."""
    results = [layout(files), findings(files)] if files else []
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: 0BSD
"""The project's C as a library of this machine: compiled at the first import, kept for the next."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PACKAGE = Path(__file__).resolve().parent
PROJECT = PACKAGE.parent.parent
FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared")
_ERROR_LINES = 20

_MODEL: Any = ctypes.c_void_p
_STATUS: Any = ctypes.c_int
_TEXT: Any = ctypes.c_char_p
_U32: Any = ctypes.c_uint32
_REGION: Any = (_MODEL, ctypes.c_void_p, _U32, _U32)
_SIGNATURES: dict[str, Any] = {
    "init": (_STATUS, (_MODEL, _U32)),
    "infer": (_STATUS, (_MODEL, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int16))),
    "learn_begin": (_STATUS, (_MODEL,)),
    "learn_sample": (_STATUS, (_MODEL, ctypes.c_void_p, ctypes.c_uint16)),
    "learn_step": (_STATUS, (_MODEL, _U32, ctypes.POINTER(ctypes.c_bool))),
    "learn_commit": (_STATUS, (_MODEL,)),
    "learn_abort": (_STATUS, (_MODEL,)),
    "desk_bytes": (ctypes.c_size_t, ()),
    "desk_place": (_MODEL, (ctypes.c_void_p,)),
    "desk_status": (_TEXT, (_STATUS,)),
    "desk_name": (_TEXT, ()),
    "desk_version": (_TEXT, ()),
    "desk_sha256": (_TEXT, ()),
    "desk_label": (_TEXT, (_U32,)),
    "desk_key": (_TEXT, (_U32,)),
    "desk_number": (_U32, (_U32,)),
    "desk_save": (_STATUS, _REGION),
    "desk_load": (_STATUS, _REGION),
}
"""Result and parameters of each function `<name>_...`; a model that does not learn lacks some of them."""


def functions() -> SimpleNamespace:
    """The functions of the model, without `<name>_` in front.

    They hold the interpreter's lock, so that a second thread waits where it would do harm. Raises
    `ImportError` where the C cannot be compiled or loaded; its text says why, and what to do.
    """
    library = _library()
    found = SimpleNamespace()
    for what, (result, parameters) in _SIGNATURES.items():
        function = getattr(library, f"{PACKAGE.name}_{what}", None)
        if function is not None:
            function.restype, function.argtypes = result, parameters
            setattr(found, what, function)
    return found


def _library() -> ctypes.PyDLL:
    compiler = _compiler()
    kept = PACKAGE / "__pycache__" / f"{PACKAGE.name}-{_digest(compiler)}.so"
    if kept.exists():
        return _loaded(kept, compiler)
    with _workplace(kept.parent) as folder:
        made = folder / kept.name
        _compile(compiler, made)
        try:
            made.replace(kept)
        except OSError:  # nothing can be kept beside the package
            return _loaded(made, compiler)
    return _loaded(kept, compiler)


def _compiler() -> list[str]:
    """The words of the compiler that CC names, `cc` if it names none."""
    if os.name != "posix":
        raise _failure("this package needs Linux, macOS or another POSIX system (on Windows: WSL)")
    return shlex.split(os.environ.get("CC", "")) or ["cc"]


def _sources() -> list[Path]:
    """What is compiled: the package's own C, and all of the project's but its main program."""
    model = [path for path in sorted((PROJECT / "src").rglob("*.c")) if path.name != "main.c"]
    if not (PROJECT / "include" / f"{PACKAGE.name}.h").exists() or not model:
        raise _failure(
            f"there are no include/{PACKAGE.name}.h and src/ in {PROJECT}. The package is part of the "
            "project that bnncl-compile wrote: put its folder desk/ on PYTHONPATH, instead of a copy of it"
        )
    return [PACKAGE / "_host.c", *model]


def _digest(compiler: list[str]) -> str:
    """What the library depends on, in 16 digits: sources, headers, flags, compiler and machine."""
    version = _run([*compiler, "--version"]).stdout
    told = [*compiler, version, *FLAGS, sys.platform, platform.machine(), str(sys.maxsize)]
    found = hashlib.sha256("\0".join(told).encode())
    headers = sorted(PROJECT.glob("include/**/*.h")) + sorted(PROJECT.glob("src/**/*.h"))
    for path in [*_sources(), *headers]:
        content = path.read_bytes()
        found.update(f"\0{path.relative_to(PROJECT)} {len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:16]


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A folder for what is being compiled, in `beside` or where that is not writable in the system's own."""
    try:
        beside.mkdir(exist_ok=True)
        held = tempfile.TemporaryDirectory(dir=beside)
    except OSError:
        held = tempfile.TemporaryDirectory()
    with held as folder:
        yield Path(folder)


def _compile(compiler: list[str], made: Path) -> None:
    folders = [f"-I{PROJECT / name}" for name in ("include", "src")]
    command = [*compiler, *FLAGS, *folders, "-o", str(made), *map(str, _sources())]
    done = _run(command)
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-_ERROR_LINES:])
        raise _failure(
            f"{shlex.join(compiler)} ended with {done.returncode}. "
            f"Set CC to a compiler of C99 for this machine. It said:\n{said}"
        )


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise _failure(
            f"the compiler {command[0]!r} does not start: {error.strerror}. Install one (Debian: apt install "
            "gcc; macOS: xcode-select --install), or name one in the environment variable CC"
        ) from error


def _loaded(path: Path, compiler: list[str]) -> ctypes.PyDLL:
    try:
        return ctypes.PyDLL(str(path))
    except OSError as error:
        raise _failure(
            f"this Python cannot load what {shlex.join(compiler)} made: {error}. "
            f"CC has to name a compiler for this machine ({platform.machine()}), not one for the device"
        ) from error


def _failure(text: str) -> ImportError:
    return ImportError(f"{PACKAGE.name} cannot be compiled: {text}", name=PACKAGE.name)

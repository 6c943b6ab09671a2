"""The C files of the runtime that a project takes along: the kernels it uses, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bnncl.ir.graph import Program
from bnncl.kernels.base import KernelCall, of_core
from bnncl.kernels.learned_head import head_of, parts
from bnncl.ops.learned_head import LearnedHead
from bnncl.plan.learning import input_kind
from bnncl.resources import runtime_dir
from bnncl.targets import Target

PUBLIC_HEADERS = ("bnncl/info.h", "bnncl/static_assert.h", "bnncl/status.h")
"""What the public header of a project includes; the others are private to its sources."""

_PUBLIC = (*PUBLIC_HEADERS, "bnncl/learn_state.h", "bnncl/storage.h")
_ALWAYS = ("bnncl/trace.h",)


_INCLUDE = re.compile(r'^#include "(bnncl/.*)"$', re.M)
_LEARNING = ("bnncl_learn_*.c", "bnncl_replay_*.c", "bnncl_store_*.c")
_TAIL = ("bnncl_tail_*.c",)
_OF_A_KIND = ("bnncl_learn_row_", "bnncl_learn_update_")
"""How the files begin of which a head needs the one for the kind of its inputs."""

_OF_THE_TESTS = ("bnncl_learn_canonical.c",)
_PORTS = ("file", "stm32h7")
"""Storage ports for a firmware to take or to learn from; no build of the project compiles them."""


def learning_files(kind: str, *, with_tail: bool = False, features: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The runtime files of a head that learns from `kind`, bits, i8 or u8; of a tail that learns, too.

    Functions that a core with `features` has its own of are those.
    """
    folder = runtime_dir()
    wanted = {f"{start}{kind}.c" for start in _OF_A_KIND}
    patterns = (*_LEARNING, *(_TAIL if with_tail else ()))
    sources = [path for pattern in patterns for path in sorted((folder / "src").glob(pattern))]
    sources = [
        folder / of_core(path.stem, features)
        for path in sources
        if path.name not in _OF_THE_TESTS and (path.name in wanted or not path.name.startswith(_OF_A_KIND))
    ]
    files = {f"src/bnncl/{path.name}": path.read_bytes() for path in sources}
    new = {header for path in sources for header in _INCLUDE.findall(path.read_text())}
    while new:
        header = min(new)
        content = _header(header, features).read_bytes()
        files[f"{'include' if header in _PUBLIC else 'src'}/{header}"] = content
        there = {path.split("/", 1)[1] for path in files}
        new = (new | {*_INCLUDE.findall(content.decode())}) - there
    ports = [path for port in _PORTS for path in sorted((folder / "port" / port).iterdir())]
    return files | {path.relative_to(folder).as_posix(): path.read_bytes() for path in ports}


def runtime_files(
    used: Sequence[KernelCall], program: Program, target: Target | None = None
) -> dict[str, bytes]:
    """Path in the project and content of every runtime file that the calls `used` of `program` need.

    Functions that the core of `target` has its own of are those; without a target the portable ones.
    """
    files = _kernel_files((call for call in used if not isinstance(call.op, LearnedHead)), target)
    graph = program.graphs[0]
    if head_of(graph) is not None:
        features = () if target is None else target.features
        kind = input_kind(parts(graph))
        files |= learning_files(kind, with_tail=bool(program.states), features=features)
    return {path: files[path] for path in sorted(files)}


def _kernel_files(used: Iterable[KernelCall], target: Target | None) -> dict[str, bytes]:
    kernels = {call.kernel.symbol: call.kernel for call in used}
    headers = {*_ALWAYS}
    for kernel in kernels.values():
        headers |= {kernel.header, *kernel.includes}
    folder, features = runtime_dir(), () if target is None else target.features
    files = {f"include/{header}": _header(header, features) for header in PUBLIC_HEADERS}
    files |= {f"src/{header}": _header(header, features) for header in headers - {*PUBLIC_HEADERS}}
    for kernel in kernels.values():
        files |= {f"src/bnncl/{Path(path).name}": folder / path for path in kernel.sources(target)}
    return {path: held.read_bytes() for path, held in files.items()}


def _header(name: str, features: tuple[str, ...]) -> Path:
    """The file of a header of the runtime: that of a core with `features` where it has one of its own."""
    own = [runtime_dir() / "port" / feature / name for feature in features]
    return next((path for path in own if path.is_file()), runtime_dir() / "include" / name)

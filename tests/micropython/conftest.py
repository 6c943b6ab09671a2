"""The interpreters that the tests run in: CPython, MicroPython's unix port, and its emulated boards."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from bnncl.driver.project import Project
from bnncl.emit import ProjectSpec, render, write
from tests.e2e.tails import tail_program
from tests.emit.models import spec, spec_of
from tests.micropython.desk import desk_of
from tests.micropython.native import build_native
from tests.micropython.qemu import BOARDS, build_qemu
from tests.micropython.reference import Devices, sample_inputs, sample_labels
from tests.micropython.unix import Firmware, build_unix, checkout
from tests.state.devices import compiled

FORMS = ("micropython",)


class Interpreter(Protocol):
    """What runs Python files that import the modules."""

    def run(self, script: str, folder: Path, *options: str) -> Any:
        """What `script` printed last, as JSON; it runs in `folder`, with its files and for those it makes."""


@dataclass(frozen=True)
class Kind:
    """A kind of interpreter: the target that its projects are for, and how it is made of their folder.

    `small_heap` are options with which some models fill its heap; none where there are no such options.
    """

    name: str
    target: str
    build: Callable[[Path, Path], Interpreter]
    small_heap: tuple[str, ...] = ()


def _heap(kilobytes: int) -> tuple[str, ...]:
    return "-X", f"heapsize={kilobytes}k"


def _unix_with_mpy(modules: Path, folder: Path) -> Firmware:
    """The unix port without our modules, and each of them as a native module in MICROPYPATH."""
    if platform.machine() != "x86_64":
        pytest.skip("the unix port's native modules are built for x86-64 only")
    for module in sorted(modules.iterdir()):
        build_native(module, "x64", folder / "mpy")
    firmware = build_unix(None, folder / "build")
    return replace(firmware, folders=(folder / "mpy", *firmware.folders))


def _board(name: str, *, native: bool = False) -> Callable[[Path, Path], Interpreter]:
    """What builds the firmware of one of MicroPython's emulated boards."""

    def build(modules: Path, folder: Path) -> Interpreter:
        [board] = (board for board in BOARDS if board.name == name)
        return build_qemu(board, modules, folder, native=native)

    return build


KINDS = (
    Kind("desk", "cortex-m7", lambda modules, _: desk_of(sorted(modules.iterdir()))),
    Kind("unix", "cortex-m7", lambda modules, folder: build_unix(modules, folder / "build"), _heap(60)),
    Kind("unix-mpy", "cortex-m7", _unix_with_mpy, _heap(160)),
    Kind("MPS2_AN500", "cortex-m7", _board("MPS2_AN500")),
    Kind("MPS2_AN500-mpy", "cortex-m7", _board("MPS2_AN500", native=True)),
    Kind("VIRT_RV32", "rv32imac", _board("VIRT_RV32")),
    Kind("VIRT_RV32-mpy", "rv32imac", _board("VIRT_RV32", native=True)),
)


@cache
def learning_project(target: str) -> Project:
    """The model whose head learns, for `target`."""
    return compiled(emit=FORMS, target=target)


@cache
def other_specs() -> tuple[ProjectSpec, ...]:
    """Models of binary and of signed inputs that do not learn, and a tail that an abort loses."""
    found = (spec("mlp"), spec("quantised"), spec_of(tail_program(storage=True), "tail"))
    return tuple(replace(each, emit=FORMS) for each in found)


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: str(kind.name))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind in turn; all but CPython need a checkout of MicroPython."""
    found: Kind = request.param
    if found.name != "desk":
        checkout()
    return found


@pytest.fixture(scope="session")
def interpreter(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """The interpreter with four models."""
    folder = tmp_path_factory.mktemp(kind.name)
    learning_project(kind.target).write(folder / "modules" / "net")
    for each in other_specs():
        write(render(each), folder / "modules" / each.name)
    return kind.build(folder / "modules", folder)


@pytest.fixture(scope="session")
def here(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples of three experiences."""
    folder = tmp_path_factory.mktemp(f"here-{kind.name}")
    (folder / "inputs").write_bytes(sample_inputs().astype(np.uint8).tobytes())
    (folder / "labels").write_bytes(sample_labels().astype(np.uint8).tobytes())
    return folder


@pytest.fixture(scope="session")
def devices(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Devices:
    """What the reference makes of the same model."""
    return Devices(learning_project(kind.target), tmp_path_factory.mktemp("reference"))

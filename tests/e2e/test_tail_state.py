"""A project whose tail learns saves, loads and gives up what it learned: see generated.c and lost.c."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bnncl.emit import ProjectSpec, render, write
from bnncl.interp.learner import Learner
from bnncl.interp.restored import restored
from bnncl.ir.op import Array
from bnncl.ir.types import Int, Shape
from bnncl.plan.stored_state import stored_state, trained
from bnncl.state import arrays, expected_state, read_state
from bnncl.state.compare import describe, diff
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.tail_arrays import signs_of
from tests.e2e.test_tail import tail_spec
from tests.state.native import RUNTIME, SANITIZERS
from tests.state.test_generated import run
from tests.tools import require_tool

HERE = Path(__file__).parent
WARNINGS = (
    *("-pedantic", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wstrict-prototypes"),
    *("-Wmissing-prototypes", "-Wundef", "-Wcast-align", "-Wvla"),
)


@pytest.fixture(scope="module", params=["ram", "storage"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp(kind) / "net"
    write(render(tail_spec(kind)), made)
    return made


def taken(spec: ProjectSpec) -> str:
    """All that lasts of the tail: gradients are zeros between two experiences, and last, too."""
    return " ".join(f"TAKE({state.name})" for state in spec.program.states)


def wrong_words(spec: ProjectSpec) -> str:
    """Rows of stored words that are beyond the limits of weights or parameters, of the first and the last."""
    limits = {state.name: state.type.domain for state in trained(spec.program)}
    at, rows = 0, ""
    for segment in stored_state(spec.program):
        domain = limits.get(segment.name)
        if isinstance(domain, Int):
            last = at + segment.size - 4
            rows += f"{{{at}u, {domain.hi + 1}u}}, {{{last}u, {(domain.lo - 1) % 2**16 << 16}u}}, "
        at += segment.size
    return rows


def test_old_or_new_wherever_power_goes(folder: Path, kind: str, tmp_path: Path) -> None:
    require_tool("gcc")
    spec = tail_spec(kind)
    more: dict[str, str | int] = {"TAIL_ARRAYS": taken(spec), "TAIL_WRONG": wrong_words(spec)}
    cuts, old, new = run(folder, tmp_path, "host", SANITIZERS, CUT_STRIDE="97u", CUT_SHAPES=1, **more)
    assert cuts == old + new > 300
    assert new > 10


def made_input(number: int, shape: Shape) -> Array:
    """What generated.c makes of a number."""
    random, found = (number * 2654435761 + 1) % 2**32, []
    for _ in range(int(np.prod(shape))):
        random = (random * 1664525 + 1013904223) % 2**32
        found.append(random >> 24)
    return np.array(found, np.int64).reshape(shape)


def learn(device: Learner, e: int, known: int) -> None:
    """What generated.c does in experience `e`."""
    shape = device.program.graphs[0].type_of(device.program.graphs[0].inputs[0]).shape
    device.begin()
    for i in range(13):
        label = e if i % 2 else 0 if e < 2 else known + e - 2
        device.sample(made_input(e * 13 + i, shape), label)
    while not device.step(5 + e):
        pass
    device.commit()


def test_the_reference_reads_what_a_device_saves_and_goes_on(folder: Path, kind: str, tmp_path: Path) -> None:
    run(folder, tmp_path, "host", DUMP_FOLDER=f'"{tmp_path}"', CUT_SHAPES=0)
    expected, program = expected_state(folder), tail_spec(kind).program
    device = Learner(program, 7)
    last = None
    for e in range(4):
        blob = read_state(tmp_path / f"{e}.bin", expected)
        saved = restored(program, arrays(blob, expected.layout))
        learn(device, e, 2)
        assert saved.head.canonical() == device.head.canonical()
        assert signs_of(saved) == signs_of(device)
        text = describe(blob, expected.layout) if last is None else diff(last, blob, expected.layout)
        lines = text.splitlines()
        assert all(any(state.name in line.split() for line in lines) for state in trained(program))
        device, last = saved, blob


def test_an_abort_goes_back_or_says_that_it_cannot(folder: Path, kind: str, tmp_path: Path) -> None:
    require_tool("gcc")
    generated = [*sorted(folder.glob("src/*.c")), *sorted(folder.glob("src/bnncl/*.c"))]
    sources = [HERE / "lost.c", RUNTIME / "port/ram/bnncl_storage_ram.c"]
    sources += [path for path in generated if path.name != "main.c"]
    includes = [folder / "include", folder / "src", RUNTIME / "port/ram"]
    defines = {"GOES_BACK": int(kind == "ram")}
    host = TARGETS["host"]
    elf = compile_elf(host, sources, includes, defines, tmp_path / "lost.elf", extra=SANITIZERS)
    result = run_elf(host, elf, timeout_s=60)
    assert (result.exit_code, result.stdout) == (0, "done\n")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_code_is_free_of_warnings(folder: Path, tmp_path: Path, compiler: str) -> None:
    require_tool(compiler)
    sources = [*sorted(folder.glob("src/*.c")), *sorted(folder.glob("src/bnncl/*.c"))]
    options = ["-std=c99", "-O2", *WARNINGS, f"-I{folder / 'include'}", f"-I{folder / 'src'}"]
    out = tmp_path / "selftest"
    subprocess.run([compiler, *options, *map(str, sources), "-o", str(out)], check=True)
    said = subprocess.run([out], check=True, capture_output=True, text=True).stdout
    assert "self-test: passed" in said


def test_no_line_of_the_tail_is_longer_than_the_style_allows(folder: Path) -> None:
    for path in (folder / "src/net_tail.c", folder / "src/net_head.h", folder / "include/net.h"):
        assert all(len(line) <= 120 for line in path.read_text().splitlines()), path


def test_the_manifest_names_all_that_is_stored(folder: Path, kind: str) -> None:
    layout = expected_state(folder).layout
    stored = {segment.name: segment for segment in layout}
    for state in trained(tail_spec(kind).program):
        assert stored[state.name].shape == state.type.shape
        assert np.dtype(stored[state.name].dtype).itemsize == state.type.stored_bytes // state.type.elements

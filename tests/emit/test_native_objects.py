"""What native modules of MicroPython are made of: no data, no static variables, no library but libgcc.

Its linker places constants and code, gives memcpy, memset and memmove, and on ARMv6-M what libgcc has for
instructions that this core lacks. The flags are those of MicroPython's dynruntime.mk; with MICROPY_DIR the
tests in tests/micropython link and run the modules.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bnncl.emit import render, write
from bnncl.resources import runtime_dir
from tests.e2e.tails import tail_program
from tests.emit.models import spec_of
from tests.state.devices import compiled
from tests.tools import require_tool

COMMON = "-std=c99 -O3 -Wall -Werror -DNDEBUG -fpic -fno-common -U_FORTIFY_SOURCE -c"
_ARM = "arm-none-eabi-gcc -specs=picolibc.specs -mthumb -mcpu="
COMPILERS = {
    "armv6m": _ARM + "cortex-m0",
    "armv7m": _ARM + "cortex-m3",
    "armv7emsp": _ARM + "cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
    "armv7emdp": _ARM + "cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard",
    "rv32imc": "riscv64-unknown-elf-gcc -specs=picolibc.specs -march=rv32imac -mabi=ilp32 -mno-relax",
    "x64": "x86_64-linux-gnu-gcc -fno-stack-protector",
}
GIVEN = "memcpy|memset|memmove|_GLOBAL_OFFSET_TABLE_"
LIBGCC = {"armv6m": r"|__aeabi_(lmul|l?[u]?idiv(mod)?|llsl|llsr|lasr)|__gnu_thumb1_case_(uqi|uhi|sqi|shi|si)"}


@dataclass(frozen=True)
class Object:
    """What an object file holds and wants: sections of variables, names it defines, names it lacks."""

    name: str
    variables: tuple[str, ...]
    defined: frozenset[str]
    wanted: frozenset[str]


def read(path: Path) -> Object:
    with path.open("rb") as file:
        elf = ELFFile(file)
        sections = [each for each in elf.iter_sections() if each.data_size]
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = list(table.iter_symbols())
    placed = re.compile(r"\.(data(?!\.rel\.ro)|s?bss|sdata|tdata|tbss)")
    named = [symbol for symbol in symbols if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL"]
    lacking = {symbol.name for symbol in named if symbol["st_shndx"] == "SHN_UNDEF"}
    return Object(
        path.stem,
        tuple(each.name for each in sections if placed.match(each.name)),
        frozenset(symbol.name for symbol in named) - lacking,
        frozenset(lacking),
    )


def compile_objects(arch: str, sources: list[Path], include: list[Path], folder: Path) -> list[Object]:
    compiler = COMPILERS[arch].split()
    require_tool(compiler[0])
    folder.mkdir(parents=True)
    words = [*compiler, *COMMON.split(), *(f"-I{path}" for path in include), *map(str, sources)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [read(path) for path in sorted(folder.glob("*.o"))]


def faults(arch: str, objects: list[Object]) -> Iterator[str]:
    """What keeps `objects` from being a native module."""
    defined = frozenset().union(*(each.defined for each in objects))
    given = re.compile(GIVEN + LIBGCC.get(arch, ""))
    for each in objects:
        yield from (f"{each.name} has variables in {section}" for section in each.variables)
        yield from (
            f"{each.name} calls {name}" for name in each.wanted - defined if given.fullmatch(name) is None
        )


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A project whose head learns, and one whose tail does."""
    folder = tmp_path_factory.mktemp("projects")
    compiled(emit=("micropython",)).write(folder / "net")
    write(render(spec_of(tail_program(), "tail")), folder / "tail")
    return [folder / "net", folder / "tail"]


@pytest.mark.parametrize("arch", COMPILERS)
def test_modules_need_nothing_that_their_linker_does_not_give(
    projects: list[Path], arch: str, tmp_path: Path
) -> None:
    for project in projects:
        sources = [path for path in (project / "src").rglob("*.c") if path.name != "main.c"]
        sources = [path for path in sources if not path.name.endswith("_selftest.c")]
        include = [project / "include", project / "src"]
        objects = compile_objects(arch, sources, include, tmp_path / project.name)
        assert len(objects) == len(sources)
        assert list(faults(arch, objects)) == []


@pytest.mark.parametrize("arch", ["armv6m", "rv32imc"])
def test_every_kernel_can_be_in_a_module(arch: str, tmp_path: Path) -> None:
    sources = sorted((runtime_dir() / "src").glob("*.c"))
    objects = compile_objects(arch, sources, [runtime_dir() / "include"], tmp_path / "o")
    assert len(objects) == len(sources)
    assert list(faults(arch, objects)) == []


FAULTY = """
#include <math.h>
#include <string.h>
int counted = 3;
static int calls;
int spoilt(double x, const char *a)
{
    return (int)sin(x) + calls++ + counted + memcmp(a, "1234567", (size_t)x);
}
"""


@pytest.mark.parametrize("arch", COMPILERS)
def test_what_must_not_be_there_is_found(arch: str, tmp_path: Path) -> None:
    (tmp_path / "faulty.c").write_text(FAULTY)
    objects = compile_objects(arch, [tmp_path / "faulty.c"], [], tmp_path / "o")
    found = set(faults(arch, objects))
    assert {"faulty calls sin", "faulty calls memcmp"} < found
    assert sum("has variables in" in each for each in found) == 2

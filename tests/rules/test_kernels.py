"""Rules that every kernel keeps: one descriptor, one file, one prototype; no libc, no float, no warning."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.registry import KERNELS
from bnncl.resources import runtime_dir
from tests.kernels.headers import INCLUDE, Declared, prototypes, structs
from tests.kernels.specimens import specimens
from tests.tools import ROOT, require_tool

SOURCES = sorted((runtime_dir() / "src").glob("*.c"))
PARTS = ("bnncl_learn_", "bnncl_replay_", "bnncl_store_", "bnncl_tail_")
"""How the files of the runtime's other parts begin: they stand for no op, and may call each other."""
KERNEL_HEADERS = sorted({kernel.header for kernel in KERNELS if not kernel.is_alias})
HELPERS = sorted(
    {helper for kernel in KERNELS for helper in kernel.helpers} - {kernel.symbol for kernel in KERNELS}
)
"""Functions that kernels call and that are no kernels themselves."""
COMPILED = tuple(kernel for kernel in KERNELS if not kernel.is_alias)
BOUND = tuple(each for each in specimens() if not each[0].is_alias)
_INCLUDE = re.compile(r'^#include "(bnncl/.*)"$', re.M)
_NOT_DESCRIPTORS = {"__init__", "base", "learned_head", "packing", "params", "registry", "selection"}


def _name(each: object) -> str:
    return each.symbol if isinstance(each, Kernel) else ""


def test_one_descriptor_for_each_c_file() -> None:
    symbols = [kernel.symbol for kernel in COMPILED]
    assert len(set(symbols)) == len(symbols)
    stems = [source.stem for source in SOURCES if not source.stem.startswith(PARTS)]
    assert sorted((*symbols, *HELPERS)) == stems
    assert all((runtime_dir() / kernel.source).is_file() for kernel in COMPILED)


def test_one_module_for_each_descriptor() -> None:
    folder = ROOT / "compiler" / "bnncl" / "kernels"
    modules = {path.stem for path in folder.glob("*.py")} - _NOT_DESCRIPTORS
    assert {type(kernel).__module__.rpartition(".")[2] for kernel in KERNELS} == modules
    assert len(modules) == len(KERNELS)
    for kernel in COMPILED:
        assert type(kernel).__module__ == f"bnncl.kernels.{kernel.symbol.removeprefix('bnncl_')}"


def test_every_function_of_the_kernel_headers_is_a_kernel() -> None:
    declared = {name for header in KERNEL_HEADERS for name in prototypes(header)}
    assert declared == {kernel.symbol for kernel in COMPILED}


@pytest.mark.parametrize(("kernel", "op", "types"), BOUND, ids=_name)
def test_prototype_is_what_the_descriptor_passes(
    kernel: Kernel, op: Op, types: tuple[TensorType, ...]
) -> None:
    parameters = prototypes(kernel.header)[kernel.symbol]
    binding = kernel.bind(op, types)
    assert len(parameters) == len(binding.args) <= 7
    for parameter, arg in zip(parameters, binding.args, strict=True):
        written = arg == Ref("output") or (op.changes_state and arg == Ref("input", "0"))
        _check_argument(parameter, arg, binding, [each.ctype for each in (*types, op.infer(*types))], written)
        shared = kernel.in_place and isinstance(arg, Ref) and arg.kind in ("input", "output")
        assert not parameter.is_pointer or ("restrict" in parameter.ctype) is not shared
    used = {arg for arg in binding.args if isinstance(arg, Ref)}
    used |= {held for struct in binding.structs for _, held in struct.fields if isinstance(held, Ref)}
    assert {Ref("array", array.name) for array in binding.arrays} <= used, "a constant nobody reads"
    assert {Ref("struct", struct.name) for struct in binding.structs} <= used
    assert kernel.scratch_bytes(op, types) % 4 == 0
    assert (kernel.scratch_bytes(op, types) > 0) == (Ref("scratch") in used)


def _check_argument(
    parameter: Declared, arg: Ref | int, binding: Binding, ctypes: list[str], written: bool
) -> None:
    if not isinstance(arg, Ref):
        low, high = {"uint32_t": (0, 2**32), "int32_t": (-(2**31), 2**31)}[parameter.ctype]
        assert low <= arg < high, parameter
        return
    assert parameter.is_pointer
    assert parameter.is_constant is not (written or arg.kind == "scratch"), parameter
    arrays = {array.name: array.ctype for array in binding.arrays}
    params = {struct.name: struct for struct in binding.structs}
    if arg.kind == "struct":
        assert parameter.base == params[arg.name].ctype
        _check_struct(params[arg.name], arrays)
        return
    wanted = {"output": ctypes[-1], "scratch": "uint32_t"}
    if arg.kind == "input":
        wanted["input"] = ctypes[int(arg.name)]
    expected = wanted.get(arg.kind) or arrays[arg.name]
    plain = expected if parameter.name != "cursor" else expected.replace("int32_t", "uint32_t")
    assert parameter.base == plain or (arg.kind in ("input", "output") and parameter.base == "void")


def _check_struct(struct: ParamStruct, arrays: dict[str, str]) -> None:
    declared = structs()[struct.ctype]
    assert [field.name for field in declared] == [name for name, _ in struct.fields]
    for field, (_, held) in zip(declared, struct.fields, strict=True):
        assert field.is_pointer is isinstance(held, Ref)
        if isinstance(held, Ref):
            assert field.is_constant
            assert field.base == arrays[held.name]


@pytest.mark.parametrize("kernel", COMPILED, ids=_name)
def test_includes_are_those_of_the_source_and_no_others(kernel: Kernel) -> None:
    found: set[str] = set()
    new = {each for path in kernel.sources() for each in _INCLUDE.findall((runtime_dir() / path).read_text())}
    while new:
        found |= new
        new = {each for name in new for each in _INCLUDE.findall((INCLUDE / name).read_text())} - found
    assert kernel.header in found
    assert list(kernel.includes) == sorted(found - {kernel.header})


def test_every_file_says_its_licence_and_guards_itself() -> None:
    headers = sorted(INCLUDE.rglob("*.h"))
    for path in [*SOURCES, *headers]:
        assert path.read_text().startswith("/* SPDX-License-Identifier: 0BSD */\n"), path
    for path in headers:
        guard = path.relative_to(INCLUDE).as_posix().upper().replace("/", "_").replace(".", "_")
        assert f"#ifndef {guard}\n#define {guard}\n" in path.read_text(), path


def test_only_fixed_headers_and_no_conditional_code() -> None:
    allowed = {"stdint.h", "stddef.h", "stdbool.h", "string.h"}
    for path in [*SOURCES, *INCLUDE.rglob("*.h")]:
        text = path.read_text()
        assert set(re.findall(r"#include <(.*)>", text)) <= allowed, path
        assert path.suffix == ".h" or not re.search(r"^#(if|define)", text, re.M), path
        assert len(text.splitlines()) <= 300, path


@dataclass(frozen=True)
class Compiler:
    """A C compiler with the warnings that every kernel is free of."""

    name: str
    command: tuple[str, ...]
    prefix: str = ""
    helpers: str = r"mem\w+|_GLOBAL_OFFSET_TABLE_"
    """The table is how position-independent code takes the address of a function."""

    def build(self, folder: Path) -> list[Path]:
        """All kernels as object files in `folder`."""
        options = ("-std=c99", "-O2", *WARNINGS, f"-I{INCLUDE}", "-c", *map(str, SOURCES))
        subprocess.run([*self.command, *options], cwd=folder, check=True)
        return sorted(folder.glob("*.o"))


WARNINGS = (
    *("-pedantic", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wstrict-prototypes"),
    *("-Wmissing-prototypes", "-Wundef", "-Wcast-align", "-Wvla"),
)
_ARM = ("arm-none-eabi-gcc", "--specs=picolibc.specs", "-mthumb")
_RISCV = ("riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32")
_ARM_HELPERS = r"mem\w+|__aeabi_(lmul|llsr|llsl|lasr|memcpy4?|memset4?|memclr4?)"
"""Of the compiler's own helpers those for 64-bit integers; none for division, none for float."""

_DIVISION = r"__aeabi_uidiv(mod)?"
"""Learning divides numbers of 32 bits without sign, a few for each sample; nothing divides 64 bits."""

_MAY_DIVIDE = (*PARTS, "bnncl_update_")
"""An update divides its rate by the samples of the minibatch, once."""

COMPILERS = {
    each.name: each
    for each in (
        Compiler("gcc", ("gcc",)),
        Compiler("clang", ("clang",)),
        Compiler("m0plus", (*_ARM, "-mcpu=cortex-m0plus"), "arm-none-eabi-", _ARM_HELPERS),
        Compiler(
            "m4",
            (*_ARM, "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
            "arm-none-eabi-",
            _ARM_HELPERS,
        ),
        Compiler("rv32", _RISCV, "riscv64-unknown-elf-", r"mem\w+|__(lshr|ashl|ashr|mul)di3"),
    )
}


@pytest.fixture(scope="module", params=list(COMPILERS))
def objects(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Compiler, list[Path]]:
    """All kernels, compiled without a warning by each compiler."""
    compiler = COMPILERS[request.param]
    require_tool(compiler.command[0], f"{compiler.prefix}nm", f"{compiler.prefix}objdump")
    return compiler, compiler.build(tmp_path_factory.mktemp(compiler.name))


_MOVES = re.compile(r"v(ldr|str|mov|push|pop|ldm|stm)")
"""GCC spills integers into the registers of the float unit; only arithmetic would be float."""


def _symbols(compiler: Compiler, paths: list[Path]) -> dict[str, list[tuple[str, str]]]:
    """(kind, name) of every symbol of each object file, by the file's path."""
    command = [f"{compiler.prefix}nm", "-A", *map(str, paths)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, list[tuple[str, str]]] = {str(path): [] for path in paths}
    for line in listed.splitlines():
        path, _, symbol = line.partition(".o:")
        found[f"{path}.o"].append((symbol.split()[-2], symbol.split()[-1]))
    return found


def test_an_object_defines_its_function_and_needs_no_library(objects: tuple[Compiler, list[Path]]) -> None:
    compiler, paths = objects
    assert len(paths) == len(SOURCES)
    all_symbols = _symbols(compiler, paths)
    called = {kernel.symbol: set(kernel.helpers) for kernel in COMPILED}
    for kernel in COMPILED:
        for helper in kernel.helpers:
            called.setdefault(helper, set()).update(kernel.helpers)
    for path in paths:
        symbols = all_symbols[str(path)]
        assert [name for kind, name in symbols if kind in "TRDBC"] == [path.stem]
        assert not [name for kind, name in symbols if kind in "dDbBC" and not name.startswith("$")]
        all_parts = {source.stem for source in SOURCES}
        may_call = all_parts if path.stem.startswith(PARTS) else called.get(path.stem, set())
        needed = [name for kind, name in symbols if kind == "U" and name not in may_call]
        helpers = f"{compiler.helpers}|{_DIVISION}" if path.stem.startswith(_MAY_DIVIDE) else compiler.helpers
        assert all(re.fullmatch(helpers, name) for name in needed), (path.stem, needed)


def test_no_object_has_a_float_instruction(objects: tuple[Compiler, list[Path]]) -> None:
    compiler, paths = objects
    if compiler.name != "m4":
        return
    command = [f"{compiler.prefix}objdump", "-d", *map(str, paths)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for path in paths:
        assert f"{path}:" in listed
    found = re.findall(r"\t(v[a-z]+\S*)\t", listed)
    assert [name for name in found if _MOVES.match(name)], "no instruction was read"
    assert not [name for name in found if not _MOVES.match(name)]

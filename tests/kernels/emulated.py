"""Writes a C program that runs kernels on given numbers, compares what they make and counts instructions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Kernel, ParamStruct, Ref
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_elf
from tests.kernels.native import stored

_HEAD = """
#include "bnncl_count.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
"""
_GUARD_WORDS = 8


@dataclass(frozen=True, eq=False)
class Run:
    """A kernel on one sample of each input, and what its op makes of them."""

    kernel: Kernel
    op: Op
    types: tuple[TensorType, ...]
    arrays: tuple[Array, ...]

    @property
    def made(self) -> bytes:
        """What the kernel has to make, as it is stored."""
        made = self.op.evaluate(*(array[None] for array in self.arrays))[0]
        return stored(made, self.op.infer(*self.types))


@dataclass(frozen=True)
class Ran:
    """What became of a run: whether the kernel made what its op does, and the instructions it took."""

    is_right: bool
    instructions: int


def run_on(
    core: Target, runs: tuple[Run, ...], chosen: Target | None, folder: Path, repeats: int = 1
) -> list[Ran]:
    """All runs on an emulated core, with helpers as for `chosen`, None for the portable ones.

    Each call is counted `repeats` times over.
    """
    (folder / "run.c").write_text(program(runs, repeats))
    files = counter_files(core)
    parts = sorted({path for run in runs for path in run.kernel.sources(chosen)})
    elf = compile_elf(
        core,
        [folder / "run.c", *(runtime_dir() / path for path in parts), *files.sources],
        [*_own_headers(chosen), runtime_dir() / "include", *files.include_dirs],
        files.defines,
        folder / "run.elf",
    )
    result = run_elf(core, elf, icount=True)
    assert result.exit_code == 0
    said = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in said] == [run.kernel.symbol for run in runs]
    return [Ran(line[1] == "1", int(line[2])) for line in said]


def _own_headers(chosen: Target | None) -> list[Path]:
    """Folders of headers that stand in place of the general ones."""
    return [runtime_dir() / "port" / feature for feature in (chosen.features if chosen else ())]


def program(runs: tuple[Run, ...], repeats: int = 1) -> str:
    """Prints for each run its kernel, 1 where the result is right, else 0, and the instructions it took."""
    headers = sorted({run.kernel.header for run in runs})
    lines = [*(f'#include "{header}"' for header in headers), _HEAD]
    lines.append(f"static const uint32_t guard[{_GUARD_WORDS}];")
    for at, run in enumerate(runs):
        lines += _definitions(at, run, repeats)
    lines.append("int main(void)\n{\n    uint32_t count;\n    (void)guard;")
    for at, run in enumerate(runs):
        target = f"in{at}_0" if run.op.changes_state else f"output{at}"
        lines.append(f"    count = bnncl_count_instructions(call{at}, NULL);")
        right = f"memcmp({target}, want{at}, {len(run.made)}) == 0{_untouched(at, run)}"
        lines.append(f'    printf("{run.kernel.symbol} %d %lu\\n", {right}, (unsigned long)count);')
    return "\n".join([*lines, "    return 0;\n}\n"])


def _untouched(at: int, run: Run) -> str:
    """That the words behind the scratch are 0 as they were."""
    size = run.kernel.scratch_bytes(run.op, run.types)
    return f" && memcmp(scratch{at} + {size // 4}, guard, sizeof guard) == 0" if size > 0 else ""


def _definitions(at: int, run: Run, repeats: int) -> Iterator[str]:
    binding = run.kernel.bind(run.op, run.types)
    for number, (array, type_) in enumerate(zip(run.arrays, run.types, strict=True)):
        changes = run.op.changes_state and number == 0
        if Ref("input", str(number)) in binding.args:
            yield _words(f"in{at}_{number}", stored(array, type_), changes)
    for array in binding.arrays:
        yield _words(f"array{at}_{array.name}", array.data.tobytes())
    for struct in binding.structs:
        yield _struct(at, struct)
    yield _words(f"want{at}", run.made)
    for kind, size in (("output", len(run.made)), ("scratch", run.kernel.scratch_bytes(run.op, run.types))):
        if Ref(kind) in binding.args:
            yield f"static uint32_t {kind}{at}[{size // 4 + _GUARD_WORDS}];"
    args = ", ".join(_argument(at, arg) for arg in binding.args)
    loop = f"for (int i = 0; i < {repeats}; i++)"
    call = f"    (void)unused;\n    {loop} {{\n        {run.kernel.symbol}({args});\n    }}\n"
    yield f"static void call{at}(void *unused)\n{{\n{call}}}"


def _words(name: str, data: bytes, changes: bool = False) -> str:
    words = np.frombuffer(data + bytes(-len(data) % 4), "<u4")
    const = "" if changes else "const "
    return f"static {const}uint32_t {name}[] = {{{','.join(f'0x{word:x}u' for word in words)}}};"


def _struct(at: int, struct: ParamStruct) -> str:
    fields = ", ".join(f".{name} = {_argument(at, held)}" for name, held in struct.fields)
    return f"static const {struct.ctype} struct{at}_{struct.name} = {{{fields}}};"


def _argument(at: int, arg: Ref | int) -> str:
    if not isinstance(arg, Ref):
        return str(arg) if arg >= 0 else f"(int32_t)0x{arg % 2**32:x}"
    if arg.kind == "struct":
        return f"&struct{at}_{arg.name}"
    names = {"input": f"in{at}_", "array": f"array{at}_", "output": f"output{at}", "scratch": f"scratch{at}"}
    return f"(void *){names[arg.kind]}{arg.name}"

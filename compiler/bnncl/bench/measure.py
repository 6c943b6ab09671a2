"""Compiles one layer of a generated project with a program that counts it, runs that, checks the output."""

from __future__ import annotations

import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from bnncl.emit.stored import stored
from bnncl.interp import given, run
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.kernels.base import KernelCall, calls
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import COUNT_OVERFLOW, count_and_output, counter_files
from bnncl.toolchain.elf import section_sizes, undefined_symbols
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, broken, rows_of

RUN_SECONDS = 600
_KERNELS = "bnncl"


@dataclass(frozen=True)
class Counted:
    """Instructions of the layer's call on one sample, and the CRC-32 of its output in C and in Python."""

    instructions: int
    digest: int
    expected: int

    @property
    def is_right(self) -> bool:
        """Whether C computed what the reference does."""
        return self.digest == self.expected


def measured(
    program: Program, sources: Sources, target: Target, op: int, inputs: Array
) -> tuple[Counted, ...]:
    """What the call of op number `op` takes on each of the stored `inputs` (S, H, W, C)."""
    call = calls(program.graphs[0])[op]
    flat = inputs.reshape(len(inputs), -1)
    found = []
    for part in [flat] if target.emulator else [flat[at : at + 1] for at in range(len(flat))]:
        found += _run(program, sources, target, op, part)
    expected = _expected(program, call, inputs)
    return tuple(Counted(*pair, right) for pair, right in zip(found, expected, strict=True))


def _expected(program: Program, call: KernelCall, inputs: Array) -> list[int]:
    graph = program.graphs[0]
    values = run(graph, given(program, inputs))[call.output]
    return [zlib.crc32(stored(value, graph.type_of(call.output)).tobytes()) for value in values]


def layer_program(
    program: Program, sources: Sources, target: Target, op: int, inputs: Array, *, folder: Path
) -> Path:
    """An ELF file in `folder` that counts op number `op` on each of the stored `inputs` (S, elements).

    What is counted runs from the last call of `bnncl_count_begin` to that of `bnncl_count_end`.
    """
    counter = counter_files(target)
    (folder / "bench_case.h").write_text(_case(program, sources, op, inputs))
    return compile_elf(
        target,
        (
            runtime_dir() / "harness" / "bnncl_bench.c",
            runtime_dir() / "src" / "bnncl_store_crc32.c",
            *sources.c_files(),
            *counter.sources,
        ),
        (folder, *sources.include_dirs(), runtime_dir() / "include", *counter.include_dirs),
        {"BNNCL_TRACE_HOOK": 1, **counter.defines},
        folder / "bench.elf",
    )


def _run(program: Program, sources: Sources, target: Target, op: int, inputs: Array) -> list[tuple[int, int]]:
    """(instructions, digest) of each sample."""
    with tempfile.TemporaryDirectory() as name:
        elf = layer_program(program, sources, target, op, inputs, folder=Path(name))
        total = None
        if target.emulator is None:
            total, said = count_and_output(elf, calls(program.graphs[0])[op].kernel.symbol)
        else:
            said = run_elf(target, elf, RUN_SECONDS, icount=True).stdout
    words = [line.split() for line in said.splitlines() if line.startswith("layer ")]
    if len(words) != len(inputs) or "done" not in said:
        raise broken(sources, target, said.strip()[-300:] or "it printed nothing")
    counts = fitting([int(each[1]) for each in words], sources, target)
    return [
        (now if total is None else total, int(each[2], 16)) for now, each in zip(counts, words, strict=True)
    ]


def fitting(counts: list[int], sources: Sources, target: Target) -> list[int]:
    """`counts`; VerificationFailed (`run-failed`) where one was too large for the counter."""
    if COUNT_OVERFLOW in counts:
        raise broken(sources, target, "It took more instructions than the counter of this core can hold.")
    return counts


def _case(program: Program, sources: Sources, op: int, inputs: Array) -> str:
    name, upper = sources.name, sources.name.upper()
    steps = calls(program.graphs[0])
    before = max((at for at in range(op) if not steps[at].kernel.is_alias), default=op)
    lines = [
        f'#include "{name}.h"',
        f"#define CASE_DEFINE_CONTEXT {upper}_DEFINE_CONTEXT",
        f"typedef {name}_input case_input;",
        f"#define CASE_INIT {name}_init",
        f"#define CASE_INFER {name}_infer",
        f"enum {{ CASE_INPUT_LEN = {upper}_INPUT_LEN, CASE_CLASSES = {upper}_MAX_CLASSES }};",
        f"enum {{ CASE_SAMPLES = {len(inputs)}, CASE_OP = {op}, CASE_BEFORE = {before} }};",
        f"static const case_input case_inputs[CASE_SAMPLES][CASE_INPUT_LEN] = {{\n{rows_of(inputs)}\n}};",
    ]
    return "\n".join(lines) + "\n"


def code_bytes(sources: Sources, target: Target, *stems: str) -> int:
    """Flash of the C files `stems` and of all kernels of the project that they need, before linking.

    A kernel's file has the name of its function.
    """
    files = {path.stem: path for path in sources.c_files()}
    found: dict[str, int] = {}
    wanted = list(stems)
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        size, needs = _object(target, sources, files[name])
        found[name] = size
        wanted += [each for each in needs if each in files]
    return sum(found.values())


_Object = tuple[int, tuple[str, ...]]


def _object(target: Target, sources: Sources, path: Path) -> _Object:
    """Flash of one C file as an object, and the names that it needs from others.

    A kernel is the same in every project, and compiled once; what is the model's own has headers of its own.
    """
    key = (target.name, path.read_bytes())
    if path.parent.name == _KERNELS and key in _OBJECTS:
        return _OBJECTS[key]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "part.o"
        compile_elf(target, (path,), sources.include_dirs(), {}, out, extra=("-c",))
        found = section_sizes(out).flash, undefined_symbols(out)
    if path.parent.name == _KERNELS:
        _OBJECTS[key] = found
    return found


_OBJECTS: dict[tuple[str, bytes], _Object] = {}

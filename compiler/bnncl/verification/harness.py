"""Compiles a generated project together with a measuring program, and runs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnncl.diagnostics import Problem, VerificationFailed
from bnncl.ir.op import Array
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import count_on_host, counter_files
from bnncl.toolchain.elf import SectionSizes, section_sizes
from bnncl.toolchain.emulate import run_elf

_CHUNK_BYTES = 1 << 19
_RUN_SECONDS = 600
_NO_DUMP = -1


@dataclass(frozen=True)
class Sources:
    """What of a generated project is compiled: its folder, the model's name, how many ops it runs."""

    folder: Path
    name: str
    ops: int

    def c_files(self) -> tuple[Path, ...]:
        """Every C file of the model and its kernels, the program `main.c` left out."""
        found = [*self.folder.glob("src/*.c"), *self.folder.glob("src/bnncl/*.c")]
        return tuple(sorted(path for path in found if path.name != "main.c"))

    def include_dirs(self) -> tuple[Path, ...]:
        """The folders that the compiler's line of the README names."""
        return (self.folder / "include", self.folder / "src")


@dataclass(frozen=True, eq=False)
class Digests:
    """CRC-32 of every op's output, (samples, ops) uint32, and scores (samples, classes)."""

    crc: Array
    scores: Array


def digests(sources: Sources, target: Target, inputs: Array) -> Digests:
    """Run every sample of `inputs` (S, length), as the C input type holds them."""
    crcs: list[list[int]] = []
    scores: list[list[int]] = []
    for chunk in _chunks(inputs):
        for line in _run_verify(sources, target, chunk, _NO_DUMP, 0):
            if line.startswith("sample "):
                before, after = line.split(" scores ")
                crcs.append([int(word, 16) for word in before.split()[2:]])
                scores.append([int(word) for word in after.split()])
    if len(crcs) != len(inputs):
        raise broken(sources, target, f"{len(crcs)} of {len(inputs)} samples were answered")
    return Digests(np.array(crcs, np.uint32).reshape(len(crcs), sources.ops), np.array(scores))


def dump(sources: Sources, target: Target, sample: Array, op: int) -> bytes:
    """The bytes that op number `op` stored for one sample (length,)."""
    for line in _run_verify(sources, target, sample[None], 0, op):
        if line.startswith("dump "):
            return bytes.fromhex(line.removeprefix("dump "))
    raise broken(sources, target, f"op {op} printed nothing")


def instructions(sources: Sources, target: Target, inputs: Array) -> tuple[int, ...]:
    """Instructions of one inference on each sample; on the host the mean of all, by callgrind."""
    counter = counter_files(target)
    with tempfile.TemporaryDirectory() as folder:
        case = _write_case(Path(folder), sources, inputs, _NO_DUMP, 0)
        elf = compile_elf(
            target,
            (runtime_dir() / "harness" / "bnncl_measure.c", *sources.c_files(), *counter.sources),
            (case.parent, *sources.include_dirs(), *counter.include_dirs),
            counter.defines,
            Path(folder) / "measure.elf",
        )
        if target.emulator is None:
            return (count_on_host(elf) // len(inputs),)
        said = run_elf(target, elf, _RUN_SECONDS, icount=True).stdout
    words = [line.split() for line in said.splitlines() if line.startswith("instructions ")]
    if len(words) != len(inputs):
        raise broken(sources, target, said.strip()[-300:] or "it printed nothing")
    return tuple(int(word[1]) for word in words)


def footprint(sources: Sources, target: Target) -> SectionSizes:
    """Flash and RAM of the smallest firmware that infers, start-up code included."""
    with tempfile.TemporaryDirectory() as folder:
        case = _write_case(Path(folder), sources, np.zeros((1, 1), np.uint8), _NO_DUMP, 0)
        elf = compile_elf(
            target,
            (runtime_dir() / "harness" / "bnncl_footprint.c", *sources.c_files()),
            (case.parent, *sources.include_dirs()),
            {"CASE_NO_INPUTS": 1},
            Path(folder) / "footprint.elf",
        )
        return section_sizes(elf)


def build_model(sources: Sources, target: Target, out: Path) -> Path:
    """The program that verification runs, without samples: for reading its constants."""
    case = _write_case(out.parent, sources, np.zeros((1, 1), np.uint8), _NO_DUMP, 0)
    return compile_elf(
        target,
        (runtime_dir() / "harness" / "bnncl_footprint.c", *sources.c_files()),
        (case.parent, *sources.include_dirs()),
        {"CASE_NO_INPUTS": 1},
        out,
    )


def _run_verify(sources: Sources, target: Target, inputs: Array, sample: int, op: int) -> Iterator[str]:
    defines: Mapping[str, str | int] = {"BNNCL_TRACE_HOOK": 1}
    with tempfile.TemporaryDirectory() as folder:
        case = _write_case(Path(folder), sources, inputs, sample, op)
        elf = compile_elf(
            target,
            (runtime_dir() / "harness" / "bnncl_verify.c", *sources.c_files()),
            (case.parent, *sources.include_dirs()),
            defines,
            Path(folder) / "verify.elf",
        )
        result = run_elf(target, elf, _RUN_SECONDS)
    lines = result.stdout.splitlines()
    if result.exit_code != 0 or "done" not in lines[-1:]:
        raise broken(sources, target, f"exit code {result.exit_code}: {result.stdout.strip()[-300:]}")
    yield from lines


def _write_case(folder: Path, sources: Sources, inputs: Array, sample: int, op: int) -> Path:
    name, upper = sources.name, sources.name.upper()
    lines = [
        f'#include "{name}.h"',
        f"#define CASE_DEFINE_CONTEXT {upper}_DEFINE_CONTEXT",
        f"typedef {name}_input case_input;",
        f"#define CASE_INIT {name}_init",
        f"#define CASE_INFER {name}_infer",
        f"enum {{ CASE_INPUT_LEN = {upper}_INPUT_LEN, CASE_CLASSES = {upper}_MAX_CLASSES }};",
        f"enum {{ CASE_SAMPLES = {len(inputs)}, CASE_OPS = {max(sources.ops, 1)} }};",
        f"enum {{ CASE_DUMP_SAMPLE = {sample}, CASE_DUMP_OP = {op} }};",
        "#ifndef CASE_NO_INPUTS",
        f"static const case_input case_inputs[CASE_SAMPLES][CASE_INPUT_LEN] = {{\n{rows_of(inputs)}\n}};",
        "#endif",
    ]
    path = folder / "verify_case.h"
    path.write_text("\n".join(lines) + "\n")
    return path


def rows_of(inputs: Array) -> str:
    """Samples (S, length) as the initialiser of a C array."""
    return ",\n".join("{" + ",".join(map(str, row.tolist())) + "}" for row in inputs)


def _chunks(inputs: Array) -> Iterator[Array]:
    rows = max(1, _CHUNK_BYTES // max(1, inputs[0].nbytes if len(inputs) else 1))
    for start in range(0, len(inputs), rows):
        yield inputs[start : start + rows]


def broken(sources: Sources, target: Target, why: str) -> VerificationFailed:
    """The failure (`run-failed`) of a program that did not say what it had to."""
    return VerificationFailed(
        Problem(
            slug="run-failed",
            message="the generated program did not run to its end",
            where=f"{sources.folder} on {target.name}",
            why=why,
            hint="Regenerate the project; if that does not help, this is a fault of bnncl's.",
        )
    )

"""Runs the calls of learning of a generated project in C."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bnncl.ir.op import Array
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, broken, rows_of
from bnncl.verification.tail_arrays import KINDS, TailArray

INFER_EVERY = 8
_RUN_SECONDS = 600
_NO_DUMP = -1


@dataclass(frozen=True)
class Call:
    """A call: `what` is begin, sample, step, commit or abort.

    `number` is that of the sample among the inputs, or the budget of a step; `label` that of the sample.
    """

    what: str
    number: int = 0
    label: int = 0

    def __str__(self) -> str:
        given = {"sample": f"({self.number}, {self.label})", "step": f"({self.number})"}
        return self.what + given.get(self.what, "()")


@dataclass(frozen=True)
class Answer:
    """What is seen after a call: status, whether all is done, CRC-32s, and scores now and then.

    `crc` is that of all canonical state, `caches` that of the packed signs that follow from it.
    """

    status: str
    done: bool
    crc: int
    caches: int
    scores: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Script:
    """What a program does: `calls` on samples `inputs` (S, length), after init with `seed`.

    `arrays` are those of a tail that learns.
    """

    arrays: Sequence[TailArray]
    inputs: Array
    calls: Sequence[Call]
    seed: int


def answers(sources: Sources, target: Target, script: Script) -> tuple[Answer, ...]:
    """What C answers to the calls of `script`."""
    return answers_in(_run(sources, target, script, _NO_DUMP), sources, target, script)


def answers_in(lines: Sequence[str], sources: Sources, target: Target, script: Script) -> tuple[Answer, ...]:
    """The answers that a program printed; VerificationFailed (`run-failed`) where some are missing."""
    names = {number: name for name, number in statuses().items()}
    found = []
    for line in lines:
        if line.startswith("call "):
            _, _, status, done, crc, caches, *scores = line.split()
            sums = int(crc, 16), int(caches, 16)
            found.append(Answer(names[int(status)], done == "1", *sums, tuple(map(int, scores))))
    if len(found) != len(script.calls):
        raise broken(sources, target, f"{len(found)} of {len(script.calls)} calls were answered")
    return tuple(found)


def state_after(sources: Sources, target: Target, script: Script) -> tuple[bytes, bytes]:
    """The canonical state after the last call of `script`, and the packed signs."""
    said = dict(line.partition(" ")[::2] for line in _run(sources, target, script, len(script.calls) - 1))
    if "dump" not in said or "caches" not in said:
        raise broken(sources, target, "no state was printed")
    return bytes.fromhex(said["dump"]), bytes.fromhex(said["caches"])


@lru_cache(maxsize=1)
def statuses() -> dict[str, int]:
    """The numbers of the statuses, by their names without BNNCL_."""
    text = (runtime_dir() / "include" / "bnncl" / "status.h").read_text()
    return {name: int(number) for name, number in re.findall(r"BNNCL_(\w+) =\s+(\d+)", text)}


def _run(sources: Sources, target: Target, script: Script, dumped: int) -> list[str]:
    runtime = runtime_dir()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train_case.h"
        path.write_text(case_text(sources, script, dumped))
        own = (runtime / "harness" / "bnncl_verify_train.c", runtime / "src" / "bnncl_learn_canonical.c")
        elf = compile_elf(
            target,
            (*own, *sources.c_files()),
            (path.parent, *sources.include_dirs()),
            {},
            Path(folder) / "train.elf",
        )
        result = run_elf(target, elf, _RUN_SECONDS)
    lines = result.stdout.splitlines()
    if result.exit_code != 0 or "done" not in lines[-1:]:
        raise broken(sources, target, f"exit code {result.exit_code}: {result.stdout.strip()[-300:]}")
    return lines


def case_text(sources: Sources, script: Script, dumped: int = _NO_DUMP) -> str:
    """The header train_case.h for `script`; the state is printed after call number `dumped`, if any."""
    inputs, calls = script.inputs, script.calls
    name, upper = sources.name, sources.name.upper()
    rows = ",\n".join(f"{{CASE_{call.what.upper()}, {call.number}u, {call.label}u}}" for call in calls)
    functions = [f"#define CASE_LEARN_{what.upper()} {name}_learn_{what}" for what in _WHATS]
    lines = [
        f'#include "{name}.h"',
        f'#include "{name}_head.h"',
        f"#define CASE_DEFINE_CONTEXT {upper}_DEFINE_CONTEXT",
        f"#define CASE_INIT {name}_init",
        f"#define CASE_INFER {name}_infer",
        f"#define CASE_HEAD {name}_head",
        f"#define CASE_CONFIG {name}_head_config",
        f"#define CASE_SEED {script.seed}u",
        *functions,
        f"enum {{ CASE_{', CASE_'.join(what.upper() for what in _WHATS)} }};",
        f"enum {{ CASE_CLASSES = {upper}_MAX_CLASSES, CASE_INFER_EVERY = {INFER_EVERY} }};",
        f"enum {{ CASE_SAMPLES = {len(inputs)}, CASE_CALLS = {len(calls)}, CASE_DUMP_CALL = {dumped} }};",
        f"enum {{ CASE_{', CASE_'.join(kind.upper() for kind in KINDS)} }};",
        "typedef struct { size_t offset; uint32_t count; uint8_t width; int kind; } case_array;",
        f"enum {{ CASE_ARRAYS = {len(script.arrays)} }};",
        f"static const case_array case_arrays[] = {{\n{_array_rows(name, script.arrays)}\n}};",
        "typedef struct { int what; uint32_t number; uint16_t label; } case_call;",
        f"static const case_call case_calls[CASE_CALLS] = {{\n{rows}\n}};",
        f"static const {name}_input case_inputs[CASE_SAMPLES][{upper}_INPUT_LEN] = {{",
        f"{rows_of(inputs)}\n}};",
    ]
    return "\n".join(lines) + "\n"


def _array_rows(name: str, arrays: Sequence[TailArray]) -> str:
    """The rows of the C array, one of no use where there are none."""
    if not arrays:
        return "{0u, 0u, 1u, 0}"
    return ",\n".join(
        f"{{offsetof({name}_memory, {each.member}), {each.count}u, {each.width}u, CASE_{each.kind.upper()}}}"
        for each in arrays
    )


_WHATS = ("begin", "sample", "step", "commit", "abort")

"""Counts one minibatch of learning in a generated project, and checks the state it leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bnncl.bench.measure import RUN_SECONDS, Counted, fitting
from bnncl.interp.learner import Learner
from bnncl.ir.graph import Program
from bnncl.ir.op import Array
from bnncl.plan.learning import units_of_a_minibatch
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import count_and_output, counter_files
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, broken
from bnncl.verification.tail_arrays import tail_arrays
from bnncl.verification.train import reference_answers
from bnncl.verification.train_harness import Answer, Call, Script, answers_in, case_text

SAMPLES = 16
"""Of an experience: two minibatches of new ones."""

_SEED = 1


def counted_minibatch(
    program: Program, sources: Sources, target: Target, inputs: Array, labels: Sequence[int]
) -> Counted:
    """Instructions of the last minibatch of a second experience, whose first filled the replay memory.

    `inputs` (2 * SAMPLES, H, W, C) are stored ones. What is compared is all canonical state afterwards.
    """
    calls = _calls(labels, units_of_a_minibatch(program))
    wanted = reference_answers(Learner(program, _SEED), inputs, calls)[-1]
    script = Script(tail_arrays(program), inputs.reshape(len(inputs), -1), calls, _SEED)
    counted, got = _run(sources, target, script)
    if target.emulator is None:
        before, _ = _run(sources, target, Script(script.arrays, script.inputs, calls[:-1], _SEED))
        counted -= before
    return Counted(counted, _digest(got), _digest(wanted))


def _calls(labels: Sequence[int], units: int) -> tuple[Call, ...]:
    samples = [Call("sample", at, label) for at, label in enumerate(labels)]
    minibatches = (Call("step", units), Call("step", units))
    first = (Call("begin"), *samples[:SAMPLES], *minibatches, Call("commit"))
    return (*first, Call("begin"), *samples[SAMPLES:], *minibatches)


def _digest(answer: Answer) -> int:
    """Both CRC-32s, and an answer that is not OK is another."""
    return (answer.crc << 32 | answer.caches) ^ (answer.status != "OK")


def _run(sources: Sources, target: Target, script: Script) -> tuple[int, Answer]:
    """Instructions of the last step, on the host of all steps, and the answer to it."""
    step, counter, runtime = f"{sources.name}_learn_step", counter_files(target), runtime_dir()
    own = ("harness/bnncl_verify_train.c", "harness/bnncl_bench_learn.c", "src/bnncl_learn_canonical.c")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "train_case.h").write_text(case_text(sources, script))
        (folder / "bench_case.h").write_text(_names(sources.name))
        elf = compile_elf(
            target,
            (*(runtime / path for path in own), *sources.c_files(), *counter.sources),
            (folder, *sources.include_dirs(), *counter.include_dirs),
            counter.defines,
            folder / "learn.elf",
            extra=(f"-Wl,--wrap={step}",),
        )
        total = None
        if target.emulator is None:
            total, said = count_and_output(elf, step)
        else:
            said = run_elf(target, elf, RUN_SECONDS, icount=True).stdout
    lines = said.splitlines()
    counted = [int(line.split()[1]) for line in lines if line.startswith("counted ")]
    counts = fitting(counted, sources, target)
    if "done" not in lines or not counts:
        raise broken(sources, target, said.strip()[-300:] or "it printed nothing")
    answer = answers_in(lines, sources, target, script)[-1]
    return (counts[-1] if total is None else total), answer


def _names(name: str) -> str:
    lines = [
        f'#include "{name}.h"',
        f"typedef {name}_ctx case_context;",
        f"#define CASE_REAL __real_{name}_learn_step",
        f"#define CASE_WRAPPED __wrap_{name}_learn_step",
    ]
    return "\n".join(lines) + "\n"

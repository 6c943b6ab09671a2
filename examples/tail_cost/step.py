"""Counts a whole training step of a tail on emulated cores, in the generated C and in plain float32.

A step is a minibatch of 8 new and 8 replayed samples through blocks and head, back again, and one update.
Both are the same tail of a PyTorch model: the integers are what `bnncl.compile(..., train="blocks.1")` makes
of it, the float32 tail is `float_tail.c`. Of that two samples are counted, as all cost alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bnncl.kernels.base import KernelCall, calls
from bnncl.kernels.learned_head import forward_ops, parts
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import COUNT_OVERFLOW, counter_files
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, rows_of
from examples.stages import Json
from examples.tail_cost.float_case import Learning, header
from examples.tail_cost.measure import FLOAT_FLAGS, c_array
from examples.tail_cost.model import MINIBATCH, Case, Shape, case_of

HERE = Path(__file__).parent
SHAPES = (Shape(64, 8),)
PARTS = ("forward", "head", "backward", "update")
FLOATS = {"float32": "float_conv.c", "float32_tiled": "float_conv_tiled.c"}
"""Its convolutions: four output channels at a time, and with 4 x 4 sums in registers."""
DEAREST = 3
"""Ops that are named, the dearest first."""
_FLOAT_SAMPLES = 2
_RUN_SECONDS = 600
_RAM_BYTES = 4 << 20

Row = tuple[str, int, int]


def counted_float(
    case: Case, target: Target, learning: Learning, convolution: str
) -> tuple[list[Row], dict[str, list[int]]]:
    """Instructions of each part in their order on `target`, and the bits of what was learned, where shown."""
    names = ("count_float_tail.c", "float_tail.c", convolution)
    said = _run(_roomy(target), header(case, learning), tuple(HERE / name for name in names), ())
    rows: list[Row] = []
    shown: dict[str, list[int]] = {}
    for words in said:
        if words[0] in PARTS:
            rows.append((words[0], int(words[1]), int(words[2])))
        else:
            shown.setdefault(words[0], []).append(int(words[1]))
    return rows, shown


def counted_integer(case: Case, target: Target) -> list[Row]:
    """Instructions of each op of the minibatch in their order on `target`."""
    new, images = MINIBATCH[0], case.images
    ctype = case.project.spec.graph.type_of(case.project.spec.graph.inputs[0]).ctype
    text = [
        "#include <stdint.h>",
        f"#define TAIL_NEW {new}u",
        f"static const {ctype} tail_images[TAIL_NEW][{images.shape[1]}] = {{{rows_of(images[:new])}}};",
        c_array("uint16_t", "tail_labels", case.labels[:new]),
        "",
    ]
    with tempfile.TemporaryDirectory() as work:
        sources = Sources(case.project.write(Path(work) / "model"), "model", 0)
        files = (HERE / "count_step.c", *sources.c_files())
        said = _run(target, "\n".join(text), files, sources.include_dirs())
    return [(words[0], int(words[1]), int(words[2])) for words in said]


def _roomy(target: Target) -> Target:
    """`target` with all the RAM of its emulated machine, which filters in float32 need."""
    if target.emulator is None:
        return target
    return replace(target, emulator=replace(target.emulator, ram_bytes=_RAM_BYTES))


def _run(target: Target, text: str, files: tuple[Path, ...], include: tuple[Path, ...]) -> list[list[str]]:
    counter = counter_files(target)
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "tail_case.h").write_text(text)
        elf = compile_elf(
            target,
            (*files, *counter.sources),
            (Path(work), HERE, *include, runtime_dir() / "include", *counter.include_dirs),
            counter.defines,
            Path(work) / "step.elf",
            extra=(*FLOAT_FLAGS, "-lm"),
        )
        done = run_elf(target, elf, _RUN_SECONDS, icount=target.emulator is not None)
    assert done.exit_code == 0, done.stdout[-400:]
    rows = [line.split() for line in done.stdout.splitlines()]
    assert not any(row[-1] == str(COUNT_OVERFLOW) and len(row) == 3 for row in rows), "a count ran over"
    return rows


def named(case: Case, rows: Iterable[Row]) -> list[tuple[str, str, int]]:
    """The part of the step and the op of each count of the integers."""
    program = case.project.spec.program
    sample, update = program.graph("sample"), program.graph("update")
    before, classes = forward_ops(sample), parts(program.graphs[0]).head.config.max_classes
    found = []
    for what, at, count in rows:
        if what == "update":
            name = "rows of head" if at < classes else _name(calls(update)[at - classes])
            found.append(("update", name, count))
        elif at == before:
            found.append(("head", "scores, softmax and gradient of head", count))
        else:
            part = "forward" if at < before else "backward"
            found.append((part, _name(calls(sample)[at - (at > before)]), count))
    return found


def _name(call: KernelCall) -> str:
    return f"{call.kernel.symbol} of {call.op.module or call.output}"


def step_cost(case: Case, target: Target) -> Json:
    """Instructions of a sample, of an update and of a step on `target`, each way, and the dearest ops."""
    ours = named(case, counted_integer(case, target))
    found = {"integer": _summed((part, count) for part, _, count in ours)}
    for kind, convolution in FLOATS.items():
        rows, _ = counted_float(case, target, Learning(_FLOAT_SAMPLES), convolution)
        once = _summed((part, count) for part, _, count in rows)
        times = sum(MINIBATCH) // _FLOAT_SAMPLES
        found[kind] = {part: once[part] * (1 if part == "update" else times) for part in PARTS}
    for each in found.values():
        each["sample"] = sum(each[part] for part in PARTS if part != "update") // sum(MINIBATCH)
        each["step"] = sum(each[part] for part in PARTS)
    ops = _summed((name, count) for _, name, count in ours)
    dearest = sorted(ops.items(), key=lambda item: -item[1])[:DEAREST]
    return {
        "costs": {what: _beside(found, what) for what in (*PARTS, "sample", "step")},
        "dearest": dict(dearest),
    }


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, count in counts:
        found[name] = found.get(name, 0) + count
    return found


def _beside(found: Mapping[str, Mapping[str, int]], what: str) -> Json:
    numbers = {kind: each[what] for kind, each in found.items()}
    ratios = {f"{kind}_by_integer": round(numbers[kind] / numbers["integer"], 2) for kind in FLOATS}
    return {**numbers, **ratios}


def step_costs(shapes: Iterable[Shape], targets: Sequence[Target]) -> Json:
    """All figures, by the names of `shapes` and `targets`."""
    found: Json = {}
    for shape in shapes:
        found[shape.name] = {
            target.name: step_cost(case_of(shape, (target.name,)), target) for target in targets
        }
    return found

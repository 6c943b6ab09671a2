"""Counts what a model's calls cost in plain C and under MicroPython, on the same emulated core.

The model, the images and the labels are those of the demo: an experience of the digits that PyTorch did not
learn. Both programs give the same scores before and after it, or the measurement fails.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import COUNT_OVERFLOW, counter_files
from bnncl.toolchain.elf import section_sizes
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, rows_of
from examples.data import load_digits_split
from examples.digits.course import BASE_CLASSES, OPTIONS, ROOM, SEED
from examples.micropython_cost.ports import BOARDS, COUNTING, Board, Firmware, build, native_module
from examples.stages import Json

HERE = Path(__file__).parent
CALLS = ("predict", "sample", "step", "commit")

LEVELS: Mapping[str, tuple[str, ...]] = {"": (), "_for_size": ("BNNCL_COPT=-Os",)}
"""Variables of make, by what the kind of a module is called with them."""

_NAME = "model"
_RUN_SECONDS = 600
_INSTRUCTIONS_PER_US = 1000

SCRIPT = """
import gc, json, time
gc.collect()
empty = gc.mem_alloc()
import model
gc.collect()
imported = gc.mem_alloc() - empty

def now():
    while True:
        before = time.ticks_us()
        after = time.ticks_us()
        if 0 <= time.ticks_diff(after, before) < 500:
            return after

def since(before):
    return time.ticks_diff(now(), before)

def parts(name):
    data = memoryview(open(name, "rb").read())
    return [data[i : i + size] for i in range(0, len(data), size)]

gc.collect()
used = gc.mem_alloc()
m = model.Model(seed=SEED)
gc.collect()
made = gc.mem_alloc() - used
size = m.info()["input_bytes"]
tested, images = parts("tested"), parts("images")
labels = open("labels", "rb").read()
gc.collect()
start = now()
for x in tested:
    scores = m.predict(x)
predict = since(start)
gc.collect()
start = now()
for x in tested:
    [0] * len(scores)
lists = since(start)
m.begin()
start = now()
for x, label in zip(images, labels):
    m.sample(x, label)
sample = since(start)
steps, start = 1, now()
while not m.step():
    steps += 1
step = since(start)
start = now()
m.commit()
commit = since(start)
print(json.dumps({
    "us_of_a_list": lists / len(tested),
    "us": {"predict": predict, "sample": sample, "step": step, "commit": commit},
    "times": {"predict": len(tested), "sample": len(images), "step": steps, "commit": 1},
    "scores": scores + m.predict(tested[0]),
    "heap": {"module": imported, "model": made},
    "ram_bytes": m.info()["ram_bytes"],
}))
"""
"""The port may read its two counters on either side of a tick of 1 ms; `now` reads until it did not."""


@dataclass(frozen=True, eq=False)
class Case:
    """A project, `tested` images (N, length) to infer, and `images` with `labels` to learn."""

    project: bnncl.Project
    tested: NDArray[Any]
    images: NDArray[Any]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Counts:
    """Instructions of one of each of CALLS, on average, and the scores that came out."""

    calls: Mapping[str, float]
    scores: tuple[int, ...]


def case_of(folder: Path, target: Target) -> Case:
    """The case of the digits model in `folder`, which holds `model.pt` and `train.npz`."""
    project = bnncl.compile(
        folder / "model.pt",
        target.name,
        replay_init=folder / "train.npz",
        **{**OPTIONS, "name": _NAME, "emit": ("micropython",)},
    )
    data, graph = load_digits_split(), project.spec.graph
    ctype = graph.type_of(graph.inputs[0]).ctype
    later = data.train.of(range(BASE_CLASSES, ROOM))
    count = OPTIONS["experience"]

    def stored(x: Any) -> NDArray[Any]:
        return stored_inputs(x, graph).reshape(len(x), -1).astype(np.dtype(ctype.removesuffix("_t")))

    return Case(project, stored(data.test.x), stored(later.x[:count]), later.y[:count].astype(np.uint8))


def plain(case: Case, target: Target) -> Counts:
    """In plain C, compiled as `bnncl verify` does."""
    counter = counter_files(target)
    with tempfile.TemporaryDirectory() as work:
        sources = Sources(case.project.write(Path(work) / _NAME), _NAME, 0)
        (Path(work) / "cost_case.h").write_text(_header(case))
        elf = compile_elf(
            target,
            (HERE / "count_model.c", *sources.c_files(), *counter.sources),
            (Path(work), *sources.include_dirs(), *counter.include_dirs),
            counter.defines,
            Path(work) / "cost.elf",
        )
        done = run_elf(target, elf, _RUN_SECONDS, icount=True)
    assert done.exit_code == 0, done.stdout[-400:]
    found: dict[str, list[int]] = {}
    for line in done.stdout.splitlines():
        what, number = line.split()
        found.setdefault(what, []).append(int(number))
    scores = tuple(found.pop("score"))
    assert all(COUNT_OVERFLOW not in each for each in found.values()), "a count ran over"
    return Counts({what: sum(each) / len(each) for what, each in found.items()}, scores)


def _header(case: Case) -> str:
    """The header cost_case.h that count_model.c includes."""
    graph = case.project.spec.graph
    ctype = graph.type_of(graph.inputs[0]).ctype
    lines = [
        "#include <stdint.h>",
        f"enum {{ COST_SEED = {SEED}, COST_TESTED = {len(case.tested)}, COST_NEW = {len(case.images)} }};",
        f"static const uint16_t cost_labels[COST_NEW] = {{{', '.join(map(str, case.labels))}}};",
    ]
    for name, count, images in (("tested", "TESTED", case.tested), ("images", "NEW", case.images)):
        length = images.shape[1]
        lines.append(f"static const {ctype} cost_{name}[COST_{count}][{length}] = {{{rows_of(images)}}};")
    return "\n".join(lines) + "\n"


def under_micropython(case: Case, firmware: Firmware, modules: Mapping[str, bytes]) -> tuple[Counts, Json]:
    """In `firmware` with the files `modules`; and what a list of scores costs, and the heap."""
    files = {"tested": case.tested, "images": case.images, "labels": case.labels}
    given = {**modules, **{name: each.tobytes() for name, each in files.items()}}
    said = firmware.run(given, SCRIPT.replace("SEED", str(SEED)), *COUNTING)
    found = json.loads(said.lines[-1])
    calls = {what: found["us"][what] * _INSTRUCTIONS_PER_US / found["times"][what] for what in CALLS}
    more = {
        "instructions_of_a_list": round(found["us_of_a_list"] * _INSTRUCTIONS_PER_US),
        "ram_bytes": found["ram_bytes"],
        **{f"heap_of_{what}": size for what, size in found["heap"].items()},
    }
    return Counts(calls, tuple(found["scores"])), more


def cost_on(case: Case, board: Board, micropython: Path) -> Json:
    """Instructions of each call on `board` in plain C and in each kind of module."""
    c = plain(case, board.target)
    result: Json = {"plain": _rounded(c.calls)}
    with tempfile.TemporaryDirectory() as work:
        modules, bare = Path(work) / "modules", build(micropython, board, None, Path(work) / "bare")
        project = case.project.write(modules / _NAME)
        for suffix, options in LEVELS.items():
            firmware = build(micropython, board, modules, Path(work) / f"module{suffix}", *options)
            found, heap = under_micropython(case, firmware, {})
            more = section_sizes(firmware.elf).flash - section_sizes(bare.elf).flash
            result[f"module{suffix}"] = {**_beside(found, c), **heap, "flash_bytes": more}
            made = Path(work) / f"native{suffix}"
            mpy = native_module(micropython, board, project, f"BUILD={made}", *options).read_bytes()
            found, heap = under_micropython(case, bare, {f"{_NAME}.mpy": mpy})
            result[f"native{suffix}"] = {**_beside(found, c), **heap, "mpy_bytes": len(mpy)}
    return result


def _rounded(calls: Mapping[str, float]) -> Json:
    return {what: round(calls[what]) for what in CALLS}


def _beside(found: Counts, c: Counts) -> Json:
    """Instructions, and how many percent more they are than those of plain C, whose scores are the same."""
    assert found.scores == c.scores, (found.scores, c.scores)
    more = {what: round(100 * (found.calls[what] / c.calls[what] - 1), 2) for what in CALLS}
    return {"instructions": _rounded(found.calls), "more_percent": more}


def micropython_cost(folder: Path, micropython: Path, boards: Iterable[Board] = BOARDS) -> Json:
    """All figures for the digits model in `folder`, by the names of the boards' targets."""
    return {board.target.name: cost_on(case_of(folder, board.target), board, micropython) for board in boards}

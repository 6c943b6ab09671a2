"""Models the cycles of a layer of the benchmark on a Cortex-M7, of which QEMU knows only instructions.

`python scripts/m7_cycles.py A B` compiles each layer as `bnncl bench` does, runs it at a density of one
half in QEMU, and notes every run of instructions up to a branch. llvm-mca says how many cycles each of them
takes when it is repeated, by its model of the core, which starts two instructions in a cycle; that times the
number of runs is the figure. It is a model: memory answers at once, branches are foretold and take one slot,
a block overlaps with none but itself, and to write an address back costs nothing more.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

from bnncl.bench.measure import layer_program
from bnncl.bench.models import LAYER, activations, one_layer
from bnncl.bench.shapes import Layer, shapes
from bnncl.driver.options import Options
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import stored_inputs
from bnncl.frontend.model import ModelSource
from bnncl.targets import target
from bnncl.toolchain.emulate import run_command
from bnncl.verification.harness import Sources

TARGET: Final = target("cortex-m7")
DENSITY: Final = 0.5
ITERATIONS: Final = 100
_NAME: Final = "bench"
_BRANCH: Final = re.compile(
    r"(b|bl|bx|blx|cbn?z|tb[bh]|b(eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le))(\.[nw])? |(pop|ldm).*\bpc\b"
)
_MANY: Final = re.compile(r"(push|pop|ldm|stm)(?:ia|db)?(?:\.w)? (?:(\w+)!?, )?\{(.*)\}")
_WRITE_BACK: Final = re.compile(r"(ldr|str)(b|h|d)?(?:\.w)? (.*)\[(\w+)(?:, #-?\d+\]!|\], #-?\d+)")

Block = tuple[int, int]
"""Addresses of the first and of the last instruction of a run."""


def modelled(text: str) -> list[str]:
    """An instruction as llvm-mca is given it.

    Several words are moved two by two, since the model takes a cycle for any number of them; it knows no
    address that is written back; branches are slots.
    """
    if (_BRANCH.match(text) and not _MANY.match(text)) or text.startswith("it"):
        return ["nop"]
    many = _MANY.match(text)
    if many:
        op = "ldr" if many[1] in ("pop", "ldm") else "str"
        words = [word.strip() for word in many[3].split(",") if word.strip() != "pc"]
        base = many[2] or "sp"
        pairs = [", ".join(words[at : at + 2]) for at in range(0, len(words), 2)]
        return [
            f"{op}{'d' if ',' in pair else ''} {pair}, [{base}, #{8 * at}]" for at, pair in enumerate(pairs)
        ]
    return [_WRITE_BACK.sub(r"\1\2 \3[\4]", text)]


def cycles(block: tuple[str, ...]) -> float:
    """Cycles of a block that is repeated."""
    mca = shutil.which("llvm-mca")
    if mca is None:
        sys.exit("llvm-mca is not installed. On Debian: apt-get install llvm")
    lines = [line for text in block for line in modelled(text)]
    command = [
        mca,
        "-mtriple=thumbv7em-none-eabi",
        "-mcpu=cortex-m7",
        f"-iterations={ITERATIONS}",
        "-noalias",
    ]
    code = "\n".join([".syntax unified", *lines, ""])
    done = subprocess.run(command, input=code, check=False, capture_output=True, text=True)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    if found is None:
        sys.exit(f"llvm-mca does not take this block:\n{chr(10).join(lines)}\n{done.stderr[:400]}")
    return int(found[1]) / ITERATIONS


def instructions(elf: Path) -> tuple[dict[int, str], dict[str, int]]:
    """Text of the instruction at every address, and the address of every function."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[int, str] = {}
    functions: dict[str, int] = {}
    for line in listed.splitlines():
        title = re.match(r"([0-9a-f]+) <(.*)>:", line)
        code = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
        if title:
            functions[title[2]] = int(title[1], 16)
        elif code:
            found[int(code[1], 16)] = re.split(r"\s*[;@<]", code[2])[0].replace("\t", " ").strip()
    return found, functions


def executed(elf: Path, code: dict[int, str], functions: dict[str, int]) -> Counter[Block]:
    """How often each block ran in what the program counts."""
    branches = {at for at, text in code.items() if _BRANCH.match(text)}
    begin, end = functions["bnncl_count_begin"], functions["bnncl_count_end"]
    reader, writer = os.pipe()
    command = [*run_command(TARGET, elf), "-singlestep", "-d", "exec,nochain", "-D", f"/dev/fd/{writer}"]
    with subprocess.Popen(command, pass_fds=(writer,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.close(writer)
        found: Counter[Block] = Counter()
        start, last, counting = -1, -1, False
        with os.fdopen(reader) as trace:
            for line in trace:
                parts = line.split("/")
                at = int(parts[1], 16) if len(parts) > 3 else last
                if at in (begin, end):
                    counting = at == begin
                    found = Counter() if counting else found
                if at == last or not counting:
                    continue
                last = at
                start = at if start < 0 else start
                if at in branches:
                    found[start, at] += 1
                    start = -1
    return found


def measured(layer: Layer) -> tuple[str, int, float]:
    """Kernel, instructions and modelled cycles of a layer."""
    inputs = activations(layer, DENSITY).numpy()
    both = np.concatenate([inputs, -inputs])
    source = ModelSource(one_layer(layer), activations(layer, DENSITY), calibration=both)
    project = compile_model(source, Options(targets=(TARGET.name,), name=_NAME))
    (op,) = [each for each in project.report.ops if each.module == LAYER]
    with tempfile.TemporaryDirectory() as name:
        sources = Sources(project.write(Path(name) / _NAME), _NAME, len(project.report.ops))
        x = stored_inputs(inputs, project.spec.graph)
        elf = layer_program(
            project.spec.program, sources, TARGET, op.index, x.reshape(len(x), -1), folder=Path(name)
        )
        code, functions = instructions(elf)
        blocks = executed(elf, code, functions)
    addresses = sorted(code)
    number = {address: at for at, address in enumerate(addresses)}
    texts = {
        (first, last): tuple(code[at] for at in addresses[number[first] : number[last] + 1])
        for first, last in blocks
    }
    count = sum(times * len(texts[block]) for block, times in blocks.items())
    return op.kernel, count, sum(times * cycles(texts[block]) for block, times in blocks.items())


def main() -> None:
    """Print a line for each layer that the command line names."""
    print("Cycles are modelled, not measured.")
    for layer in shapes(tuple(sys.argv[1:])):
        kernel, count, taken = measured(layer)
        print(f"{layer.name}: {kernel}, {count:,} instructions, {taken:,.0f} cycles on {TARGET.title}")


if __name__ == "__main__":
    main()

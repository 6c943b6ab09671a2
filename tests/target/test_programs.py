"""Every target compiles and runs a program that speaks and gives an exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnncl.targets import TARGETS, Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import count_on_host, counter_files, resolution
from bnncl.toolchain.elf import section_sizes
from bnncl.toolchain.emulate import run_elf
from tests.tools import require_target, require_tool

HELLO = """
#include <stdio.h>
static volatile unsigned char big[5000];
int main(void)
{
    unsigned int seen = 0;
    for (unsigned int i = 0; i < sizeof big; i++) {
        big[i] = (unsigned char)i;
        seen += big[i];
    }
    printf("hello %u from %u bits\\n", seen, (unsigned int)(8 * sizeof(void *)));
    return 23;
}
"""

# The body runs `count` times round a loop of two instructions.
COUNTED = """
#include <stdint.h>
#include <stdio.h>
#include "bnncl_count.h"
static void body(void *context)
{
    uint32_t n = *(const uint32_t *)context;
    __asm__ volatile (LOOP : "+LOOP_REG" (n) : : "cc");
}
int main(void)
{
    uint32_t n = ROUNDS;
    printf("counted %lu\\n", (unsigned long)bnncl_count_instructions(body, &n));
    return 0;
}
"""

LOOPS = {
    "arm": ('".syntax unified\\n1: subs %0, %0, #1\\n bne 1b\\n"', "l"),
    "aarch64": ('"1: subs %w0, %w0, #1\\n b.ne 1b\\n"', "r"),
    "riscv": ('"1: addi %0, %0, -1\\n bnez %0, 1b\\n"', "r"),
    "host": ('"1: subl $1, %0\\n jnz 1b\\n"', "r"),
}


def test_program_runs_and_returns_its_exit_code(any_target: Target, tmp_path: Path):
    source = tmp_path / "hello.c"
    source.write_text(HELLO)
    elf = compile_elf(any_target, [source], [], {}, tmp_path / "out" / "hello.elf")
    result = run_elf(any_target, elf)
    assert result.stdout == f"hello {sum(i % 256 for i in range(5000))} from {any_target.word_bits} bits\n"
    assert result.exit_code == 23
    sizes = section_sizes(elf)
    assert 5000 <= sizes.ram < 8000
    assert 0 < sizes.flash < 30_000


def counted(target: Target, rounds: int, folder: Path) -> int:
    text, register = LOOPS[target.toolchain]
    source = folder / f"count{rounds}.c"
    source.write_text(COUNTED.replace("LOOP_REG", register).replace("LOOP", text))
    files = counter_files(target)
    elf = compile_elf(
        target,
        [source, *files.sources],
        files.include_dirs,
        {"ROUNDS": rounds, **files.defines},
        source.with_suffix(".elf"),
    )
    if target.emulator is None:
        return count_on_host(elf)
    result = run_elf(target, elf, icount=True)
    assert result.exit_code == 0
    found = re.fullmatch(r"counted (\d+)\n", result.stdout)
    assert found, result.stdout
    return int(found[1])


@pytest.mark.parametrize("rounds", [5_000, 1_000_000])
def test_counter_counts_a_loop_of_known_length(any_target: Target, tmp_path: Path, rounds: int):
    if any_target.emulator is None:
        require_tool("valgrind")
    first = counted(any_target, rounds, tmp_path)
    around_the_loop = 40
    assert 2 * rounds - resolution(any_target) <= first
    assert first <= 2 * rounds + resolution(any_target) + around_the_loop
    assert counted(any_target, rounds, tmp_path) == first


def test_systick_says_that_it_wrapped(tmp_path: Path):
    target = TARGETS["cortex-m7"]
    require_target(target)
    assert counted(target, 336_000_000, tmp_path) == 0xFFFF_FFFF

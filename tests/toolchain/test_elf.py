from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.targets import TARGETS, Target
from bnncl.targets.flags import LANGUAGE, core_flags
from bnncl.toolchain.compilers import compile_elf, find_compiler
from bnncl.toolchain.elf import defined_symbols, section_sizes, symbol_bytes, undefined_symbols
from tests.tools import require_target

SOURCE = """
#include <stdint.h>
#include <string.h>
extern const uint16_t numbers[3];
const uint16_t numbers[3] = {0x0102, 0x0304, 0xfffe};
static const uint8_t hidden[4] = {9, 8, 7, 6};
static uint8_t initialised[64] = {1, 2};
static uint8_t zeroed[256];
int main(void)
{
    const volatile uint8_t *reader = hidden;
    volatile uint8_t *first = initialised;
    volatile uint8_t *second = zeroed;
    first[0] = (uint8_t)(reader[1] + numbers[second[0]]);
    return memcmp(initialised, zeroed, sizeof initialised) == first[1];
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.c"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m7", "rv32imac", "host"])
def test_constants_are_read_local_ones_too(name: str, source: Path):
    target = TARGETS[name]
    require_target(target)
    elf = compile_elf(target, [source], [], {}, source.with_suffix(".elf"))
    assert symbol_bytes(elf, "hidden") == bytes([9, 8, 7, 6])
    assert symbol_bytes(elf, "numbers") == bytes([2, 1, 4, 3, 0xFE, 0xFF])
    assert symbol_bytes(elf, "initialised")[:3] == bytes([1, 2, 0])
    assert "main" in defined_symbols(elf)
    assert "hidden" not in defined_symbols(elf)


def object_file(target: Target, source: Path) -> Path:
    out = source.with_suffix(".o")
    subprocess.run(
        [find_compiler(target), *LANGUAGE, *core_flags(target), "-c", source, "-o", out], check=True
    )
    return out


@pytest.mark.parametrize("name", ["cortex-m4", "host"])
def test_object_file_names_what_it_needs(name: str, source: Path):
    target = TARGETS[name]
    require_target(target)
    compiled = object_file(target, source)
    assert "memcmp" in undefined_symbols(compiled)
    assert "main" not in undefined_symbols(compiled)
    assert symbol_bytes(compiled, "hidden") == bytes([9, 8, 7, 6])


@pytest.mark.parametrize("name", ["cortex-m0plus", "cortex-m33", "rv32imac", "host"])
def test_sizes_grow_by_what_is_added(name: str, source: Path):
    target = TARGETS[name]
    require_target(target)
    before = section_sizes(compile_elf(target, [source], [], {}, source.with_suffix(".elf")))
    more = SOURCE.replace("zeroed[256]", "zeroed[256 + 1024]").replace(
        "initialised[64]", "initialised[64 + 512]"
    )
    larger = source.with_name("b.c")
    larger.write_text(more)
    after = section_sizes(compile_elf(target, [larger], [], {}, larger.with_suffix(".elf")))
    assert after.ram - before.ram == 1024 + 512
    assert 512 <= after.flash - before.flash < 512 + 32


def test_stack_is_no_ram_of_the_program(source: Path):
    target = TARGETS["cortex-m7"]
    require_target(target)
    sizes = section_sizes(compile_elf(target, [source], [], {}, source.with_suffix(".elf")))
    assert 64 + 256 <= sizes.ram < 4096


@pytest.mark.parametrize("name", ["absent", "zeroed"])
def test_symbol_without_content_is_refused(name: str, source: Path):
    elf = compile_elf(TARGETS["host"], [source], [], {}, source.with_suffix(".elf"))
    with pytest.raises(UsageError) as error:
        symbol_bytes(elf, name)
    assert [problem.slug for problem in error.value.problems] == ["no-such-symbol"]
    assert error.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize("content", [b"", b"plain words", b"\x7fELF" + bytes(3)])
def test_other_files_are_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        section_sizes(path)
    assert [problem.slug for problem in error.value.problems] == ["not-an-elf"]
    assert error.value.exit_code == EXIT_USAGE

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bnncl.diagnostics import EXIT_USAGE, EXIT_VERIFICATION_FAILED, UsageError, VerificationFailed
from bnncl.targets import TARGETS
from bnncl.targets.flags import WARNINGS
from bnncl.toolchain.compilers import compile_elf, find_compiler
from bnncl.toolchain.emulate import find_emulator, run_elf

HOST = TARGETS["host"]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_defines_and_include_folders_reach_the_compiler(tmp_path: Path):
    (tmp_path / "inc").mkdir()
    write(tmp_path / "inc" / "given.h", "#define GIVEN 5\n")
    source = write(tmp_path / "a.c", '#include "given.h"\nint main(void)\n{\n    return GIVEN + MORE;\n}\n')
    elf = compile_elf(HOST, [source], [tmp_path / "inc"], {"MORE": 2}, tmp_path / "new" / "a")
    result = run_elf(HOST, elf)
    assert (result.stdout, result.exit_code) == ("", 7)


def test_warnings_are_errors_and_the_compilers_words_are_shown(tmp_path: Path):
    source = write(tmp_path / "a.c", "int helper(int x) { return x; }\nint main(void) { return 0; }\n")
    with pytest.raises(VerificationFailed) as error:
        compile_elf(HOST, [source], [], {}, tmp_path / "a")
    (problem,) = error.value.problems
    assert problem.slug == "compile-failed"
    assert "missing-prototypes" in problem.why
    assert error.value.exit_code == EXIT_VERIFICATION_FAILED
    assert not (tmp_path / "a").exists()


def test_extra_flags_come_last(tmp_path: Path):
    source = write(tmp_path / "a.c", "int helper(int x) { return x; }\nint main(void) { return 0; }\n")
    compile_elf(HOST, [source], [], {}, tmp_path / "a", extra=["-Wno-missing-prototypes"])
    assert (tmp_path / "a").exists()


def test_all_of_the_warnings_are_asked_for():
    assert " ".join(WARNINGS) == (
        "-pedantic -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes "
        "-Wundef -Wcast-align -Wvla"
    )


def test_missing_compiler_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as error:
        find_compiler(TARGETS["cortex-m4"])
    (problem,) = error.value.problems
    assert problem.slug == "missing-toolchain"
    assert "apt-get install gcc-arm-none-eabi picolibc-arm-none-eabi" in problem.hint
    assert error.value.exit_code == EXIT_USAGE


def test_missing_emulator_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as error:
        find_emulator(TARGETS["rv32imac"])
    (problem,) = error.value.problems
    assert problem.slug == "missing-emulator"
    assert "apt-get install qemu-system-misc" in problem.hint
    assert error.value.exit_code == EXIT_USAGE


def test_program_that_does_not_end_is_stopped(tmp_path: Path):
    text = (
        "#include <stdio.h>\n"
        'int main(void)\n{\n    puts("begun");\n    fflush(stdout);\n    for (;;) {\n    }\n}\n'
    )
    elf = compile_elf(HOST, [write(tmp_path / "a.c", text)], [], {}, tmp_path / "a")
    with pytest.raises(VerificationFailed) as error:
        run_elf(HOST, elf, timeout_s=1)
    (problem,) = error.value.problems
    assert problem.slug == "emulator-timeout"
    assert "begun" in problem.why
    assert error.value.exit_code == EXIT_VERIFICATION_FAILED


def test_signal_gives_a_negative_exit_code(tmp_path: Path):
    text = "#include <stdlib.h>\nint main(void)\n{\n    abort();\n}\n"
    elf = compile_elf(HOST, [write(tmp_path / "a.c", text)], [], {}, tmp_path / "a")
    assert run_elf(HOST, elf).exit_code == -6
    assert os.access(elf, os.X_OK)

from __future__ import annotations

from pathlib import Path

import pytest

from bnncl.diagnostics import EXIT_USAGE, EXIT_VERIFICATION_FAILED, UsageError, VerificationFailed
from bnncl.targets import TARGETS
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import count_on_host, resolution
from tests.tools import require_tool

HOST = TARGETS["host"]


def program(folder: Path, text: str) -> Path:
    source = folder / "a.c"
    source.write_text(text)
    return compile_elf(HOST, [source], [], {}, folder / "a")


def test_resolution_is_one_tick():
    assert [resolution(TARGETS[name]) for name in ("cortex-m7", "cortex-m33", "cortex-m55", "rv32imac")] == [
        *(40, 50, 32, 1),
    ]


def test_missing_valgrind_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as error:
        count_on_host(tmp_path / "a")
    assert [problem.slug for problem in error.value.problems] == ["missing-valgrind"]
    assert "apt-get install valgrind" in error.value.problems[0].hint
    assert error.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("int main(void)\n{\n    for (;;) {\n    }\n}\n", 2.0),
        ("int main(void)\n{\n    return 0;\n}\n", 60.0),
    ],
    ids=["never ends", "never counts"],
)
def test_program_without_a_count_is_refused(tmp_path: Path, text: str, seconds: float):
    require_tool("valgrind")
    with pytest.raises(VerificationFailed) as error:
        count_on_host(program(tmp_path, text), timeout_s=seconds)
    assert [problem.slug for problem in error.value.problems] == ["count-failed"]
    assert error.value.exit_code == EXIT_VERIFICATION_FAILED

"""The tests' launcher of compilers gives what the compiler gives, and nothing of what stood there before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import compile_once
from tests.tools import require_tool

MAIN = """#include "inc/deep.h"
#include <stdio.h>
int main(void)
{
    printf("%d", VALUE);
    return 0;
}
"""


class Compiler:
    """`cc` through a launcher of its own."""

    def __init__(self, folder: Path, name: str = "cc") -> None:
        self.kept, self.folder = folder / "launcher" / "objects", folder
        self.cc = Path(compile_once.install(str(folder / "launcher"))) / name

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.cc, *words], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    def said(self, *words: str) -> str:
        """What the program says that `words` make, run through the launcher."""
        done = self.run(*words, "a.c", "b.c", "-o", "made")
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        return subprocess.run([self.folder / "made"], capture_output=True, text=True, check=True).stdout

    def count(self) -> int:
        return len(list(self.kept.iterdir()))


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    launchers = os.environ.get(compile_once.VARIABLE, "")
    monkeypatch.setenv("PATH", os.environ["PATH"].removeprefix(f"{launchers}{os.pathsep}"))
    require_tool("cc")
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "deep.h").write_text('# include "deeper.h"\n')
    (tmp_path / "inc" / "deeper.h").write_text("#define VALUE 1\n")
    (tmp_path / "a.c").write_text(MAIN)
    (tmp_path / "b.c").write_text("int b;\n")
    return Compiler(tmp_path)


def test_the_same_again_is_not_compiled(compiler: Compiler) -> None:
    assert compiler.said() == "1"
    assert compiler.count() == 3, "two objects and a program"
    first = (compiler.folder / "made").read_bytes()
    assert compiler.said() == "1"
    assert compiler.count() == 3
    assert (compiler.folder / "made").read_bytes() == first
    assert subprocess.run([compiler.folder / "made"], check=False).returncode == 0


def test_any_change_is_compiled(compiler: Compiler) -> None:
    compiler.said()
    (compiler.folder / "inc" / "deeper.h").write_text("#define VALUE 2\n")
    assert compiler.said() == "2"
    (compiler.folder / "inc" / "deeper.h").write_text("#ifndef VALUE\n#define VALUE 3\n#endif\n")
    assert compiler.said() == "3"
    assert compiler.said("-DVALUE=4") == "4"
    (compiler.folder / "a.c").write_text(MAIN.replace("VALUE)", "VALUE + 1)"))
    assert compiler.said() == "4"
    assert compiler.said("-DVALUE=4") == "5"


def test_the_order_of_folders_counts(compiler: Compiler) -> None:
    (compiler.folder / "a.c").write_text(MAIN.replace('"inc/deep.h"', "<given.h>"))
    for at in "12":
        (compiler.folder / at).mkdir()
        (compiler.folder / at / "given.h").write_text(f"#define VALUE {at}\n")
    assert compiler.said("-I1", "-I2") == "1"
    assert compiler.said("-I", "2", "-I", "1") == "2"
    (compiler.folder / "2" / "given.h").write_text("#define VALUE 7\n")
    assert compiler.said("-I1", "-I2") == "1"
    assert compiler.said("-I2", "-I1") == "7"


def test_a_macro_that_nothing_reads_changes_nothing(compiler: Compiler) -> None:
    compiler.said()
    assert compiler.said("-DBNNCL_OTHER=1") == "1"
    assert compiler.count() == 4, "linked again"
    (compiler.folder / "inc" / "deeper.h").write_text("#define VALUE BNNCL_VALUE\n")
    assert [compiler.said(f"-DBNNCL_VALUE={value}") for value in (5, 6, 5)] == ["5", "6", "5"]


def test_a_warning_is_said_every_time(compiler: Compiler) -> None:
    (compiler.folder / "b.c").write_text("static int b;\n")
    for _ in range(2):
        done = compiler.run("-Wall", "a.c", "b.c", "-o", "made")
        assert "unused" in done.stderr
        assert done.returncode == 0
        done = compiler.run("-Wall", "-Werror", "-c", "b.c")
        assert "unused" in done.stderr
        assert done.returncode == 1


def test_what_is_kept_cannot_be_changed_through_its_copy(compiler: Compiler) -> None:
    compiler.said()
    (compiler.folder / "made").write_bytes(b"")
    assert compiler.said() == "1"


def test_objects_lie_where_the_compiler_puts_them(compiler: Compiler) -> None:
    assert compiler.run("-c", "a.c", "b.c").returncode == 0
    assert compiler.run("-c", "b.c", "-o", "inc/c.o").returncode == 0
    assert (compiler.folder / "inc" / "c.o").read_bytes() == (compiler.folder / "b.o").read_bytes()
    assert compiler.run("a.o", "b.o", "-o", "made").returncode == 0
    assert compiler.count() == 2


@pytest.mark.parametrize(
    "words",
    [("-E", "a.c"), ("-fstack-usage", "-c", "a.c"), ("-include", "inc/deep.h", "-c", "a.c"), ("--version",)],
)
def test_what_cannot_be_taken_apart_is_the_compilers(compiler: Compiler, words: tuple[str, ...]) -> None:
    assert compiler.run(*words).returncode == 0
    assert compiler.count() == 0


@pytest.mark.parametrize("text", ["#define H <stdio.h>\n#include H\n", '#if __has_include("x.h")\n#endif\n'])
def test_what_a_source_hides_is_not_kept(compiler: Compiler, text: str) -> None:
    (compiler.folder / "b.c").write_text(f"{text}int b;\n")
    assert compiler.run("-c", "b.c").returncode == 0
    assert compiler.count() == 0

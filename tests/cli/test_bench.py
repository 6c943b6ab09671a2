"""`bnncl bench` from the command line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from bnncl.bench import run
from bnncl.driver.project import Project
from bnncl.targets import TARGETS
from bnncl.toolchain.emulate import RunResult
from tests.tools import require_target, require_tool

from .conftest import Command, Ran
from .schemas import BENCH
from .test_refusals import refused

_CORES = ("cortex-m0plus", "rv32imac")
TWO = ("--shapes", "odd", "--targets", "cortex-m0plus,rv32imac", "--densities", "0.5")
ONE = ("--shapes", "odd", "--targets", "rv32imac", "--densities", "0.5", "--kernels", "xnor")


@pytest.fixture(autouse=True)
def tools() -> None:
    """The emulated cores of these tests."""
    for name in _CORES:
        require_target(TARGETS[name])


def _rows(done: Ran) -> list[dict[str, object]]:
    assert done.code == 0, done.err
    said = json.loads(done.out)
    jsonschema.validate(said, BENCH)
    return said["rows"]


def test_a_small_shape_on_two_cores(bnncl_: Command) -> None:
    done = bnncl_("bench", *TWO, "--report", "json")
    rows = _rows(done)
    assert [row["target"] for row in rows] == ["cortex-m0plus", "rv32imac"]
    inside = (7 * 3 - 2) ** 2 * 72 * 40
    for row in rows:
        assert (row["shape"], row["density"], row["macs"]) == ("odd", 0.5, inside)
        assert row["bound"] == round(0.5 * inside / 32 * 5.5)
        assert row["bound"] < row["instructions"] < inside
        assert 2000 < row["constant_bytes"] < row["flash_bytes"] < 20_000
        assert 7 * 7 * (3 + 2) * 4 < row["ram_bytes"] < 20_000
        assert row["error"] == pytest.approx(row["predicted"] / row["instructions"] - 1, abs=1e-4)
    assert (rows[0]["bound_cycles"], rows[1]["bound_cycles"]) == (round(0.5 * inside / 32 * 6.5), None)
    assert done.out == bnncl_("bench", *TWO, "--report", "json").out


def test_the_host_and_every_choice_of_kernels(bnncl_: Command) -> None:
    """What two choices have in common is there once; pixels have no density."""
    require_tool("valgrind")
    words = ("--targets", "host", "--densities", "0.1,0.9", "--kernels", "vertical,xnor", "--report", "json")
    rows = _rows(bnncl_("bench", "--shapes", "odd,first", *words))
    kernels = [(row["shape"], row["density"], row["kernel"]) for row in rows]
    assert [each[:2] for each in kernels] == [
        *(("odd", 0.1), ("odd", 0.9)),
        *(("odd", 0.1), ("odd", 0.9)),
        ("first", None),
    ]
    assert len({kernel for *_, kernel in kernels}) == 3
    assert all(row["error"] is not None for row in rows)
    vertical, xnor = ([row["predicted"] for row in rows[at : at + 2]] for at in (0, 2))
    assert vertical[0] < vertical[1]
    assert xnor[0] == xnor[1]
    assert rows[2]["instructions"] == rows[3]["instructions"]
    assert {row["bound"] for row in rows} == {None}


def test_a_table_says_the_same(bnncl_: Command) -> None:
    done = bnncl_("bench", *ONE)
    assert done.code == 0
    (row,) = [line for line in done.out.splitlines() if "rv32imac" in line]
    assert "bconv_xnor_sign" in row
    assert re.search(r"\d{3},\d{3}  +\d+,\d{3}  +\d+\.\d\d  +[+-]\d+ %", row)
    assert "1 rows, every output equal to the reference's" in done.out


_measured_once = cache(run.bench)


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same settings are measured once in all tests that only look at what is made of the figures."""
    monkeypatch.setattr(run, "bench", lambda settings, _: _measured_once(settings))


@pytest.fixture
def stored(bnncl_: Command, here: Path, once: None) -> Callable[..., Path]:
    """Makes a baseline whose only row is changed by what is given."""

    def make(**changed: Callable[[int], int]) -> Path:
        path = here / "baseline.json"
        assert bnncl_("bench", *ONE, "-o", path).code == 0
        held = json.loads(path.read_text())
        for name, change in changed.items():
            held["rows"][0][name] = change(held["rows"][0][name])
        path.write_text(json.dumps(held))
        return path

    return make


def test_the_same_as_the_baseline(bnncl_: Command, stored: Callable[..., Path]) -> None:
    done = bnncl_("bench", *ONE, "--baseline", stored())
    assert (done.code, done.err) == (0, "")
    assert "1 of them are in the baseline: 0 figures worse, 0 better" in done.out


def test_a_regression_is_named(bnncl_: Command, stored: Callable[..., Path]) -> None:
    path = stored(instructions=lambda was: was * 9 // 10, flash_bytes=lambda was: was + 100)
    done = bnncl_("bench", *ONE, "--baseline", path)
    assert done.code == 1
    assert done.err.count("[bench-regression]") == 1
    assert "baseline.json: 1 figures are worse than in the baseline [bench-regression]" in done.err
    assert re.search(r"odd on rv32imac at density 0.5: [\d,]+ -> [\d,]+ instructions \(\+11.1 %\)", done.err)
    assert "1 figures worse, 1 better" in done.out
    assert "better: odd on rv32imac: " in done.out
    assert bnncl_("bench", *ONE, "--baseline", path, "--tolerance", "0.12").code == 0


@pytest.mark.usefixtures("once")
def test_memory_is_told_of_once_for_all_densities_and_targets(bnncl_: Command, here: Path) -> None:
    words = ("bench", *TWO[:4], "--densities", "0.2,0.7", "--kernels", "xnor")
    path = here / "baseline.json"
    assert bnncl_(*words, "-o", path).code == 0
    held = json.loads(path.read_text())
    for row in held["rows"]:
        row["ram_bytes"] -= 50
        row["instructions"] -= row["instructions"] // 5
    path.write_text(json.dumps(held))
    done = bnncl_(*words, "--baseline", path)
    assert done.code == 1
    worse = [line for line in done.out.splitlines() if line.startswith("worse: ")]
    assert [line.split(":")[1] for line in worse] == [
        *(f" odd on {core} at density {density}" for core in _CORES for density in (0.2, 0.7)),
        f" odd on {', '.join(_CORES)}",
    ]


def test_a_regression_in_json(bnncl_: Command, stored: Callable[..., Path]) -> None:
    path = stored(ram_bytes=lambda was: was - 100)
    done = bnncl_("bench", *ONE, "--baseline", path, "--report", "json")
    assert done.code == 1
    held = json.loads(done.out)["baseline"]
    assert (held["compared"], held["added"], held["improvements"]) == (1, 0, [])
    assert "bytes of RAM" in held["regressions"][0]


@pytest.mark.usefixtures("once")
def test_what_another_compiler_made_is_not_compared(bnncl_: Command, here: Path) -> None:
    path = here / "baseline.json"
    assert bnncl_("bench", *TWO, "-o", path).code == 0
    held = json.loads(path.read_text())
    held["compilers"]["rv32imac"] = "riscv64-unknown-elf-gcc 1.0"
    held["rows"][1]["instructions"] //= 2
    path.write_text(json.dumps(held))
    done = bnncl_("bench", *TWO, "--baseline", path)
    assert done.code == 0
    assert "1 of them are in the baseline: 0 figures worse, 0 better" in done.out
    note = "in the baseline by riscv64-unknown-elf-gcc 1.0."
    assert note in done.out
    words = (*TWO[:2], "--targets", "rv32imac", *TWO[4:])
    assert note in refused(bnncl_("bench", *words, "--baseline", path), 2, "baseline-disjoint")


def test_baselines_that_are_none(bnncl_: Command, here: Path, stored: Callable[..., Path]) -> None:
    path = stored()
    refused(bnncl_("bench", *TWO, "--baseline", path), 2, "baseline-disjoint")
    path.write_text("{}")
    refused(bnncl_("bench", *ONE, "--baseline", path), 2, "bad-baseline")
    refused(bnncl_("bench", *ONE, "--baseline", here / "nowhere.json"), 2, "bad-baseline")


def test_a_broken_kernel_is_caught(bnncl_: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Project.write

    def broken(self: Project, folder: Path) -> Path:
        path = write(self, folder)
        source = path / "src" / "bnncl" / "bnncl_bconv_xnor_sign.c"
        text = source.read_text().rstrip()
        assert text.endswith("}")
        source.write_text(f"{text[:-1]}    output[3] ^= 4u;\n}}\n")
        return path

    monkeypatch.setattr(Project, "write", broken)
    done = bnncl_("bench", *ONE)
    assert done.code == 1
    assert "[bench-wrong-result]" in done.err
    assert "odd on rv32imac, kernels xnor: bnncl_bconv_xnor_sign computed something else" in done.err
    assert "0 rows, 1 failed: bench-wrong-result" in done.out


LEARN = ("--shapes", "learn-head", "--targets", "rv32imac", "--kernels", "vertical,xnor", "--report", "json")


def test_a_minibatch_of_learning(bnncl_: Command) -> None:
    (row,) = _rows(bnncl_("bench", *LEARN))
    assert (row["kernel"], row["kernels"], row["density"]) == ("learn_step", "vertical", None)
    assert 16 * 1024 * 10 < row["instructions"] < 100 * 16 * 1024 * 10
    assert (row["bound"], row["predicted"], row["macs"]) == (None, None, 0)
    assert 2_000 < row["flash_bytes"] < 30_000
    assert row["ram_bytes"] > 32 * 1024 / 8 + 2 * 2 * 1024 * 10


def test_learning_that_goes_wrong_is_caught(bnncl_: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Project.write

    def broken(self: Project, folder: Path) -> Path:
        path = write(self, folder)
        source = path / "src" / "bnncl" / "bnncl_learn_divide.c"
        text = source.read_text()
        assert "return quotient;" in text
        source.write_text(text.replace("return quotient;", "return quotient + 1u;"))
        return path

    monkeypatch.setattr(Project, "write", broken)
    done = bnncl_("bench", *LEARN)
    assert done.code == 1
    assert "learn-head on rv32imac, kernels vertical: learn_step computed something else" in done.err


def test_what_does_not_compile_stops_nothing_else(bnncl_: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Project.write

    def broken(self: Project, folder: Path) -> Path:
        path = write(self, folder)
        source = path / "src" / "bnncl" / "bnncl_bconv_xnor_sign.c"
        if source.exists():
            source.write_text("#error broken\n")
        return path

    monkeypatch.setattr(Project, "write", broken)
    done = bnncl_("bench", *TWO[:2], "--targets", "rv32imac", "--kernels", "xnor,vertical")
    assert done.code == 1
    assert "error: odd on rv32imac, kernels xnor: " in done.err
    assert "[compile-failed]" in done.err
    assert "3 rows, 1 failed: compile-failed" in done.out


@pytest.mark.parametrize(
    ("said", "why"), [("layer 4294967295 0\ndone\n", "more instructions than"), ("lockup\n", "lockup")]
)
def test_programs_that_tell_no_count(
    bnncl_: Command, monkeypatch: pytest.MonkeyPatch, said: str, why: str
) -> None:
    monkeypatch.setattr("bnncl.bench.measure.run_elf", lambda *_, **__: RunResult(said, 0))
    done = bnncl_("bench", *ONE)
    assert done.code == 1
    assert "[run-failed]" in done.err
    assert why in done.err


def test_a_page_with_a_chart(bnncl_: Command, here: Path, stored: Callable[..., Path]) -> None:
    """It parses, loads nothing, shows every row, and is the same again."""
    path = stored(instructions=lambda was: was * 9 // 10)
    words = ("bench", *ONE, "--baseline", path)
    done = bnncl_(*words, "-o", "new/page.html", "-o", "new/rows.json")
    assert done.code == 1
    assert "written to new/page.html" in done.out
    assert "worse: odd on rv32imac" in done.out
    text = (here / "new" / "page.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.rows == 2
    assert text.count("<svg") == 1
    assert 'class="worse">worse: odd on rv32imac' in text
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", text.replace("xlink:", ""))
    jsonschema.validate({**json.loads((here / "new" / "rows.json").read_text())}, {"required": ["baseline"]})
    assert bnncl_(*words, "--report", "html").out == text


class _Page(HTMLParser):
    """The tags that were left open, and the rows of the table of results."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "path", "use"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("path", "use"):
            return
        assert self.open.pop() == tag
        self.rows += tag == "tr" and "table" in self.open and ("thead" in self.open or "tbody" in self.open)


@pytest.mark.usefixtures("once")
def test_without_matplotlib_there_is_no_chart(bnncl_: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "bnncl.bench.chart", raising=False)
    done = bnncl_("bench", *ONE, "--report", "html")
    assert done.code == 0
    assert "pip install matplotlib" in done.err
    assert "bconv_xnor_sign" in done.out
    assert "<svg" not in done.out


def test_names_that_are_none_all_at_once(bnncl_: Command) -> None:
    words = ("--shapes", "A,b", "--targets", "cortex-m4,m4", "--kernels", "auto,fast")
    said = refused(bnncl_("bench", *words), 2, "unknown-shape", "unknown-target", "bad-kernels")
    assert "The shapes are A, B, FC" in said


@pytest.mark.parametrize("words", [("--densities", "0.5,2"), ("--densities", "half"), ("--tolerance", "1,2")])
def test_shares_that_are_none(bnncl_: Command, words: tuple[str, str]) -> None:
    assert words[0] in refused(bnncl_("bench", *words), 2)

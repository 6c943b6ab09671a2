"""Where the memory of a project that learns is placed, and what of it takes flash."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bnncl.targets.flags import WARNINGS
from tests.emit.build import README_LINE, run
from tests.state.devices import compiled
from tests.tools import require_tool

_PLACES = {"NET_CONTEXT_SECTION": ".data.context", "NET_SCRATCH_SECTION": ".bss.scratch"}
_CORE = ("--specs=picolibc.specs", "-mthumb", "-mcpu=cortex-m7")
_COMPILERS = {"gcc": (), "clang": (), "arm-none-eabi-gcc": _CORE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled().write(tmp_path_factory.mktemp("sections") / "net")


def _headers(made: Path) -> dict[str, tuple[int, str]]:
    """Size and kind of every section of an object file."""
    listed = subprocess.run(["readelf", "-SW", made], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"\] (\.\S+) +(\w+) +\w+ \w+ (\w+) ", listed)
    return {name: (int(size, 16), kind) for name, kind, size in rows}


@pytest.mark.parametrize("state", [".bss.dtcm", ".noinit"])
@pytest.mark.parametrize("compiler", _COMPILERS)
def test_memory_of_learning_takes_no_flash(folder: Path, tmp_path: Path, compiler: str, state: str) -> None:
    require_tool(compiler, "readelf")
    places = _PLACES | {"NET_STATE_SECTION": state}
    defines = [f'-D{macro}=__attribute__((section("{name}")))' for macro, name in places.items()]
    made = tmp_path / "main.o"
    flags = ["-std=c99", "-O1", *WARNINGS, *_COMPILERS[compiler], *defines, f"-I{folder / 'include'}"]
    built = run([compiler, *flags, "-c", str(folder / "src" / "main.c"), "-o", str(made)], tmp_path)
    assert built.code == 0, built.text
    headers = _headers(made)
    header = (folder / "include" / "net.h").read_text()
    sizes = {name: int(size) for name, size in re.findall(r"#define NET_(\w+)_BYTES +(\d+)", header)}
    if not (compiler == "clang" and state == ".noinit"):
        assert headers[state] == (sizes["STATE"], "NOBITS")
    assert headers[".bss.scratch"] == (sizes["WORKSPACE"], "NOBITS")
    assert headers[".data.context"] == (sizes["CONTEXT"], "PROGBITS")


def test_a_learner_says_what_learning_takes(folder: Path) -> None:
    said = run(README_LINE, folder).text
    header = (folder / "include" / "net.h").read_text()
    state = re.search(r"#define NET_STATE_BYTES +(\d+)", header)
    assert state
    assert f"learning  {state[1]:>8} bytes, room for 12 classes\n" in said
    assert "-> 10 classes\n" in said
    assert "self-test: passed\n" in said


def test_the_info_of_a_learner(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sizes.c").write_text(
        '#include "net.h"\n'
        "int main(void)\n"
        "{\n"
        "    return net_info.classes == NET_CLASSES && net_info.max_classes == NET_MAX_CLASSES &&\n"
        "                   net_info.classes < net_info.max_classes &&\n"
        "                   net_info.state_bytes == sizeof(net_memory) &&\n"
        "                   net_info.workspace_bytes == sizeof(net_workspace)\n"
        "               ? 0\n"
        "               : 1;\n"
        "}\n"
    )
    line = "cc -std=c99 -Iinclude -Isrc {} $(ls src/*.c | grep -v src/main.c) src/bnncl/*.c -o {} && {}"
    ran = run(line.format(tmp_path / "sizes.c", tmp_path / "sizes", tmp_path / "sizes"), folder)
    assert ran.code == 0, ran.text


def test_no_line_of_a_learner_is_longer_than_the_style_allows(folder: Path) -> None:
    for path in sorted([*folder.glob("src/*.[ch]"), *folder.glob("include/net.h")]):
        if not path.name.endswith("_weights.c"):
            assert all(len(line) <= 120 for line in path.read_text().splitlines()), path


def test_the_code_of_the_readme_learns(folder: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```c\n(.*?)```", (folder / "README.md").read_text(), re.S)
    assert len(blocks) == 2
    text = (
        "static const net_input inputs[NET_EXPERIENCE_LEN + 1][NET_INPUT_LEN];\n"
        "static uint16_t labels[NET_EXPERIENCE_LEN + 1];\n"
        "int main(void)\n"
        "{\n"
        "    if (net_init(&context, 1u) != BNNCL_OK || classify(inputs[0]) >= NET_CLASSES)\n"
        "        return 1;\n"
        "    for (size_t i = 0; i < NET_EXPERIENCE_LEN; i++)\n"
        "        labels[i] = NET_MAX_CLASSES - 1;\n"
        "    if (learn(inputs, labels, 0) != BNNCL_EMPTY)\n"
        "        return 2;\n"
        "    if (learn(inputs, labels, NET_EXPERIENCE_LEN + 1) != BNNCL_FULL)\n"
        "        return 3;\n"
        "    if (learn(inputs, labels, NET_EXPERIENCE_LEN) != BNNCL_OK)\n"
        "        return 4;\n"
        "    return classify(inputs[0]) == NET_MAX_CLASSES - 1 ? 0 : 5;\n"
        "}\n"
    )
    (tmp_path / "firmware.c").write_text("".join(blocks) + text)
    line = (
        "cc -std=c99 -Wall -Wextra -Werror -Iinclude -Isrc {0}.c $(ls src/*.c | grep -v src/main.c)"
        " src/bnncl/*.c -o {0} && {0}"
    )
    ran = run(line.format(tmp_path / "firmware"), folder, 60)
    assert ran.code == 0, ran.text

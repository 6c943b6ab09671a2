"""The text of a small project, as a person reads it; BNNCL_UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bnncl.emit import render
from tests.emit.models import spec
from tests.tools import ROOT

GOLDEN = ROOT / "tests" / "golden" / "gapped"
FILES = (
    "include/gapped.h",
    "src/gapped_infer.c",
    "src/gapped_params.h",
    "src/main.c",
    "platformio.ini",
    "CMakeLists.txt",
    "README.md",
    "report/report.txt",
)


@pytest.mark.parametrize("name", FILES)
def test_text_is_as_it_was(name: str):
    text = render(spec("gapped", "cortex-m7", boards=("nucleo_h743zi",)))[name].decode()
    path = GOLDEN / (Path(name).name + ".txt")
    if os.environ.get("BNNCL_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_no_line_of_the_code_is_longer_than_the_style_allows():
    for kind in ("cnn", "quantised"):
        for path, content in render(spec(kind, kernels="vertical")).items():
            written = path.endswith((".c", ".h", ".md", ".ini", ".txt")) and "bnncl/" not in path
            if not written or path.endswith(("_weights.c", "vectors.c")) or path.startswith("report/"):
                continue
            for number, line in enumerate(content.decode().splitlines(), 1):
                assert len(line) <= 120, f"{path}:{number}"


def test_nothing_of_the_machine_is_in_any_file(tmp_path: Path):
    files = render(spec("cnn", "cortex-m7"))
    for content in files.values():
        assert str(ROOT).encode() not in content
        assert str(Path.home()).encode() + b"/" not in content
        assert os.uname().nodename.encode() not in content

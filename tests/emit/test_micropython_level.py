"""A model's own C is compiled for speed in a firmware that is compiled for size, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bnncl.emit import render, write
from tests.emit.build import run
from tests.emit.models import spec
from tests.tools import require_tool

MAKEFILE = """
BUILD := out
CFLAGS = -Os
USERMOD_DIR = modules/cnn
include modules/cnn/micropython.mk
all: out/cnn/src/cnn_infer.o out/cnn/src/bnncl/bnncl_pack.o out/cnn/micropython/mod_cnn.o out/py/gc.o
out/%.o:
\t@echo level $* $(filter -O%,$(CFLAGS))
"""

CMAKE = """
cmake_minimum_required(VERSION 3.13)
project(firmware C)
add_library(usermod INTERFACE)
include(cnn/micropython.cmake)
get_target_property(sources usermod_cnn INTERFACE_SOURCES)
foreach(source ${sources})
    get_source_file_property(level ${source} COMPILE_OPTIONS)
    message("level ${source} ${level}")
endforeach()
"""


@pytest.mark.parametrize(
    ("words", "wanted"), [("", "-Os -O3"), ("BNNCL_COPT=-O2", "-Os -O2"), ("BNNCL_COPT=", "-Os")]
)
def test_make(words: str, wanted: str, tmp_path: Path) -> None:
    require_tool("make")
    write(render(replace(spec("cnn"), emit=("micropython",))), tmp_path / "modules" / "cnn")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    done = run(f"make {words}", tmp_path)
    assert done.code == 0, done.text
    found = dict(line.split(" ", 2)[1:] for line in done.text.splitlines() if line.startswith("level "))
    assert found == {
        "cnn/src/cnn_infer": wanted,
        "cnn/src/bnncl/bnncl_pack": wanted,
        "cnn/micropython/mod_cnn": "-Os",
        "py/gc": "-Os",
    }


@pytest.mark.parametrize(("words", "wanted"), [("", "-O3"), ("-DBNNCL_COPT=-O2", "-O2")])
def test_cmake(words: str, wanted: str, tmp_path: Path) -> None:
    require_tool("cmake")
    write(render(replace(spec("cnn"), emit=("micropython",))), tmp_path / "cnn")
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    done = run(f"cmake -B build {words}", tmp_path)
    assert done.code == 0, done.text
    found = [line.split(" ")[1:] for line in done.text.splitlines() if line.startswith("level ")]
    assert len(found) > 3
    for path, level in found:
        assert level == ("NOTFOUND" if path.endswith("mod_cnn.c") else wanted), path

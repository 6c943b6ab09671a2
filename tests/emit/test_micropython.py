"""`--emit micropython` adds a module and its build files, and changes nothing else but the README."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bnncl.diagnostics import UsageError
from bnncl.driver.options import Options
from bnncl.emit import render, write
from tests.emit.build import run
from tests.emit.models import spec
from tests.tools import require_tool

FORMS = ("micropython",)


def test_its_files_come_on_top() -> None:
    plain, module = render(spec("cnn")), render(replace(spec("cnn"), emit=FORMS))
    added = {"micropython.mk", "micropython.cmake", "micropython/mod_cnn.c", "micropython/Makefile"}
    assert {path for path in set(module) - set(plain) if not path.startswith("desk/")} == added
    changed = {path for path in plain if plain[path] != module[path]}
    assert changed == {"README.md", "manifest.json"}


@pytest.mark.parametrize(
    ("targets", "arch"),
    [(("cortex-m4", "rv32imac"), "armv7emsp"), (("aarch64", "rv32imac"), "rv32imc"), (("aarch64",), "")],
)
def test_a_native_module_is_built_for_the_first_target_that_loads_one(
    targets: tuple[str, ...], arch: str
) -> None:
    text = render(replace(spec("cnn", *targets), emit=FORMS))["micropython/Makefile"].decode()
    assert [line for line in text.splitlines() if line.startswith("ARCH")] == (
        [f"ARCH ?= {arch}"] if arch else []
    )


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        (Options(emit=("micropyton",)), "unknown-form"),
        (Options(emit=FORMS, name="array"), "bad-module-name"),
        (Options(emit=FORMS, name="lambda"), "bad-module-name"),
        (Options(emit=FORMS, name="mp"), "bad-module-name"),
    ],
)
def test_a_wrong_form_or_a_name_that_is_taken(options: Options, slug: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.resolve()
    assert [problem.slug for problem in caught.value.problems] == [slug]
    assert caught.value.exit_code == 2
    replace(options, emit=()).resolve()


CMAKE = """
cmake_minimum_required(VERSION 3.13)
project(firmware C)
add_library(usermod INTERFACE)
include(cnn/micropython.cmake)
include(quantised/micropython.cmake)
get_target_property(modules usermod INTERFACE_LINK_LIBRARIES)
foreach(module ${modules})
    get_target_property(sources ${module} INTERFACE_SOURCES)
    foreach(source ${sources})
        message("source ${source}")
    endforeach()
endforeach()
"""


def test_cmake_takes_each_kernel_once(tmp_path: Path) -> None:
    require_tool("cmake")
    kernels = set()
    for name in ("cnn", "quantised"):
        write(render(replace(spec(name), emit=FORMS)), tmp_path / name)
        kernels |= {path.name for path in (tmp_path / name / "src" / "bnncl").glob("*.c")}
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    done = run("cmake -B build", tmp_path)
    assert done.code == 0, done.text
    found = [Path(line.split()[1]) for line in done.text.splitlines() if line.startswith("source ")]
    assert all(path.is_file() for path in found)
    assert sorted(path.name for path in found if path.parent.name == "bnncl") == sorted(kernels)
    own = {path.name for path in found if path.parent.name != "bnncl"}
    assert {"mod_cnn.c", "cnn_infer.c", "mod_quantised.c", "quantised_weights.c"} <= own
    assert "main.c" not in own


def test_models_of_different_versions_are_refused(tmp_path: Path) -> None:
    require_tool("cmake")
    write(render(replace(spec("cnn"), emit=FORMS)), tmp_path / "cnn")
    write(render(replace(spec("quantised"), emit=FORMS, version="0.0.9")), tmp_path / "quantised")
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    done = run("cmake -B build", tmp_path)
    assert done.code != 0
    assert "another model by 0.1.0" in done.text.replace("\n  ", " ")

"""Projects as packages: valid ini files and manifests, and the folder as a part of other build systems."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from packaging.licenses import _spdx
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema
from platformio.package.pack import PackagePacker
from platformio.project.config import ProjectConfig

from bnncl.targets import BOARDS, TARGETS
from tests.emit.build import project, run
from tests.emit.models import spec
from tests.tools import require_tool

CALLS = """
#include "cnn.h"
CNN_DEFINE_CONTEXT(context);
int main(void)
{
    return cnn_init(&context, 1u) != BNNCL_OK || cnn_selftest(&context) != BNNCL_OK;
}
"""


def lint(folder: Path) -> Any:
    return ProjectConfig.lint(str(folder / "platformio.ini"))


@pytest.mark.parametrize("name", TARGETS)
def test_ini_of_every_target_is_valid(tmp_path: Path, name: str):
    assert lint(project(spec("mlp", name), tmp_path / "out")) == {"errors": [], "warnings": []}


def test_ini_of_all_boards_is_valid_and_a_broken_one_is_not(tmp_path: Path):
    targets = dict.fromkeys(board.target for board in BOARDS.values())
    folder = project(spec("mlp", *targets, boards=tuple(BOARDS)), tmp_path / "out")
    assert lint(folder) == {"errors": [], "warnings": []}
    ini = (folder / "platformio.ini").read_text()
    other = tmp_path / "other"
    other.mkdir()
    (other / "platformio.ini").write_text(ini.replace("test_ignore", "test_ignored"))
    assert len(lint(other)["warnings"]) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_ini_of_every_board_is_valid(tmp_path: Path, name: str):
    folder = project(spec("mlp", BOARDS[name].target, boards=(name,)), tmp_path / "out")
    assert lint(folder) == {"errors": [], "warnings": []}


@pytest.fixture
def offline_licenses(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPDX's list as an installed package knows it; PlatformIO would download it."""
    known = {"licenses": [{"licenseId": each["id"]} for each in _spdx.LICENSES.values()]}
    monkeypatch.setattr(ManifestSchema, "load_spdx_licenses", staticmethod(lambda: known))


@pytest.mark.usefixtures("offline_licenses")
def test_library_manifest_is_valid_and_packs(tmp_path: Path):
    folder = project(spec("cnn", "cortex-m7", boards=("nucleo_h743zi",)), tmp_path / "out")
    held = ManifestParserFactory.new_from_file(str(folder / "library.json")).as_dict()
    loaded = ManifestSchema().load_manifest(held)
    assert (loaded["name"], loaded["license"], loaded["headers"]) == ("cnn", "0BSD", ["cnn.h"])
    packed = PackagePacker(str(folder)).pack(str(tmp_path / "cnn.tar.gz"))
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert {"library.json", "include/cnn.h", "src/cnn_infer.c", "src/bnncl/trace.h"} <= set(names)
    assert not [name for name in names if name.startswith(("board/", "platforms/", "report/", "test/"))]


@pytest.mark.usefixtures("offline_licenses")
def test_arduino_manifest_is_valid(tmp_path: Path):
    folder = project(spec("cnn"), tmp_path / "out")
    held = ManifestParserFactory.new_from_file(str(folder / "library.properties")).as_dict()
    loaded = ManifestSchema().load_manifest(held)
    assert (loaded["name"], loaded["headers"]) == ("cnn", ["cnn.h"])
    assert loaded["frameworks"] == ["arduino"]


def arduino_recipe(folder: Path) -> str:
    """The lines of the README that copy the project to the Arduino IDE's libraries."""
    text = (folder / "README.md").read_text()
    begun = text.index("LIBRARY=")
    return text[begun : text.index("```", begun)]


def test_folder_for_the_arduino_ide_compiles_without_its_own_main(tmp_path: Path):
    require_tool("g++")
    folder = project(spec("cnn"), tmp_path / "out")
    copied = run(f"export HOME={tmp_path}\n{arduino_recipe(folder)}", folder)
    assert copied.code == 0, copied.text
    library = tmp_path / "Arduino" / "libraries" / "cnn"
    sources = " ".join(str(path) for path in sorted(library.rglob("*.c")))
    (tmp_path / "sketch.cpp").write_text(CALLS)
    words = f"gcc -std=gnu11 -Os -I{library}/src -c {sources} && g++ -I{library}/src sketch.cpp *.o -o sketch"
    done = run(f"{words} && ./sketch", tmp_path)
    assert done.code == 0, done.text


COMPONENT = """
cmake_minimum_required(VERSION 3.13)
project(app C)
set(ESP_PLATFORM 1)
function(idf_component_register)
    cmake_parse_arguments(PARSE_ARGV 0 given "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS")
    add_library(component STATIC ${given_SRCS})
    target_include_directories(component PUBLIC ${given_INCLUDE_DIRS} PRIVATE ${given_PRIV_INCLUDE_DIRS})
endfunction()
add_subdirectory(components/cnn)
add_executable(app app.c)
target_link_libraries(app component)
"""

EARLY = """
set(ESP_PLATFORM 1)
macro(idf_component_register)
    set(registered 1)
    return()
endmacro()
function(requirements)
    include(components/cnn/CMakeLists.txt)
    message(STATUS "registered ${registered}")
endfunction()
requirements()
"""


def test_folder_is_an_esp_idf_component(tmp_path: Path):
    require_tool("cmake")
    project(spec("cnn"), tmp_path / "components" / "cnn")
    (tmp_path / "CMakeLists.txt").write_text(COMPONENT)
    (tmp_path / "app.c").write_text(CALLS)
    (tmp_path / "early.cmake").write_text(EARLY)
    scanned = run("cmake -P early.cmake", tmp_path)
    assert scanned.text == "-- registered 1\n"
    done = run("cmake -B build && cmake --build build && ./build/app", tmp_path)
    assert done.code == 0, done.text


ZEPHYR = """
cmake_minimum_required(VERSION 3.13)
project(app C)
add_library(zephyr_interface INTERFACE)
macro(zephyr_library_named name)
    set(ZEPHYR_CURRENT_LIBRARY ${name})
    add_library(${name} STATIC "")
    target_link_libraries(${name} PUBLIC zephyr_interface)
    set_property(GLOBAL APPEND PROPERTY ZEPHYR_LIBS ${name})
endmacro()
function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()
function(zephyr_library_include_directories)
    target_include_directories(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()
function(zephyr_include_directories)
    target_include_directories(zephyr_interface INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/${ARGV})
endfunction()
USE
add_executable(app app.c)
get_property(libraries GLOBAL PROPERTY ZEPHYR_LIBS)
target_link_libraries(app ${libraries} zephyr_interface)
"""

AS_MODULE = "add_subdirectory(cnn)"
AS_SUBDIRECTORY = """
add_library(zephyr_prebuilt INTERFACE)
target_compile_definitions(zephyr_interface INTERFACE FROM_ZEPHYR)
add_subdirectory(cnn)
link_libraries(cnn)
"""


@pytest.mark.parametrize("use", [AS_MODULE, AS_SUBDIRECTORY], ids=["module", "subdirectory"])
def test_folder_is_a_zephyr_module_and_a_subdirectory_of_an_application(tmp_path: Path, use: str):
    require_tool("cmake")
    folder = project(spec("cnn"), tmp_path / "cnn")
    assert (folder / "zephyr" / "module.yml").read_text() == "name: cnn\nbuild:\n  cmake: .\n"
    (tmp_path / "CMakeLists.txt").write_text(ZEPHYR.replace("USE", use))
    (tmp_path / "app.c").write_text(CALLS)
    done = run("cmake -B build && cmake --build build --verbose && ./build/app", tmp_path)
    assert done.code == 0, done.text
    assert "CMake Warning" not in done.text
    assert ("-DFROM_ZEPHYR" in done.text) == (use is AS_SUBDIRECTORY)

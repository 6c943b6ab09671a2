"""PlatformIO and CMake build, run and test generated projects."""

from __future__ import annotations

import configparser
import json
import shutil
from pathlib import Path

import pytest

from bnncl.emit import render
from bnncl.targets import target
from bnncl.toolchain.platformio import run_pio
from tests.emit.build import project, run
from tests.emit.models import spec
from tests.tools import require_target, require_tool


def test_cmake_builds_and_tests(tmp_path: Path):
    require_tool("cmake")
    folder = project(spec("cnn"), tmp_path / "out")
    done = run("cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure", folder)
    assert done.code == 0, done.text
    assert "100% tests passed, 0 tests failed out of 2" in done.text


USER = """
cmake_minimum_required(VERSION 3.13)
project(user C)
add_subdirectory(nets/cnn)
add_subdirectory(nets/mlp)
add_executable(user user.c)
target_link_libraries(user PRIVATE cnn mlp)
"""

USER_C = """
#include <cnn.h>
#include <mlp.h>
CNN_DEFINE_CONTEXT(one);
MLP_DEFINE_CONTEXT(two);
int main(void)
{
    return cnn_init(&one, 1u) || cnn_selftest(&one) || mlp_init(&two, 1u) || mlp_selftest(&two);
}
"""


def test_two_models_are_subdirectories_of_a_cmake_project(tmp_path: Path):
    require_tool("cmake")
    for kind in ("cnn", "mlp"):
        project(spec(kind), tmp_path / "nets" / kind)
    (tmp_path / "CMakeLists.txt").write_text(USER)
    (tmp_path / "user.c").write_text(USER_C)
    done = run("cmake -B build && cmake --build build --target user && ./build/user", tmp_path)
    assert done.code == 0, done.text


def test_platformio_runs_and_tests_native(tmp_path: Path, pio_core: Path):
    folder = project(spec("cnn"), tmp_path / "out")
    ran = run_pio("run", folder, arguments=["-t", "exec"], core=pio_core)
    assert ran.exit_code == 0, ran.stdout
    assert "self-test: passed" in ran.stdout
    tested = run_pio("test", folder, ["native"], core=pio_core)
    assert tested.exit_code == 0, tested.stdout
    assert "9 test cases: 9 succeeded" in tested.stdout


def test_platformio_names_the_op_that_is_broken(tmp_path: Path, pio_core: Path):
    folder = project(spec("mlp"), tmp_path / "out")
    weights = folder / "src" / "mlp_weights.c"
    weights.write_text(
        weights.read_text().replace(
            "mlp_fc2_first[2] BNNCL_WEIGHTS_SECTION = {\n    0x",
            "mlp_fc2_first[2] BNNCL_WEIGHTS_SECTION = {\n    ~0x",
        )
    )
    tested = run_pio("test", folder, ["native"], core=pio_core)
    assert tested.exit_code != 0
    assert "op_1_BinaryConv_fc2" in tested.stdout
    assert "op 1 (BinaryConv, fc2), sample 0, row 0, column 0, channel 0: expected" in tested.stdout


@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m0plus", "rv32imac"])
def test_platformio_tests_on_an_emulated_core(tmp_path: Path, pio_core: Path, core: str):
    chosen = target(core)
    require_target(chosen)
    folder = project(spec("cnn", core, kernels="vertical"), tmp_path / "out")
    tested = run_pio("test", folder, [chosen.pio_env], core=pio_core)
    assert tested.exit_code == 0, tested.stdout
    assert "9 test cases: 9 succeeded" in tested.stdout


def test_project_is_a_platformio_library(tmp_path: Path, pio_core: Path):
    user = tmp_path / "user"
    (user / "src").mkdir(parents=True)
    (user / "platformio.ini").write_text("[env:native]\nplatform = native\nbuild_flags = -std=c99\n")
    (user / "src" / "main.c").write_text(USER_C)
    for kind in ("cnn", "mlp"):
        shutil.copytree(project(spec(kind), tmp_path / kind), user / "lib" / kind)
    ran = run_pio("run", user, ["native"], arguments=["-t", "exec"], core=pio_core)
    assert ran.exit_code == 0, ran.stdout


def test_environments_are_native_emulators_and_boards():
    files = render(spec("mlp", "cortex-m7", "rv32imac", boards=("nucleo_h743zi", "hifive1-revb")))
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(files["platformio.ini"].decode())
    names = [section.removeprefix("env:") for section in ini.sections() if section.startswith("env:")]
    assert names == ["native", "qemu_cortex_m7", "qemu_rv32imac", "nucleo_h743zi", "hifive1-revb"]
    assert ini["platformio"]["default_envs"] == "native"
    assert dict(ini["env:nucleo_h743zi"]) == {
        "platform": "ststm32",
        "platform_packages": "platformio/toolchain-gccarmnoneeabi@~1.120301.0",
        "board": "nucleo_h743zi",
        "framework": "cmsis",
        "build_src_filter": "+<*> -<main.c> +<../board/>",
        "test_ignore": "*",
    }
    assert b"DEFINE_CONTEXT" in files["board/main.c"]
    boards = sorted(path for path in files if path.startswith("platforms/bnncl_qemu/boards/"))
    assert [Path(path).stem for path in boards] == ["qemu_cortex_m7", "qemu_rv32imac"]
    assert json.loads(files[boards[0]])["upload"]["maximum_ram_size"] == 1 << 20


def test_host_alone_ships_no_platform():
    assert not [path for path in render(spec("mlp")) if path.startswith(("board/", "platforms/"))]

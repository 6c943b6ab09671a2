"""PlatformIO builds, runs and tests projects with its registry out of reach."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jinja2
import pytest

from bnncl.diagnostics import EXIT_USAGE, EXIT_VERIFICATION_FAILED, UsageError, VerificationFailed
from bnncl.resources import templates_dir
from bnncl.targets import TARGETS, TOOLCHAINS, Target
from bnncl.targets.flags import core_flags, emulator_arguments, link_flags
from bnncl.toolchain import platformio
from bnncl.toolchain.platformio import environment, missing_packages, run_pio
from tests.tools import ROOT, require_target

MAIN = """
#include <stdio.h>
int main(void)
{
    printf("answer %d\\n", ANSWER);
    return 0;
}
"""

TEST = """
#include <stdio.h>
int main(void)
{
    puts("test/test_golden/test_main.c:4:first:PASS");
    puts("test/test_golden/test_main.c:5:second:" RESULT);
    puts("-----------------------");
    puts("2 Tests " FAILURES " Failures 0 Ignored");
    return 0;
}
"""


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PlatformIO core folder with the stand-ins and nothing else."""
    folder = tmp_path_factory.mktemp("core")
    subprocess.run([sys.executable, ROOT / "scripts" / "platformio_core.py", folder], check=True, timeout=60)
    return folder


def project(folder: Path, ini: str, result: str = "PASS", failures: int = 0) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "test" / "test_golden").mkdir(parents=True)
    (folder / "platformio.ini").write_text(ini)
    (folder / "src" / "main.c").write_text(MAIN)
    test = TEST.replace("RESULT", f'"{result}"').replace("FAILURES", f'"{failures}"')
    (folder / "test" / "test_golden" / "test_main.c").write_text(test)
    runner = templates_dir() / "test" / "test_custom_runner.py"
    shutil.copy(runner, folder / "test")
    return folder


NATIVE = """
[env:native]
platform = native
build_flags = -std=c99 -DANSWER=42
test_framework = custom
"""


def board_json(target: Target) -> str:
    """The board file of `target`, from the template that generated projects use."""
    assert target.emulator is not None
    cc = TOOLCHAINS[target.toolchain].cc
    prefix = cc.removesuffix("gcc")
    fields = {
        "title": f"{target.title} in QEMU",
        "mcu": target.name,
        "cc": cc,
        "ar": f"{prefix}ar",
        "ranlib": f"{prefix}ranlib",
        "core_flags": core_flags(target),
        "link_flags": link_flags(target),
        "emulator": (target.emulator.qemu, *emulator_arguments(target, icount=True)),
        "time_limit_s": 60,
        "flash_bytes": target.emulator.flash_bytes,
        "ram_bytes": target.emulator.ram_bytes,
    }
    template = templates_dir() / "platforms" / "bnncl_qemu" / "boards" / "board.json.j2"
    view = {name: json.dumps(value) for name, value in fields.items()}
    return jinja2.Template(template.read_text()).render(board=view)


def add_emulated(folder: Path, target: Target) -> None:
    source = templates_dir() / "platforms" / "bnncl_qemu"
    platform = folder / "platforms" / "bnncl_qemu"
    shutil.copytree(source, platform, ignore=shutil.ignore_patterns("*.j2"), dirs_exist_ok=True)
    (platform / "boards").mkdir(exist_ok=True)
    (platform / "boards" / f"{target.pio_env}.json").write_text(board_json(target))
    with (folder / "platformio.ini").open("a") as ini:
        ini.write(f"""
[env:{target.pio_env}]
platform = bnncl_qemu-${{PROJECT_HASH}}=symlink://${{PROJECT_DIR}}/platforms/bnncl_qemu
board = {target.pio_env}
build_flags = -std=c99 -DANSWER=43
test_framework = custom
""")


def test_native_project_runs_and_passes_its_test(tmp_path: Path, core: Path):
    folder = project(tmp_path / "tiny", NATIVE)
    ran = run_pio("run", folder, ["native"], arguments=["-t", "exec"], core=core)
    assert ran.exit_code == 0, ran.stdout
    assert "answer 42\n" in ran.stdout
    tested = run_pio("test", folder, ["native"], core=core)
    assert tested.exit_code == 0, tested.stdout
    assert "2 test cases: 2 succeeded" in tested.stdout


def test_failing_test_gives_a_failing_exit_code(tmp_path: Path, core: Path):
    folder = project(tmp_path / "tiny", NATIVE, "FAIL: Expected 1 Was 2", 1)
    tested = run_pio("test", folder, ["native"], core=core)
    assert tested.exit_code != 0
    assert "1 failed, 1 succeeded" in tested.stdout


@pytest.mark.parametrize("name", ["cortex-m7", "cortex-m33", "rv32imac", "aarch64"])
def test_platform_shipped_in_the_project_runs_in_the_emulator(tmp_path: Path, core: Path, name: str):
    target = TARGETS[name]
    require_target(target)
    folder = project(tmp_path / "tiny", NATIVE)
    add_emulated(folder, target)
    ran = run_pio("run", folder, [target.pio_env], arguments=["-t", "exec"], core=core)
    assert ran.exit_code == 0, ran.stdout
    assert "answer 43\n" in ran.stdout
    tested = run_pio("test", folder, [target.pio_env], core=core)
    assert tested.exit_code == 0, tested.stdout
    assert "2 test cases: 2 succeeded" in tested.stdout


def test_two_projects_with_platforms_of_the_same_name_do_not_meet(tmp_path: Path, core: Path):
    target = TARGETS["cortex-m4"]
    require_target(target)
    folders = [project(tmp_path / name, NATIVE) for name in ("one", "two")]
    for folder in folders:
        add_emulated(folder, target)
    answers = []
    board = folders[1] / "platforms" / "bnncl_qemu" / "boards" / f"{target.pio_env}.json"
    board.write_text(board.read_text().replace('"-mthumb"', '"-mthumb", "-DOFFSET=1"'))
    for folder in folders:
        source = folder / "src" / "main.c"
        source.write_text(
            "#ifndef OFFSET\n#define OFFSET 0\n#endif\n" + MAIN.replace("ANSWER", "ANSWER + OFFSET")
        )
    for folder in (*folders, *folders):
        ran = run_pio("run", folder, [target.pio_env], arguments=["-t", "exec"], core=core)
        assert ran.exit_code == 0, ran.stdout
        answers.append(ran.stdout.partition("answer ")[2][:2])
    assert answers == ["43", "44", "43", "44"]


def test_missing_package_is_said_at_once(tmp_path: Path, core: Path):
    folder = project(tmp_path / "tiny", "[env:board]\nplatform = ststm32@^17\nboard = nucleo_h743zi\n")
    begun = time.monotonic()
    with pytest.raises(UsageError) as error:
        run_pio("run", folder, ["board"], core=core)
    assert time.monotonic() - begun < 3
    assert [problem.slug for problem in error.value.problems] == ["missing-pio-package"]
    assert "ststm32@^17" in error.value.problems[0].message
    assert error.value.exit_code == EXIT_USAGE


def test_missing_packages_follow_the_projects_own_rules(tmp_path: Path, core: Path):
    folder = project(
        tmp_path / "tiny",
        "[platformio]\ndefault_envs = a, b\n[env]\nplatform = atmelavr\n[base]\nplatform = native\n"
        "[env:a]\n[env:b]\nextends = base\n[env:c]\nplatform = symlink://platforms/x\n"
        "[env:d]\nplatform = platformio/native@^1.2.1 ; a comment\n",
    )
    assert missing_packages(folder, core=core) == ("platform atmelavr of environment a",)
    assert missing_packages(folder, ["b", "d"], core) == ()
    assert missing_packages(folder, ["c"], core) == ("platform symlink://platforms/x of environment c",)
    assert missing_packages(folder, ["b"], tmp_path / "empty")[0] == "tool-scons"


def test_missing_packages_of_a_platform_are_found(tmp_path: Path, core: Path):
    folder = project(
        tmp_path / "tiny",
        "[env]\nplatform = native\n[env:a]\nplatform_packages =\n    me/tool-one@~1.2.0\n    tool-scons\n"
        "[env:b]\nplatform_packages = tool-one @ symlink:///tool, tool-two@1 ; a comment\n[env:c]\n",
    )
    assert missing_packages(folder, ["a"], core) == ("package me/tool-one@~1.2.0 of environment a",)
    assert missing_packages(folder, ["b", "c"], core) == ("package tool-two@1 of environment b",)
    second = tmp_path / "core" / "packages" / "tool-two@2.0.0"
    second.mkdir(parents=True)
    (second / ".piopm").write_text("{}")
    assert "package tool-two@1 of environment b" not in missing_packages(folder, ["b"], tmp_path / "core")


def test_folder_without_ini_is_refused(tmp_path: Path, core: Path):
    with pytest.raises(UsageError) as error:
        run_pio("run", tmp_path, core=core)
    assert [problem.slug for problem in error.value.problems] == ["not-a-pio-project"]
    assert error.value.exit_code == EXIT_USAGE


def test_missing_pio_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError) as error:
        platformio.find_pio()
    assert [problem.slug for problem in error.value.problems] == ["missing-platformio"]
    assert error.value.exit_code == EXIT_USAGE


def test_program_that_never_ends_is_stopped(tmp_path: Path, core: Path):
    folder = project(tmp_path / "tiny", NATIVE)
    (folder / "src" / "main.c").write_text('int main(void) { for (;;) { __asm__ volatile(""); } }\n')
    begun = time.monotonic()
    with pytest.raises(VerificationFailed) as error:
        run_pio("run", folder, ["native"], arguments=["-t", "exec"], core=core, timeout_s=6)
    assert time.monotonic() - begun < 10
    assert [problem.slug for problem in error.value.problems] == ["pio-timeout"]
    assert error.value.exit_code == EXIT_VERIFICATION_FAILED


def test_environment_names_the_core_folder_and_stays_quiet(core: Path):
    variables = environment(core)
    assert variables["PLATFORMIO_CORE_DIR"] == str(core)
    assert variables["PLATFORMIO_DISABLE_UPGRADE_CHECK"] == "true"
    assert variables["PLATFORMIO_SETTING_ENABLE_TELEMETRY"] == "no"

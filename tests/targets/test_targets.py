from __future__ import annotations

import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.targets import BOARDS, TARGETS, TOOLCHAINS, board, target


def test_targets_are_found_by_name():
    assert [target(name).name for name in TARGETS] == list(TARGETS)
    assert list(TARGETS) == [
        *("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"),
        *("rv32imac", "aarch64", "host"),
    ]


def test_every_target_has_a_toolchain_and_its_own_environment():
    assert {each.toolchain for each in TARGETS.values()} == set(TOOLCHAINS)
    environments = [each.pio_env for each in TARGETS.values()]
    assert len(set(environments)) == len(environments)
    assert all(
        each.pio_env == f"qemu_{each.name.replace('-', '_')}" for each in TARGETS.values() if each.emulator
    )


def test_unknown_target_is_refused_with_a_guess():
    with pytest.raises(UsageError) as error:
        target("cortex-m77")
    (problem,) = error.value.problems
    assert problem.slug == "unknown-target"
    assert error.value.exit_code == EXIT_USAGE
    assert problem.hint.startswith("Did you mean cortex-m7")
    assert all(name in problem.hint for name in TARGETS)


def test_every_board_has_a_target():
    assert [board(name).target for name in BOARDS] == [
        *("cortex-m7", "cortex-m4", "cortex-m3", "cortex-m0plus", "cortex-m33", "rv32imac"),
    ]
    assert all(0 < each.ram_bytes < each.flash_bytes for each in BOARDS.values())


def test_unknown_board_is_refused_with_a_guess():
    with pytest.raises(UsageError) as error:
        board("nucleo_f446")
    (problem,) = error.value.problems
    assert problem.slug == "unknown-board"
    assert error.value.exit_code == EXIT_USAGE
    assert "nucleo_f446re" in problem.hint.split("?")[0]

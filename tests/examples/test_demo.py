"""The demo's parts: kept steps, missing tools, figures, the table, the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples import plot_demo
from examples.digits import demo
from examples.digits.figures import Runs, as_text, assemble, differences
from examples.stages import Json, Stage, digest, run_stage

INSTALL = "sudo apt-get install --no-install-recommends gcc-arm-none-eabi"


def verified(environment: str, accuracy: float = 0.75) -> Json:
    return {
        "environment": environment,
        "accuracy": accuracy,
        "elements_compared": 12,
        "instructions": [1_000_001, 1_000_003],
        "flash_bytes": 31_000,
        "ram_bytes": 4_000,
    }


def learned() -> Json:
    return {
        "environment": "qemu_cortex_m7",
        "base_classes": 2,
        "test_images": [1, 3, 4],
        "accuracy": {"factory": [1, 1, 0], "2": [1, 0, 0.75], "reloaded": [1, 0, 0.75]},
        "replay_slots": 300,
        "replay_bytes": 10_200,
        "replay_bytes_float32": 307_800,
        "instructions_per_step": 66_000,
    }


def runs() -> Runs:
    return Runs(
        trained={"accuracy": 1.0, "predictions": [0, 1, 2, 3]},
        model={"weight_bytes": 16_446, "totals": {"binary_macs": 5, "integer_macs": 6}},
        reference={"accuracy": 0.75, "predictions": [0, 1, 2, 9]},
        host=verified("native"),
        cores={"cortex-m7": verified("qemu_cortex_m7")},
        not_run={"targets": [], "install": ""},
        learned=learned(),
    )


class Counted:
    """Work that counts how often it was done."""

    def __init__(self, out: Path) -> None:
        self.times = 0
        self.out = out

    def __call__(self) -> Json:
        self.times += 1
        self.out.write_text("made")
        return {"times": self.times}


def test_a_step_is_repeated_only_when_something_changed(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.write_text("a")
    work = Counted(out)
    stage = Stage("step", "a step", (source, "text"), (out,), work)
    steps = tmp_path / "steps"
    assert [run_stage(stage, steps)["times"] for _ in range(3)] == [1, 1, 1]
    source.write_text("b")
    assert run_stage(stage, steps) == {"times": 2}
    assert run_stage(replace(stage, depends=(source, "other text")), steps) == {"times": 3}
    out.write_text("edited")
    assert run_stage(replace(stage, depends=(source, "other text")), steps) == {"times": 4}
    out.unlink()
    assert run_stage(replace(stage, depends=(source, "other text")), steps) == {"times": 5}
    (steps / "step.json").write_text("{ damaged")
    assert run_stage(replace(stage, depends=(source, "other text")), steps) == {"times": 6}


def test_a_step_that_fails_is_not_kept(tmp_path: Path) -> None:
    def fail() -> Json:
        raise demo.DemoError("it went wrong")

    with pytest.raises(demo.DemoError):
        run_stage(Stage("step", "a step", (), (), fail), tmp_path)
    assert run_stage(Stage("step", "a step", (), (), lambda: {"well": True}), tmp_path) == {"well": True}


def test_a_digest_is_of_names_and_bytes_but_not_of_what_tools_leave(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text("1")
    before = digest([tmp_path / "a"])
    for name in (".pio", "__pycache__"):
        (tmp_path / "a" / name).mkdir()
        (tmp_path / "a" / name / "left").write_text("x")
    assert digest([tmp_path / "a"]) == before
    (tmp_path / "a" / "one.txt").rename(tmp_path / "a" / "two.txt")
    assert digest([tmp_path / "a"]) != before
    assert digest(["ab", "c"]) != digest(["a", "bc"])


def test_missing_tools_are_those_of_the_demos_cores(tmp_path: Path) -> None:
    record = tmp_path / "setup.json"
    assert demo.missing_tools(record) == demo.Missing((), "")
    entries: list[dict[str, Any]] = [
        {"component": "count", "targets": [], "install": "install valgrind"},
        {"component": "riscv", "targets": ["rv32imac"], "install": "install riscv"},
    ]
    record.write_text(json.dumps({"missing": entries}))
    assert demo.missing_tools(record) == demo.Missing((), "")
    entries.append({"component": "arm", "targets": ["cortex-m4", "cortex-m7"], "install": INSTALL})
    record.write_text(json.dumps({"missing": entries}))
    assert demo.missing_tools(record) == demo.Missing(("cortex-m4", "cortex-m7"), INSTALL)


def test_figures_come_from_what_ran() -> None:
    result = assemble(runs())
    assert result["accuracy"] == {
        "pytorch": 1.0,
        "reference": 0.75,
        "native": 0.75,
        "qemu_cortex_m7": 0.75,
    }
    assert result["agreement_with_pytorch"] == 0.75
    assert result["cores"]["cortex-m7"]["instructions"] == 1_000_002
    assert result["values_compared"] == {"native": 12, "qemu_cortex_m7": 12}
    assert json.loads(json.dumps(result)) == result


def test_differences_are_named() -> None:
    same = replace(runs(), trained={"accuracy": 0.75, "predictions": [0, 1, 2, 9]})
    assert differences(assemble(same)) == []
    broken = replace(same, host=verified("native", accuracy=0.5))
    (line,) = differences(assemble(broken))
    assert "C on the host" in line
    (line,) = differences(assemble(runs()))
    assert "75.00%" in line


def test_the_table_shows_every_figure() -> None:
    text = as_text(assemble(runs()))
    for part in ("PyTorch", "100.00%", "75.00%", "integer reference", "31,000", "4,000", "1,000,002"):
        assert part in text
    assert "C on an emulated Arm Cortex-M7" in text
    assert max(map(len, text.splitlines())) <= 140


def test_the_last_line_says_what_was_not_run_and_what_to_install() -> None:
    partial = replace(runs(), cores={}, not_run={"targets": ["cortex-m7", "cortex-m4"], "install": INSTALL})
    text = as_text(assemble(partial))
    last = text.splitlines()[-1]
    assert last.endswith(INSTALL)
    assert "Cortex-M7" in last
    assert "Cortex-M4" in last
    assert "instructions per inference" not in text


def test_the_last_line_says_what_learning_brought_and_took() -> None:
    last = as_text(assemble(runs())).splitlines()[-1]
    assert last == (
        "classes 2-2: 0.0% -> 75.0% · old classes: 100.0% -> 25.0% · replay 10,200 bytes (float32: 307,800)"
        " · 66,000 instructions a step"
    )


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_picture_is_the_same_for_the_same_figures(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "result.json"
    source.write_text(json.dumps(assemble(runs())))
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in files:
        plot_demo.main([str(source), "-o", str(path)])
    first, second = (path.read_bytes() for path in files)
    assert first == second
    assert len(first) > 1000


def test_the_picture_is_drawn_of_the_host_too(tmp_path: Path) -> None:
    on_host = learned() | {"environment": "native", "instructions_per_step": 0}
    plot_demo.draw(assemble(replace(runs(), cores={}, learned=on_host)), tmp_path / "demo.svg")
    assert (tmp_path / "demo.svg").stat().st_size > 1000


def test_a_command_that_fails_stops_the_demo_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(demo.DemoError, match="said 7 before"):
        demo._run(("sh", "-c", "echo said 7 before; exit 7"), tmp_path)
    with pytest.raises(demo.DemoError, match="cannot be started"):
        demo._run(("no-such-program-here",), tmp_path)
    assert demo._run(("sh", "-c", "echo fine"), tmp_path) == "fine\n"

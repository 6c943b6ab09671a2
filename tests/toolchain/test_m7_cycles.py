"""What scripts/m7_cycles.py makes of a listing before llvm-mca sees it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "m7_cycles.py"
_SPEC = importlib.util.spec_from_file_location("m7_cycles", SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
m7_cycles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(m7_cycles)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("eor.w r2, r2, r5", ["eor.w r2, r2, r5"]),
        ("bne.w 1f4", ["nop"]),
        ("bics r6, r7", ["bics r6, r7"]),
        ("it cs", ["nop"]),
        ("tbb [pc, r7]", ["nop"]),
        ("ldmia r0!, {r4, r5, r6}", ["ldrd r4, r5, [r0, #0]", "ldr r6, [r0, #8]"]),
        ("stmia.w r0!, {r2, r3}", ["strd r2, r3, [r0, #0]"]),
        ("pop {r4, pc}", ["ldr r4, [sp, #0]"]),
        ("str.w r11, [r12], #4", ["str r11, [r12]"]),
        ("ldrb.w r1, [r2, #-1]!", ["ldrb r1, [r2]"]),
        ("ldr.w r1, [r2, #16]", ["ldr.w r1, [r2, #16]"]),
    ],
)
def test_an_instruction_as_the_model_takes_it(text: str, lines: list[str]) -> None:
    assert m7_cycles.modelled(text) == lines


def test_without_the_tool_it_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install llvm"):
        m7_cycles.cycles(("nop",))

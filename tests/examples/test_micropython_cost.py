"""What calls cost under MicroPython: the boards get their files, and a module is as fast as plain C."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from bnncl.targets import TARGETS
from examples.data import load_digits_split
from examples.digits.train import DigitsNet, save
from examples.micropython_cost.__main__ import main
from examples.micropython_cost.measure import CALLS
from examples.micropython_cost.romfs import image
from tests.micropython.unix import checkout
from tests.tools import require_target, require_tool


def test_an_image_is_what_the_format_says() -> None:
    head = b"\xd2\xcd\x31"
    a = b"\x05\x06\x01a\x02\x02hi"
    c = b"\x05\x81\x4c\x01c\x02\x81\x47" + bytes(199)
    b = b"\x04\x81\x51\x01b" + c
    assert image({"b/c": bytes(199), "a": b"hi"}) == head + b"\x80\x81\x5c" + a + b
    assert image({"a": b"hi"}) == head + b"\x08" + a
    assert image({}) == head + b"\x00"


def test_a_module_is_as_fast_as_plain_c(tmp_path: Path) -> None:
    checkout()
    require_tool("make")
    require_target(TARGETS["cortex-m7"])
    torch.manual_seed(0)
    save(DigitsNet(6).eval(), load_digits_split().below(6), tmp_path)
    main([str(tmp_path), "--core", "cortex-m7", "-o", str(tmp_path / "cost.json")])
    said = json.loads((tmp_path / "cost.json").read_text())["cortex-m7"]
    for kind in ("module", "native"):
        assert all(abs(said[kind]["more_percent"][what]) < 3 for what in ("predict", "sample", "step"))
        small = said[f"{kind}_for_size"]
        assert all(small["instructions"][what] > 1.1 * said["plain"][what] for what in CALLS)
        assert 0 <= said[kind]["heap_of_model"] - said[kind]["ram_bytes"] < 256
    assert said["native_for_size"]["mpy_bytes"] < said["native"]["mpy_bytes"]
    assert abs(said["native"]["heap_of_module"] - said["native"]["mpy_bytes"]) < 1000

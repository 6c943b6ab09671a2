"""Verification sees every kind of damage, and says where: op, channel and position."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from bnncl.cli.main import main


@pytest.fixture
def broken(compiled, tmp_path):
    """`broken(path, change)`: verifies a copy of the CNN's project in which `change` edited one file."""

    def of(path: str, change, name: str = "cnn") -> tuple[int, Path]:
        folder = tmp_path / name
        shutil.copytree(compiled(name)[1], folder)
        text = (folder / path).read_text()
        changed = change(text)
        assert changed != text
        (folder / path).write_text(changed)
        return main(["verify", str(folder), "--no-count"]), folder

    return of


def in_array(symbol: str, change, index: int = 0):
    """A change of element `index` of the constant array `symbol`."""

    def edit(text: str) -> str:
        start = text.index("{", text.index(symbol))
        tokens = list(re.finditer(r"-?(?:INT64_C\()?-?(?:0x[0-9a-fA-F]+|\d+)u?\)?", text[start:]))
        token = tokens[index]
        number = int(re.search(r"-?(?:0x[0-9a-fA-F]+|\d+)", token[0])[0], 0)
        return text[: start + token.start()] + str(change(number)) + text[start + token.end() :]

    return edit


def findings(capsys) -> str:
    return capsys.readouterr().out


def test_a_flipped_filter_bit(broken, capsys):
    code, _ = broken("src/cnn_weights.c", in_array("cnn_layer_7_sign_rows", lambda word: f"{word ^ 8}u", 5))
    said = findings(capsys)
    assert code == 1
    assert re.search(
        r"op 3 \(layer_7_sign.*constant rows at out_channel 3, filter_h 0, filter_w 0, in_channel 5", said
    )


def test_a_threshold_off_by_one(broken, capsys):
    code, _ = broken("src/cnn_weights.c", in_array("cnn_layer_0_sign_bias", lambda step: step + 1, 17))
    said = findings(capsys)
    assert code == 1
    assert re.search(r"op 0 \(layer_0_sign.*constant bias at .*channel 17: expected", said)


def test_a_padding_tap(broken, capsys):
    def shift_window(text: str) -> str:
        start = text.index("layer_3_sign_window")
        return text[:start] + text[start:].replace(".pad_top = 1", ".pad_top = 0", 1)

    code, _ = broken("src/cnn_params.h", shift_window)
    said = findings(capsys)
    assert code == 1
    assert re.search(
        r"op 1 \(layer_3_sign, module 3\): sample 0, channel \d+, position y=\d+ x=\d+: expected", said
    )


def test_a_requantise_shift(broken, capsys):
    code, _ = broken("src/cnn_weights.c", in_array("cnn_scores_shift", lambda shift: shift - 1, 4))
    said = findings(capsys)
    assert code == 1
    assert "constant shift at channel 4" in said or re.search(r"constant shift at \w+ 4", said)
    assert re.search(r"op 5 \(scores, module 12\): sample 0, channel 4, position y=0 x=0", said)


def test_a_golden_value(broken, capsys):
    code, _ = broken("test/test_golden/golden_vectors.c", in_array("op_1[", lambda value: value ^ 1, 3))
    said = findings(capsys)
    assert code == 1
    assert re.search(
        r"golden test: .*op 1 .*row \d+, column \d+, channel \d+: expected -?\d+ was -?\d+", said
    )


def test_the_compiler_has_no_say_in_what_is_expected(broken, capsys):
    """A kernel that is wrong for all inputs alike is found too: the reference never runs C."""
    code, _ = broken("src/bnncl/bnncl_maxpool_bits.c", lambda text: re.sub(r"&= ", "|= ", text, count=1))
    said = findings(capsys)
    assert code == 1
    assert "layer_3_pool" in said or "layer_7_pool" in said


def test_the_edited_file_is_named(broken, capsys):
    _, _ = broken("src/cnn_weights.c", in_array("cnn_layer_0_sign_bias", lambda step: step + 1, 1))
    assert "edited since it was generated: src/cnn_weights.c" in findings(capsys)

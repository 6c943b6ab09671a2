"""Tokens of C."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bnncl.emit.ctext import comment, decimal, identifier, initializer, integer, is_identifier, string, unique

EDGES = (0, -1, 2**31 - 1, -(2**31) + 1, -(2**31), 2**31, 2**32 - 1, 2**32, 2**63 - 1, -(2**63), 2**64 - 1)


def test_integers_and_strings_mean_what_they_say_to_a_compiler(tmp_path: Path):
    texts = ('tab\t"quoted" \\ ??= ü', "plain", "\x01" + "9")
    lines = [f'printf("%lld\\n", (long long)({integer(number)}));' for number in EDGES]
    lines += [f"puts({string(text)});" for text in texts]
    code = (
        "#include <stdint.h>\n#include <stdio.h>\nint main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n"
    )
    (tmp_path / "a.c").write_text(code)
    words = ["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-trigraphs", "a.c", "-o", "a"]
    subprocess.run(words, cwd=tmp_path, check=True, timeout=60)
    said = subprocess.run([tmp_path / "a"], capture_output=True, check=True, timeout=60).stdout.decode()
    numbers = [((number + 2**63) % 2**64) - 2**63 for number in EDGES]
    assert said == "".join(f"{number}\n" for number in numbers) + "".join(f"{text}\n" for text in texts)


@pytest.mark.parametrize("ctype", ["int8", "int16", "int32", "int64", "uint8", "uint32"])
def test_extremes_of_each_type_are_clean_initialisers(tmp_path: Path, ctype: str):
    limits = np.iinfo(ctype)
    (line,) = initializer(np.array([limits.min, limits.max, 0], ctype))
    (tmp_path / "a.c").write_text(
        f"#include <stdint.h>\nextern const {ctype}_t a[3];\nconst {ctype}_t a[3] = {{{line}}};\n"
    )
    words = ["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-c", "a.c"]
    subprocess.run(words, cwd=tmp_path, check=True, timeout=60)


def test_initialisers_have_16_numbers_a_line():
    assert [len(line.split(", ")) for line in initializer(np.arange(35, dtype=np.uint32))] == [16, 16, 3]
    assert initializer(np.array([17, 2**31], np.uint32)) == ("0x00000011, 0x80000000",)


def test_identifiers():
    assert identifier("features.0.conv-1") == "features_0_conv_1"
    assert identifier("0.weight") == "_0_weight"
    assert identifier("int") == "int_"
    assert identifier("größe") == "gr_e"
    assert identifier("") == "value"
    assert unique(["a", "b", "a", "a_2", "a"]) == ("a", "b", "a_2", "a_2_2", "a_3")


def test_names_of_models():
    assert is_identifier("digits_cnn2")
    assert not any(map(is_identifier, ("", "Digits", "2net", "main", "for", "bnncl", "a-b", "_a")))


def test_comments_cannot_be_ended_from_within():
    assert comment("a */ b /* c\nd") == "a * / b / * c?d"


def test_decimals_read_back():
    for number in (0.0, 1.0, -0.1, 1 / 255, 1e-9, 123456789.5, 1e30):
        assert float(decimal(number)) == number
    assert decimal(0.0) == "0"
    assert decimal(2.0) == "2"

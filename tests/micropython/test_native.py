"""Native modules for every architecture: they link, and say what they are built for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.micropython.native import COMPILERS, build_native
from tests.state.devices import compiled

ARCHITECTURES = {"x64": 2, "armv6m": 4, "armv7m": 5, "armv7emsp": 7, "armv7emdp": 8, "rv32imc": 11}
"""Numbers of the architectures in the third byte of a .mpy, six bits of it."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("native") / "net"
    compiled(emit=("micropython",)).write(folder)
    return folder


@pytest.mark.parametrize("level", ["-O3", "-Os"])
@pytest.mark.parametrize("arch", COMPILERS)
def test_a_module_links(project: Path, arch: str, level: str, tmp_path: Path) -> None:
    made = build_native(project, arch, tmp_path, f"BNNCL_COPT={level}").read_bytes()
    assert made[:2] == b"M\x06"
    assert made[2] >> 2 & 0xF == ARCHITECTURES[arch]

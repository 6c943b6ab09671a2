"""The reader on the desk: picks what the C picks, and says what is wrong with anything else."""

from __future__ import annotations

import ctypes
import random
from dataclasses import replace

import numpy as np
import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.state import (
    Blob,
    Segment,
    arrays,
    changes,
    describe,
    diff,
    layout_from_json,
    layout_to_json,
    read_blob,
    state_bytes,
    write_slot,
)
from tests.state.native import OURS, RamFlash, Status, store_id

FINGERPRINT = bytes(OURS.fingerprint)
LAYOUT = (
    Segment("stored", "uint32", ()),
    Segment("cw", "int16", (3, 5)),
    Segment("labels", "uint16", (4,)),
    Segment("latents", "uint8", (4, 0)),
)


def made(sequence: int, weights: np.ndarray | int = 0) -> Blob:
    payload = np.array([2], "<u4").tobytes() + np.full((3, 5), weights, "<i2").tobytes() + bytes(8)
    return Blob(sequence, FINGERPRINT, 1, payload, 0, 256)


def region(a: Blob | None, b: Blob | None) -> bytes:
    return b"".join(write_slot(each) if each else b"\xff" * 256 for each in (a, b))


def refused(data: bytes, slug: str, fingerprint: bytes | None = None, layout: int | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        read_blob(data, where="dump.bin", fingerprint=fingerprint, layout=layout)
    assert [problem.slug for problem in caught.value.problems] == [slug]
    assert caught.value.problems[0].where == "dump.bin"
    assert caught.value.exit_code == EXIT_USAGE
    return str(caught.value)


def test_what_the_c_wrote_is_read_and_written_alike(library: ctypes.CDLL) -> None:
    flash = RamFlash(library, 512, 256, 4)
    for save in range(3):
        assert flash.save(made(save, save).payload) == Status.OK
        blob = read_blob(flash.dump)
        assert blob == replace(made(save + 1, save), slot=save % 2)
        assert write_slot(blob) == flash.dump[256 * blob.slot : 256 * blob.slot + 256]
    assert flash.dump == region(made(3, 2), made(2, 1))


STATUSES = {
    "state-empty": Status.NO_STATE,
    "state-corrupt": Status.CORRUPT,
    "state-other-model": Status.BAD_FINGERPRINT,
}


def _read(data: bytes) -> tuple[Status, Blob | None]:
    try:
        return Status.OK, read_blob(data, fingerprint=FINGERPRINT, layout=1)
    except UsageError as error:
        return STATUSES[error.problems[0].slug], None


def test_the_same_slot_counts_as_in_c(library: ctypes.CDLL) -> None:
    """Random regions: good, foreign and damaged slots, sequence numbers anywhere."""
    draw = random.Random(5)
    flash = RamFlash(library, 512, 256, 4)
    seen = dict.fromkeys([Status.OK, *STATUSES.values()], 0)
    for _ in range(600):
        slots = bytearray()
        for _ in range(2):
            number = draw.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1])
            image = bytearray(write_slot(replace(made(number), layout=draw.choice([1, 1, 2]))))
            if draw.random() < 0.4:
                image[draw.randrange(200)] ^= 1 << draw.randrange(8)
            slots += b"\xff" * 256 if draw.random() < 0.3 else image
        flash.put(bytes(slots))
        status, found = flash.find()
        seen[status] += 1
        picked, blob = _read(bytes(slots))
        assert picked == status
        if blob:
            assert found.sequence == blob.sequence
            assert found.offset == 256 * blob.slot + 64
    assert min(seen.values()) > 20


def test_one_slot_alone() -> None:
    assert read_blob(write_slot(made(9))) == made(9)


def test_erased() -> None:
    assert "erased" in refused(b"\xff" * 512, "state-empty")


def test_damaged() -> None:
    good = write_slot(made(1))
    for data, why in (
        (b"\x00" + good[1:], "slot A does not begin with BNCL"),
        (good[:4] + b"\x02" + good[5:], "slot A has format 2, this version reads 1"),
        (good[:14] + b"\x01" + good[15:], "slot A is cut off"),
        (good[:90] + b"\x55" + good[91:], "slot A fails its CRC-32"),
    ):
        assert why in refused(data + good[:70].ljust(256, b"\xff"), "state-corrupt")
        assert "slot B fails" in refused(data + good[:70].ljust(256, b"\xff"), "state-corrupt")


def test_another_model() -> None:
    data = region(made(1), None)
    said = refused(data, "state-other-model", fingerprint=bytes(16))
    assert FINGERPRINT.hex() in said
    assert bytes(16).hex() in said
    assert "layout 3" in refused(data, "state-other-model", layout=3)


@pytest.mark.parametrize("size", [0, 1, 126, 129])
def test_no_size_of_a_region(size: int) -> None:
    refused(bytes(size), "state-size")


def test_a_dump_that_was_cut_off_never_gives_the_older_state() -> None:
    whole = region(made(1), made(2))
    for size in range(128, 512, 2):
        if size != 256:
            refused(whole[:size], "state-size")
    assert read_blob(whole).sequence == 2


def test_arrays_have_the_layout() -> None:
    held = arrays(made(1, -3), LAYOUT)
    assert [*held] == ["stored", "cw", "labels", "latents"]
    assert held["stored"] == 2
    assert held["cw"].dtype == np.int16
    assert np.array_equal(held["cw"], np.full((3, 5), -3))
    assert held["latents"].shape == (4, 0)
    assert state_bytes(LAYOUT) == len(made(1).payload)


def test_a_layout_of_other_size() -> None:
    with pytest.raises(UsageError) as caught:
        arrays(made(1), LAYOUT[:2], "dump.bin")
    assert [problem.slug for problem in caught.value.problems] == ["state-layout"]
    assert caught.value.exit_code == EXIT_USAGE


def test_a_layout_survives_json() -> None:
    assert layout_from_json(layout_to_json(LAYOUT)) == LAYOUT


@pytest.mark.parametrize("entries", [None, "cw", {"name": "cw"}])
def test_no_layout_at_all(entries: object) -> None:
    with pytest.raises(UsageError) as caught:
        layout_from_json(entries)
    assert [problem.slug for problem in caught.value.problems] == ["state-segments"]


def test_all_wrong_entries_are_named() -> None:
    good = {"name": "a", "dtype": "int8", "shape": [2]}
    wrong = [{**good, "dtype": "float32"}, {**good, "shape": [-1]}, {**good, "shape": 3}, {"name": "b"}, 7]
    with pytest.raises(UsageError) as caught:
        layout_from_json([good, *wrong])
    assert [problem.slug for problem in caught.value.problems] == ["state-segments"] * 5
    assert "entry 1" in str(caught.value)
    assert caught.value.exit_code == EXIT_USAGE


def test_describe() -> None:
    assert describe(made(7, -3), LAYOUT).splitlines() == [
        "save 7, in slot A (42 bytes of state in 256)",
        f"model {FINGERPRINT.hex()}, layout 1",
        "  stored               uint32 1                   4 bytes  2..2, 1 not 0",
        "  cw                   int16  3x5                30 bytes  -3..-3, 15 not 0",
        "  labels               uint16 4                   8 bytes  0..0, 0 not 0",
        "  latents              uint8  4x0                 0 bytes  0..0, 0 not 0",
    ]


def test_diff() -> None:
    old, new = made(7, 0), made(9, np.array([0, 0, 5, -9, 0]))
    assert diff(old, new, LAYOUT).splitlines() == [
        "save 7 -> save 9 (newer)",
        "  stored               equal",
        "  cw                   6 of 15 changed, by 9 at most",
        "  labels               equal",
        "  latents              equal",
    ]
    assert "not newer" in diff(new, old, LAYOUT)
    assert changes(old, old, LAYOUT)[1].largest == 0


def test_ids_of_c_and_python_are_the_same_bytes() -> None:
    assert bytes(store_id(FINGERPRINT)) == FINGERPRINT + b"\x01\0\0\0"

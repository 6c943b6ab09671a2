"""What saving and loading promise: refusals, wear, order of slots, faults of the port."""

from __future__ import annotations

import ctypes
import random
import zlib
from collections.abc import Callable, MutableSequence

import pytest

from bnncl.state import read_blob, write_slot
from tests.state.native import HEADER, OURS, POWER_FOR_EVER, Id, Port, RamFlash, Status, Store, store_id

Bytes = MutableSequence[int]


@pytest.fixture
def flash(library: ctypes.CDLL) -> RamFlash:
    return RamFlash(library, 1024, 256, 8)


def state(save: int, size: int = 100) -> bytes:
    return random.Random(save).randbytes(size)


def test_crc_is_that_of_zlib(library: ctypes.CDLL) -> None:
    assert library.bnncl_store_crc32(0, b"123456789", 9) == 0xCBF43926
    data = state(0)
    for cut in (0, 1, 37, len(data)):
        first = library.bnncl_store_crc32(0, data, cut)
        assert library.bnncl_store_crc32(first, data[cut:], len(data) - cut) == zlib.crc32(data)


@pytest.mark.parametrize("prog", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("erase", [256, 512, 1024, 2048, 4096, 8192])
def test_what_was_saved_last_loads(library: ctypes.CDLL, erase: int, prog: int) -> None:
    flash = RamFlash(library, 4 * erase, erase, prog)
    for save in range(6):
        size = (37 * save * save + 1) % (2 * erase - HEADER)
        sizes = [size // 3, 0, size - size // 3]
        assert flash.save(state(save, size), sizes=sizes) == Status.OK
        assert flash.load(size) == (Status.OK, state(save, size))
        assert flash.find()[1].sequence == save + 1
    assert flash.flash.violations == 0
    assert flash.flash.syncs == 12


def test_a_slot_can_be_filled_to_the_last_byte(flash: RamFlash) -> None:
    full = 512 - HEADER
    assert flash.save(state(0, full)) == Status.OK
    assert flash.load(full) == (Status.OK, state(0, full))
    assert flash.save(state(1, full + 1)) == Status.TOO_SMALL
    assert flash.save(state(1, full), sizes=[full, 2**32 - 1]) == Status.TOO_SMALL
    assert flash.load(full + 1)[0] == Status.TOO_SMALL
    assert flash.load(full) == (Status.OK, state(0, full))


def test_wear_is_level_between_the_slots(flash: RamFlash) -> None:
    for save in range(100):
        assert flash.save(state(save, 300)) == Status.OK
    assert list(flash.wear) == [50, 50, 50, 50]


def test_a_short_state_wears_only_the_blocks_it_takes(flash: RamFlash) -> None:
    for save in range(10):
        assert flash.save(state(save, 256 - HEADER)) == Status.OK
    assert list(flash.wear) == [5, 0, 5, 0]


def test_nothing_saved(flash: RamFlash) -> None:
    assert flash.load(10) == (Status.NO_STATE, b"?" * 10)


@pytest.mark.parametrize(
    "other", [store_id(bytes(15) + b"\x01"), store_id(layout=2)], ids=["model", "layout"]
)
def test_another_model_is_refused(flash: RamFlash, other: Id) -> None:
    assert flash.save(state(0)) == Status.OK
    assert flash.load(100, other) == (Status.BAD_FINGERPRINT, b"?" * 100)
    assert flash.load(99) == (Status.BAD_FINGERPRINT, b"?" * 99)
    assert flash.load(100) == (Status.OK, state(0))


def test_an_update_of_the_firmware_can_be_taken_back(flash: RamFlash) -> None:
    new = store_id(bytes(16))
    assert flash.save(state(0)) == flash.save(state(1)) == flash.save(state(2), new) == Status.OK
    assert flash.load(100, new) == (Status.OK, state(2))
    assert flash.load(100) == (Status.OK, state(1))
    flash.power(40)
    assert flash.save(state(3)) == Status.STORAGE_ERROR
    flash.power(POWER_FOR_EVER)
    assert flash.load(100) == (Status.OK, state(1))
    assert flash.save(state(4)) == Status.OK
    assert flash.load(100) == (Status.OK, state(4))
    assert flash.find()[1].sequence == 3


def test_every_flipped_bit_is_refused(flash: RamFlash) -> None:
    size = 21
    assert flash.save(state(0, size)) == Status.OK
    whole = flash.dump
    for bit in range(8 * (HEADER + size)):
        flash.put(bytes([whole[bit // 8] ^ 1 << bit % 8]), bit // 8)
        assert flash.load(size) == (Status.CORRUPT, b"?" * size), bit
        flash.put(whole)
    assert flash.load(size) == (Status.OK, state(0, size))


def test_every_truncation_is_refused(flash: RamFlash) -> None:
    size = 40
    assert flash.save(state(0, size)) == Status.OK
    whole = flash.dump
    for kept in range(HEADER + size):
        flash.put(whole[:kept].ljust(512, b"\xff"))
        if flash.dump != whole:
            wanted = Status.CORRUPT if kept else Status.NO_STATE
            assert flash.load(size) == (wanted, b"?" * size), kept


def test_the_older_state_loads_where_the_newer_is_damaged(flash: RamFlash) -> None:
    assert flash.save(state(0)) == flash.save(state(1)) == Status.OK
    flash.put(b"\x00", 512 + HEADER + 50)
    assert flash.load(100) == (Status.OK, state(0))
    assert flash.save(state(2)) == Status.OK
    assert flash.load(100) == (Status.OK, state(2))
    assert read_blob(flash.dump).slot == 1


@pytest.mark.parametrize("first", [2**31 - 2, 2**32 - 2])
def test_sequence_numbers_wrap(flash: RamFlash, first: int) -> None:
    assert flash.save(state(0)) == Status.OK
    blob = read_blob(flash.dump)
    flash.put(write_slot(type(blob)(**{**vars(blob), "sequence": first})))
    for save in range(1, 6):
        assert flash.save(state(save)) == Status.OK
        assert flash.load(100) == (Status.OK, state(save))
        assert flash.find()[1].sequence == (first + save) % 2**32


def _sized(region: int, erase: int, prog: int) -> dict[str, int]:
    return {"region_bytes": region, "erase_bytes": erase, "prog_bytes": prog}


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        (_sized(0, 256, 8), Status.TOO_SMALL),
        (_sized(256, 256, 8), Status.TOO_SMALL),
        (_sized(64, 32, 8), Status.TOO_SMALL),
        (_sized(768, 256, 8), Status.BAD_ARGUMENT),
        (_sized(1023, 256, 8), Status.BAD_ARGUMENT),
        (_sized(1024, 0, 8), Status.BAD_ARGUMENT),
        (_sized(1024, 256, 0), Status.BAD_ARGUMENT),
        (_sized(1024, 256, 3), Status.BAD_ARGUMENT),
        (_sized(1024, 256, 64), Status.BAD_ARGUMENT),
        (_sized(1000, 250, 4), Status.BAD_ARGUMENT),
    ],
)
def test_sizes_that_are_none(flash: RamFlash, sizes: dict[str, int], wanted: Status) -> None:
    for name, size in sizes.items():
        setattr(flash.port, name, size)
    assert flash.save(b"x") == wanted
    assert flash.load(1) == (wanted, b"?")
    assert flash.dump == b"\xff" * 1024


def test_null_is_refused(library: ctypes.CDLL, flash: RamFlash) -> None:
    port, ident, found = ctypes.byref(flash.port), ctypes.byref(OURS), ctypes.create_string_buffer(16)
    for arguments in ((None, ident, b"x", found), (port, None, b"x", found), (port, ident, None, found)):
        assert library.bnncl_store_save(*arguments, 1) == Status.BAD_ARGUMENT
        assert library.bnncl_store_load(*arguments, 1) == Status.BAD_ARGUMENT
    assert library.bnncl_store_find(port, ident, None) == Status.BAD_ARGUMENT
    assert Store(library, Port(None, 1024, 256, 8)).save(b"x") == Status.BAD_ARGUMENT


class Failing:
    """Fails at one of its calls."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, original: Callable[..., int], *arguments: object) -> int:
        self._left -= 1
        return Status.STORAGE_ERROR if self._left == -1 else original(*arguments)


@pytest.mark.parametrize("name", ["read", "prog", "erase", "sync"])
def test_a_fault_of_the_port_at_any_call_leaves_the_old_state(library: ctypes.CDLL, name: str) -> None:
    for failing in range(60):
        flash = RamFlash(library, 1024, 256, 8)
        assert flash.save(state(0)) == Status.OK
        flash.wrap(name, Failing(failing))
        status = flash.save(state(1))
        flash.unwrap()
        if status == Status.OK:
            assert failing > 0
            assert flash.load(100) == (Status.OK, state(1))
            return
        assert status == Status.STORAGE_ERROR
        assert flash.load(100)[0] == Status.OK
        assert flash.load(100)[1] in (state(0), state(1))
    pytest.fail("never got through")


def test_memory_that_does_not_keep_what_is_written(flash: RamFlash) -> None:
    assert flash.save(state(0)) == Status.OK

    def stuck(original: Callable[..., int], context: int, offset: int, data: Bytes, size: int) -> int:
        data[0] |= 0x10
        return original(context, offset, data, size)

    flash.wrap("prog", stuck)
    assert flash.save(bytes(100)) == Status.STORAGE_ERROR
    assert flash.load(100) == (Status.OK, state(0))


def test_memory_that_reads_differently_the_second_time(flash: RamFlash) -> None:
    assert flash.save(state(0)) == Status.OK
    calls = iter(range(100))

    def fickle(original: Callable[..., int], context: int, offset: int, data: Bytes, size: int) -> int:
        status = original(context, offset, data, size)
        data[3] ^= next(calls) == 5
        return status

    flash.wrap("read", fickle)
    assert flash.load(100)[0] == Status.STATE_LOST


def test_a_failing_load_says_whether_it_touched_the_state(flash: RamFlash) -> None:
    assert flash.save(state(0)) == Status.OK
    said = []
    for failing in range(10):
        flash.wrap("read", Failing(failing))
        status, held = flash.load(100)
        flash.unwrap()
        said.append(status)
        assert (held == b"?" * 100) == (status == Status.STORAGE_ERROR) or status == Status.STATE_LOST
    scan = said.index(Status.STATE_LOST)
    assert scan > 3
    assert said == [Status.STORAGE_ERROR] * scan + [Status.STATE_LOST] + [Status.OK] * (9 - scan)

"""Calls the C kernels on the host through the same bindings that the emitter writes out as C text."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Packed, TensorType
from bnncl.kernels.base import Binding, ConstArray, Kernel, ParamStruct, Ref, of_core
from bnncl.numerics.bits import pack, pack_numbers, unpack, unpack_numbers
from bnncl.resources import runtime_dir
from tests.kernels.headers import prototypes, structs

SANITIZED = os.environ.get("BNNCL_SANITIZED_KERNELS") == "1"
SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_GUARD = 0 if SANITIZED else 64
_POISON = 0xA5
_CTYPES = {
    "uint8_t": ctypes.c_uint8,
    "int8_t": ctypes.c_int8,
    "uint16_t": ctypes.c_uint16,
    "int16_t": ctypes.c_int16,
    "uint32_t": ctypes.c_uint32,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
}

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]


def build_library(folder: Path, features: tuple[str, ...] = ()) -> ctypes.CDLL:
    """All kernels as one shared library, sanitized where the environment asks for it.

    What stands under `port/` for one of `features` is taken in place of the general files.
    """
    runtime = runtime_dir()
    stems = sorted(path.stem for path in (runtime / "src").glob("*.c"))
    sources = [str(runtime / of_core(stem, features)) for stem in stems]
    own = [f"-I{runtime / 'port' / feature}" for feature in features]
    library = folder / "kernels.so"
    flags = SANITIZERS if SANITIZED else ("-O2",)
    options = ["-std=c99", "-shared", "-fPIC", *flags, *own, f"-I{runtime / 'include'}", "-o", str(library)]
    subprocess.run([os.environ.get("CC", "cc"), *options, *sources], check=True)
    return ctypes.CDLL(str(library))


class Buffer:
    """Memory of exactly `data`'s size from malloc, between guards that must not change."""

    def __init__(self, data: bytes) -> None:
        self._size = len(data)
        self._start = _libc.malloc(self._size + 2 * _GUARD)
        whole = bytes([_POISON]) * _GUARD + data + bytes([_POISON]) * _GUARD
        ctypes.memmove(self._start, whole, len(whole))

    @property
    def address(self) -> int:
        return int(self._start) + _GUARD

    def finish(self) -> bytes:
        """Check the guards, free the memory and return what it held."""
        whole = ctypes.string_at(self._start, self._size + 2 * _GUARD)
        _libc.free(self._start)
        guard = bytes([_POISON]) * _GUARD
        assert whole[:_GUARD] == guard, "written before the buffer"
        assert whole[_GUARD + self._size :] == guard, "written behind the buffer"
        return whole[_GUARD : _GUARD + self._size]


def stored(array: Array, type_: TensorType) -> bytes:
    """One sample (H, W, C) as the bytes that stand for it in C."""
    if type_.domain == Binary():
        return pack(array).tobytes()
    if isinstance(type_.domain, Packed):
        return pack_numbers(array.reshape(-1), type_.domain.bits).tobytes()
    return array.astype(type_.ctype.removesuffix("_t")).tobytes()


def logical(data: bytes, type_: TensorType) -> Array:
    """The sample that `data` stands for; unused bits must be 0."""
    if isinstance(type_.domain, Packed):
        return _unpacked(data, type_, type_.domain)
    if type_.domain != Binary():
        return np.frombuffer(data, type_.ctype.removesuffix("_t")).reshape(type_.shape).astype(np.int64)
    height, width, channels = type_.shape
    words = np.frombuffer(data, np.uint32).reshape(height, width, type_.words_per_pixel)
    signs = unpack(words, channels)
    assert np.array_equal(pack(signs), words), "a tail bit is set"
    return signs


def _unpacked(data: bytes, type_: TensorType, domain: Packed) -> Array:
    words = np.frombuffer(data, np.uint32)
    numbers = unpack_numbers(words, type_.elements, domain.bits, signed=domain.signed)
    assert np.array_equal(pack_numbers(numbers, domain.bits), words), "an unused bit is set"
    return numbers.reshape(type_.shape)


def poison(size: int, seed: int) -> bytes:
    """Bytes that no result looks like."""
    return np.random.default_rng(seed).bytes(size)


def run_kernel(
    library: ctypes.CDLL,
    kernel: Kernel,
    op: Op,
    types: tuple[TensorType, ...],
    *samples: Array,
    in_place: bool = False,
) -> Array:
    """What the C function makes of one sample (H, W, C) of each input, every buffer checked on the way.

    Where the op changes its first input, or with `in_place`, it makes it where the first input lies.
    """
    out = op.infer(*types)
    sources = [stored(sample, type_) for sample, type_ in zip(samples, types, strict=True)]
    assert [len(source) for source in sources] == [type_.stored_bytes for type_ in types]
    binding = kernel.bind(op, types)
    reads = [*sources, *(array.data.tobytes() for array in binding.arrays)]
    constants = [Buffer(data) for data in reads]
    written = Buffer(poison(out.stored_bytes, 1))
    scratch = Buffer(poison(kernel.scratch_bytes(op, types), 2))
    count = len(sources)
    target = constants[0] if in_place else written
    call = _Call(binding, constants[:count], target, scratch, constants[count:])
    getattr(library, kernel.symbol)(*call.arguments())
    held = [buffer.finish() for buffer in constants]
    made = written.finish()
    if op.changes_state or in_place:
        made, held[0] = held[0][: len(made)], reads[0]
    assert held == reads, "an input was written"
    scratch.finish()
    return logical(made, out)


class _Call:
    def __init__(
        self,
        binding: Binding,
        sources: Iterable[Buffer],
        written: Buffer,
        scratch: Buffer,
        arrays: Iterable[Buffer],
    ) -> None:
        self._binding = binding
        self._at = {Ref("output"): written, Ref("scratch"): scratch}
        self._at.update({Ref("input", str(at)): source for at, source in enumerate(sources)})
        for array, buffer in zip(binding.arrays, arrays, strict=True):
            assert array.data.dtype == np.dtype(_numpy_type(array)), array.name
            self._at[Ref("array", array.name)] = buffer
        self._structs = {Ref("struct", each.name): self._struct(each) for each in binding.structs}

    def arguments(self) -> list[object]:
        return [self._argument(each) for each in self._binding.args]

    def _argument(self, each: Ref | int) -> object:
        if isinstance(each, int):
            return each
        if each in self._structs:
            return ctypes.byref(self._structs[each])
        return ctypes.c_void_p(self._at[each].address)

    def _struct(self, params: ParamStruct) -> ctypes.Structure:
        made = _structure(params.ctype)()
        for name, value in params.fields:
            setattr(made, name, self._at[value].address if isinstance(value, Ref) else value)
            held = getattr(made, name)
            assert isinstance(value, Ref) or held == value, f"{params.ctype}.{name} cannot hold {value}"
        assert [name for name, _ in params.fields] == [name for name, *_ in made._fields_]
        return made


def _numpy_type(array: ConstArray) -> str:
    return array.ctype.removesuffix("_t")


@cache
def _structure(ctype: str) -> type[ctypes.Structure]:
    fields = [
        (field.name, ctypes.c_void_p if field.is_pointer else _CTYPES[field.base])
        for field in structs()[ctype]
    ]
    return type(ctype, (ctypes.Structure,), {"_fields_": fields})


def declared_parameters(kernel: Kernel) -> int:
    """Number of parameters in the prototype of a kernel's function."""
    return len(prototypes(kernel.header)[kernel.symbol])

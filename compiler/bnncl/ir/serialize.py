"""Programs as safetensors files: tensors beside a JSON tree of classes and fields. Nothing is unpickled.

Every frozen dataclass of the IR is written as its class name and its fields, so a new op needs no code
here. Reading follows the declared types of the fields and refuses whatever does not match them.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from bnncl.diagnostics import Problem, UsageError
from bnncl.ir.graph import Graph, Program
from bnncl.ir.types import Binary, Float, Int, Packed, TensorType
from bnncl.ir.values import Constant, Meaning, StateArray, Value
from bnncl.ir.verify import MalformedGraphError, verify

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = "bnncl-program-1"
_KEY = "program"
_OWN = (Program, Graph, Value, StateArray, TensorType, Float, Binary, Int, Packed, Meaning, Constant)
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_DTYPES = _INTEGERS | {"bool", "float32", "float64"}

_PACKED_FROM = 64
"""Elements from which on an int8 tensor of ±1 is stored as bits, bit 1 meaning -1."""

Json = Any


def save_program(program: Program, *, latents: bool = True) -> bytes:
    """`program` as the bytes of a file, the same for equal programs.

    Without `latents` the real-valued tensors behind binary filters are left out.
    """
    writer = _Writer(latents)
    tree = {"format": FORMAT, "program": writer.write(program)}
    return save(writer.tensors, {_KEY: json.dumps(tree, separators=(",", ":"))})


class _Writer:
    """Turns objects into a JSON tree, and collects their tensors."""

    def __init__(self, latents: bool) -> None:
        self.tensors: dict[str, np.ndarray[Any, Any]] = {}
        self._latents = latents

    def write(self, held: object) -> Json:
        """`held` as JSON."""
        if isinstance(held, np.ndarray):
            return self._tensor(held)
        if isinstance(held, Mapping | tuple):
            return [self.write(each) for each in (held.values() if isinstance(held, Mapping) else held)]
        if isinstance(held, Enum | float):
            return held.name if isinstance(held, Enum) else held.hex()
        if is_dataclass(held) and not isinstance(held, type):
            return self._object(held)
        assert held is None or isinstance(held, str | int), f"{type(held).__name__} cannot be stored"
        return held

    def _tensor(self, held: np.ndarray[Any, Any]) -> Json:
        name = f"{len(self.tensors):05}"
        if held.dtype == np.int8 and held.size >= _PACKED_FROM and (np.abs(held) == 1).all():
            self.tensors[name] = np.packbits(held.reshape(-1) < 0, bitorder="little")
            return {"signs": name, "shape": list(held.shape)}
        self.tensors[name] = np.ascontiguousarray(held)
        return {"tensor": name}

    def _object(self, held: DataclassInstance) -> Json:
        kept = [f.name for f in fields(held)]
        if isinstance(held, Constant) and not self._latents:
            kept.remove("latent")
        return {"class": type(held).__name__, **{name: self.write(getattr(held, name)) for name in kept}}


def load_program(content: bytes, classes: Iterable[type], where: str = "program") -> Program:
    """The program that `save_program` wrote; `classes` are the ops and what their fields hold.

    Raises `UsageError` (`bad-program-file`) where the content is damaged, of another format, or holds
    something that is no legal program.
    """
    known = {each.__name__: each for each in (*_OWN, *classes)}
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        tree = json.loads(header["__metadata__"][_KEY])
        if tree["format"] != FORMAT:
            raise ValueError(f"the format is {tree['format']!r}, not {FORMAT!r}")
        program = _Reader(tensors, known).read(tree["program"], Program)
        assert isinstance(program, Program)
        for graph in program.graphs:
            verify(graph)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, IndexError) as error:
        raise _bad(where, error) from error
    except (MalformedGraphError, AssertionError) as error:
        raise _bad(where, error) from error
    return program


def _bad(where: str, error: BaseException) -> UsageError:
    return UsageError(
        Problem(
            slug="bad-program-file",
            message=f"this is not a program that bnncl wrote: {error}",
            where=where,
            hint="Compile the model again.",
        )
    )


class _Reader:
    """Turns a JSON tree back into objects, led by type hints."""

    def __init__(self, tensors: Mapping[str, np.ndarray[Any, Any]], classes: Mapping[str, type]) -> None:
        self._tensors = tensors
        self._classes = classes

    def read(self, held: Json, hint: object) -> object:
        """`held` as an object of the type `hint`; ValueError where it is none."""
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self._read_union(held, get_args(hint))
        if origin is tuple:
            return self._read_tuple(held, get_args(hint))
        if origin is np.ndarray:
            return self._read_tensor(held)
        if origin not in (None, Literal) and issubclass(origin, Mapping):
            values = self._read_tuple(held, (get_args(hint)[1], ...))
            return {value.name: value for value in values if isinstance(value, Value)}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint[held]
        return self._read_plain(held, hint)

    def _read_plain(self, held: Json, hint: object) -> object:
        if hint is float:
            return float.fromhex(held)
        if hint in (str, int, bool):
            _check(type(held) is hint, f"{held!r} is no {hint.__name__}")
            return held
        if get_origin(hint) is Literal:
            _check(held in get_args(hint), f"{held!r} is none of {get_args(hint)}")
            return held
        if hint in (None, types.NoneType):
            _check(held is None, f"{held!r} should not be there")
            return None
        return self._read_object(held, hint)

    def _read_union(self, held: Json, hints: tuple[object, ...]) -> object:
        if held is None and types.NoneType in hints:
            return None
        reasons = []
        for hint in hints:
            try:
                return self.read(held, hint)
            except (ValueError, TypeError, KeyError) as error:
                reasons.append(str(error))
        raise ValueError("; ".join(reasons))

    def _read_tuple(self, held: Json, hints: tuple[object, ...]) -> tuple[object, ...]:
        _check(isinstance(held, list), f"{held!r} is no list")
        if len(hints) == 2 and hints[1] is Ellipsis:
            return tuple(self.read(each, hints[0]) for each in held)
        _check(len(held) == len(hints), f"{len(held)} entries, not {len(hints)}")
        return tuple(self.read(each, hint) for each, hint in zip(held, hints, strict=True))

    def _read_tensor(self, held: Json) -> np.ndarray[Any, Any]:
        _check(isinstance(held, dict), f"{held!r} is no tensor")
        if set(held) == {"signs", "shape"}:
            return self._read_signs(held["signs"], held["shape"])
        _check(set(held) == {"tensor"}, f"{held!r} is no tensor")
        tensor = self._tensors[held["tensor"]]
        _check(tensor.dtype.name in _DTYPES, f"a tensor of {tensor.dtype}")
        return tensor

    def _read_signs(self, name: str, shape: Json) -> np.ndarray[Any, Any]:
        _check(isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape), "bad shape")
        packed, count = self._tensors[name], math.prod(shape)
        _check(packed.dtype == np.uint8 and packed.size == -(-count // 8), f"{packed.size} bytes of signs")
        bits = np.unpackbits(packed.reshape(-1), count=count, bitorder="little")
        return (1 - 2 * bits.astype(np.int8)).reshape(shape)

    def _read_object(self, held: Json, hint: object) -> object:
        _check(isinstance(held, dict) and "class" in held, f"{held!r} is no object")
        kind = self._classes.get(held["class"])
        _check(kind is not None, f"there is no class {held['class']!r}")
        assert kind is not None
        _check(isinstance(hint, type) and issubclass(kind, hint), f"a {kind.__name__} in place of {hint}")
        given = {name: each for name, each in held.items() if name != "class"}
        hints = _hints(kind)
        _check(set(given) <= set(hints), f"{kind.__name__} has no field {sorted(set(given) - set(hints))}")
        make: Callable[..., Any] = kind
        return make(**{name: self.read(each, hints[name]) for name, each in given.items()})


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)

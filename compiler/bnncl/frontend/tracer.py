"""Records the calls of one eager run that depend on the input, and lets all others just run.

Concrete partial evaluation: the model runs once for real, on one sample. A call whose arguments do not
depend on the input is left alone, which folds constants and makes `.item()`, branches on parameters and
tricks with `.data` disappear; what is recorded is the rest, with in-place writes turned into new values.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from bnncl.frontend.aliases import PARENT, Memory, ViewCall, key_of, storage_id
from bnncl.frontend.captured import Arg, Value, dtype_name
from bnncl.frontend.functional import (
    base_name,
    functional_form,
    tensors_in,
    without_outputs,
    written_arguments,
)
from bnncl.frontend.graph_builder import RANDOM, GraphBuilder, Place
from bnncl.frontend.location import Location
from bnncl.frontend.refusals import check_layout, refuse_shape, refuse_write

Scalar = bool | int | float
Kwargs = dict[str, object]

_DROPPED_KWARGS = frozenset({"device", "pin_memory", "non_blocking", "generator"})

_SHAPE_ONLY = frozenset(
    (
        *("empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "randint_like"),
        *("new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided"),
    )
)
"""Operators that read the shape and the type of their argument but not its elements."""

_REPLACE_STORAGE = frozenset({"resize_", "resize_as_", "set_"})


@dataclass(frozen=True)
class ScalarRead:
    """An input-dependent tensor turned into the Python number `value`, at `place`."""

    place: Place
    value: Scalar


class Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Dispatch mode that fills `builder`; `answers` gives other results to scalar reads, by their number."""

    def __init__(
        self, builder: GraphBuilder, memory: Memory, location: Location, answers: dict[int, Scalar]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.scalar_reads: list[ScalarRead] = []
        self._builder = builder
        self._memory = memory
        self._location = location
        self._answers = answers

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: tuple[object, ...] = (), kwargs: Kwargs | None = None
    ) -> object:
        """Run one call; record it if it reads or overwrites something that depends on the input."""
        named = kwargs or {}
        tensors = list(tensors_in((args, tuple(named.values()))))
        check_layout(func, tensors, self._location)
        written = list(written_arguments(func, args, named))
        if base_name(func) in _SHAPE_ONLY:
            return self._fold(func, args, named, [], [])
        if not any(self._memory.read(tensor) is not None for tensor in tensors):
            return self._fold(func, args, named, tensors, written)
        if torch.Tag.inplace_view in func.tags:
            return self._record_inplace_view(func, args, named)
        if base_name(func) == "copy_" and _same_place(written[0], tensors[1]):
            return written[0]
        if written:
            return self._record_write(func, args, named, written)
        return self._record(func, args, named, tensors)

    def _fold(
        self,
        func: OpOverload,
        args: tuple[object, ...],
        kwargs: Kwargs,
        tensors: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> object:
        replaced = base_name(func) == "copy_" and _fills_storage(tensors[0])
        sources = tensors[1:] if replaced else tensors
        origins = frozenset[str]().union(*(self._memory.origins(tensor) for tensor in sources))
        place = self._location.place()
        if torch.Tag.nondeterministic_seeded in func.tags:
            origins |= {RANDOM + place.line}
        tracked = [tensor for tensor in written if self._memory.is_tracked(tensor)]
        for tensor in tracked:
            self._memory.prepare_write(tensor, place)
        result = func(*args, **kwargs)
        for tensor in written:
            self._memory.set_origins(tensor, origins)
        for tensor in tracked:
            self._memory.assign(tensor, None, place)
        outputs = [tensor for tensor in tensors_in(result) if tensor.layout == torch.strided]
        if not written and outputs and self._memory.is_known(outputs[0]):
            self._derive(func, args, kwargs, tensors, outputs)
        for tensor in outputs:
            if not self._memory.is_known(tensor):
                self._memory.set_origins(tensor, origins)
        return result

    def _record(
        self, func: OpOverload, args: tuple[object, ...], kwargs: Kwargs, tensors: list[torch.Tensor]
    ) -> object:
        place = self._location.place()
        if torch.Tag.dynamic_output_shape in func.tags:
            masks = [tensor for tensor in tensors[1:] if tensor.dtype in (torch.bool, torch.uint8)]
            if base_name(func) != "index" or any(self._memory.read(mask) is not None for mask in masks):
                raise refuse_shape(func, place)
        encoded = tuple(self._encode(arg) for arg in args)
        named = self._encode_named(kwargs)
        result = func(*args, **kwargs)
        outputs = tuple(tensors_in(result))
        if not outputs:
            return self._answer(result, place)
        if all(self._memory.is_known(output) for output in outputs):
            self._derive(func, args, kwargs, tensors, list(outputs))
            return result
        for output, value in zip(
            outputs, self._builder.emit(str(func), encoded, named, outputs, place), strict=True
        ):
            self._memory.bind(output, value)
        return result

    def _record_inplace_view(self, func: OpOverload, args: tuple[object, ...], kwargs: Kwargs) -> object:
        functional = functional_form(func)
        if functional is None or base_name(func) in _REPLACE_STORAGE:
            raise refuse_write(func, self._location.place())
        (viewed,) = written_arguments(func, args, kwargs)
        before = viewed.detach()
        result = func(*args, **kwargs)
        self._derive(functional, (before, *args[1:]), kwargs, [before], [viewed])
        return result

    def _record_write(
        self, func: OpOverload, args: tuple[object, ...], kwargs: Kwargs, written: list[torch.Tensor]
    ) -> object:
        place = self._location.place()
        for tensor in written:
            self._memory.prepare_write(tensor, place)
        values = self._written_values(func, args, kwargs, written, place)
        result = func(*args, **kwargs)
        for tensor, value in zip(written, values, strict=True):
            self._memory.assign(tensor, value, place)
        return result

    def _written_values(
        self,
        func: OpOverload,
        args: tuple[object, ...],
        kwargs: Kwargs,
        written: list[torch.Tensor],
        place: Place,
    ) -> list[Value | None]:
        """What each tensor of `written` holds after the call; None where that is a constant."""
        name = base_name(func)
        if name in ("zero_", "fill_", "copy_"):
            sources = list(tensors_in(args[1:2]))
            source = self._memory.read(sources[0]) if sources else None
            return [None if source is None else self._converted(source, sources[0], written[0], place)]
        functional = functional_form(func)
        if functional is None:
            raise refuse_write(func, self._location.place())
        inputs = args[: len(functional._schema.arguments)]
        named = without_outputs(func, kwargs)
        results = tuple(tensors_in(functional(*inputs, **named)))
        encoded = tuple(self._encode(arg) for arg in inputs)
        values = self._builder.emit(str(functional), encoded, self._encode_named(named), results, place)
        return [
            self._converted(value, result, tensor, place)
            for value, result, tensor in zip(values, results, written, strict=True)
        ]

    def _converted(self, value: Value, like: torch.Tensor, target: torch.Tensor, place: Place) -> Value:
        """`value`, which looks as `like`, with the element type and the shape of `target`."""
        if like.dtype != target.dtype:
            like = like.to(target.dtype)
            dtype = (("dtype", dtype_name(target.dtype)),)
            value = self._builder.emit("aten._to_copy.default", (value,), dtype, (like,), place)[0]
        if like.shape != target.shape:
            shape = tuple(target.shape)
            value = self._builder.emit("aten.expand.default", (value, shape), (), (target,), place)[0]
        return value

    def _derive(
        self,
        func: OpOverload,
        args: tuple[object, ...],
        kwargs: Kwargs,
        tensors: list[torch.Tensor],
        outputs: list[torch.Tensor],
    ) -> None:
        """Register `outputs` as views of the one of `tensors` whose memory they share."""
        place = self._location.place()
        for index, output in enumerate(outputs):
            owner = next((tensor for tensor in tensors if _same_storage(tensor, output)), None)
            if owner is None:
                continue
            if len(outputs) > 1:
                op, encoded = _part_of(func, args, outputs, index)
                call = ViewCall(op, encoded, (), (output,), place)
            else:
                encoded = tuple(PARENT if arg is owner else self._encode(arg) for arg in args)
                call = ViewCall(str(func), encoded, self._encode_named(kwargs), (output,), place)
            self._memory.derive(output, owner, call)

    def _answer(self, result: object, place: Place) -> object:
        """Note a scalar read, and answer it with what `answers` says or else the truth."""
        if not isinstance(result, bool | int | float):
            return result
        number = len(self.scalar_reads)
        self.scalar_reads.append(ScalarRead(place, result))
        return self._answers.get(number, result)

    def _encode_named(self, kwargs: Kwargs) -> tuple[tuple[str, Arg], ...]:
        return tuple(
            (name, self._encode(value)) for name, value in kwargs.items() if name not in _DROPPED_KWARGS
        )

    def _encode(self, arg: object) -> Arg:
        if isinstance(arg, torch.Tensor):
            value = self._memory.read(arg)
            return self._memory.constant(arg, self._location.place()) if value is None else value
        if isinstance(arg, tuple | list):
            return tuple(self._encode(item) for item in arg)
        if arg is None or isinstance(arg, bool | int | float | str):
            return arg
        return str(arg).removeprefix("torch.")


def _part_of(
    func: OpOverload, args: tuple[object, ...], outputs: list[torch.Tensor], index: int
) -> tuple[str, tuple[Arg, ...]]:
    """One of several views that a split or unbind returned, as a slice or a selection of its own."""
    unbind = base_name(func) == "unbind"
    dim = args[-1] if len(args) == (2 if unbind else 3) else 0
    assert isinstance(dim, int)
    if unbind:
        return "aten.select.int", (PARENT, dim, index)
    start = sum(output.shape[dim] for output in outputs[:index])
    return "aten.slice.Tensor", (PARENT, dim, start, start + outputs[index].shape[dim])


def _same_storage(one: torch.Tensor, other: torch.Tensor) -> bool:
    return storage_id(one) == storage_id(other)


def _same_place(target: torch.Tensor, source: torch.Tensor) -> bool:
    """True for the copy of a tensor to itself that ends `x[...] *= 2`."""
    return _same_storage(target, source) and key_of(target) == key_of(source)


def _fills_storage(tensor: torch.Tensor) -> bool:
    return tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()

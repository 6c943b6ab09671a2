"""Finds, for an aten operator that writes to its arguments, the one that returns the result instead."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch._ops import OpOverload


def base_name(func: OpOverload) -> str:
    """`add_` for `aten.add_.Tensor`."""
    name: str = func._schema.name
    return name.rpartition("::")[2]


def written_arguments(
    func: OpOverload, args: tuple[object, ...], kwargs: dict[str, object]
) -> Iterator[torch.Tensor]:
    """The tensors among the arguments that the schema of `func` says are written to, in schema order."""
    for position, argument in enumerate(func._schema.arguments):
        if argument.alias_info is None or not argument.alias_info.is_write:
            continue
        given = args[position] if position < len(args) else kwargs.get(argument.name)
        yield from tensors_in(given)


def tensors_in(nested: object) -> Iterator[torch.Tensor]:
    """Every tensor in nested tuples and lists, in order."""
    if isinstance(nested, torch.Tensor):
        yield nested
    elif isinstance(nested, tuple | list):
        for item in nested:
            yield from tensors_in(item)


def functional_form(func: OpOverload) -> OpOverload | None:
    """The overload with the arguments of `func` that writes to none of them, or None if there is none.

    `aten.add_.Tensor` has `aten.add.Tensor`; `aten.add.out` has `aten.add.Tensor`, which takes the same
    arguments except those it writes its results to.
    """
    namespace, _, name = func._schema.name.partition("::")
    packet = getattr(getattr(torch.ops, namespace), name.removesuffix("_"), None)
    if packet is None:
        return None
    wanted = _read_only(func, keep_written=name.endswith("_"))
    for overload_name in packet.overloads():
        overload: OpOverload = getattr(packet, overload_name)
        writes = any(_is_written(argument) for argument in overload._schema.arguments)
        if not writes and _read_only(overload, keep_written=True) == wanted:
            return overload
    return None


def without_outputs(func: OpOverload, kwargs: dict[str, object]) -> dict[str, object]:
    """`kwargs` without the tensors that `func` writes its results to."""
    outputs = {argument.name for argument in func._schema.arguments if _is_written(argument)}
    return {name: value for name, value in kwargs.items() if name not in outputs}


def _is_written(argument: torch.Argument) -> bool:
    return argument.alias_info is not None and argument.alias_info.is_write


def _read_only(func: OpOverload, keep_written: bool) -> list[tuple[str, str]]:
    return [
        (argument.name, str(argument.type))
        for argument in func._schema.arguments
        if keep_written or not _is_written(argument)
    ]

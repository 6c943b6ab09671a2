"""Runs captured graphs with torch, and checks them against the modules they came from."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch._ops import OpOverload

from bnncl.frontend.captured import Arg, Captured, Const, Node, Value


def replay(captured: Captured, x: torch.Tensor) -> torch.Tensor:
    """The output for each sample of the batch `x` (N, ...), run one by one and put together again.

    Each sample is copied first, so that its bits do not depend on how its place in `x` is aligned.
    """
    return replay_values(captured, x, (captured.output,))[captured.output]


def replay_values(captured: Captured, x: torch.Tensor, ids: Iterable[int]) -> dict[int, torch.Tensor]:
    """The values `ids` for each sample of `x` (N, ...), concatenated along their first dimension."""
    wanted = tuple(dict.fromkeys(ids))
    gathered: dict[int, list[torch.Tensor]] = {value: [] for value in wanted}
    calls = [(node, operator(node.op)) for node in captured.nodes]
    with torch.no_grad():
        for number in range(x.shape[0]):
            values = _run_one(captured, calls, x[number : number + 1].clone(), wanted)
            for value in wanted:
                gathered[value].append(values[value])
    return {
        value: torch.cat(parts) if parts[0].dim() else torch.stack(parts) for value, parts in gathered.items()
    }


def operator(op: str) -> OpOverload:
    """The torch operator of the full overload name `op`; AttributeError if torch has none."""
    namespace, name, overload = op.split(".")
    found: OpOverload = getattr(getattr(getattr(torch.ops, namespace), name), overload)
    return found


def _run_one(
    captured: Captured, calls: list[tuple[Node, OpOverload]], x: torch.Tensor, wanted: tuple[int, ...]
) -> dict[int, torch.Tensor]:
    values: dict[int, torch.Tensor] = {captured.input: x}
    last = _last_uses(captured, wanted)
    for index, (node, func) in enumerate(calls):
        args = tuple(_decode(arg, captured, values) for arg in node.args)
        kwargs = {name: _decode(arg, captured, values) for name, arg in node.kwargs}
        result = _call(node.op, func, args, kwargs)
        results = result if isinstance(result, tuple | list) else (result,)
        values.update(zip(node.outputs, results, strict=True))
        for dead in last.get(index, ()):
            del values[dead]
    return values


def _call(op: str, func: OpOverload, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
    """Call `func`; views of values that were written to may need another layout than eager had."""
    if op == "aten.view.default":
        func = torch.ops.aten.reshape.default
    if op.startswith("aten.as_strided"):
        args = tuple(arg.contiguous() if isinstance(arg, torch.Tensor) else arg for arg in args)
    return func(*args, **kwargs)


def _last_uses(captured: Captured, wanted: tuple[int, ...]) -> dict[int, list[int]]:
    last: dict[int, int] = {}
    for index, node in enumerate(captured.nodes):
        for value in node.outputs:
            last[value] = index
        for reference in node.references():
            if isinstance(reference, Value):
                last[reference.id] = index
    freed: dict[int, list[int]] = {}
    for value, index in last.items():
        if value not in wanted:
            freed.setdefault(index, []).append(value)
    return freed


def _decode(arg: Arg, captured: Captured, values: dict[int, torch.Tensor]) -> object:
    if isinstance(arg, Value):
        return values[arg.id]
    if isinstance(arg, Const):
        return captured.constants[arg.id].tensor
    if isinstance(arg, tuple):
        return [_decode(item, captured, values) for item in arg]
    if isinstance(arg, str):
        named = getattr(torch, arg, None)
        return named if isinstance(named, torch.dtype | torch.layout | torch.memory_format) else arg
    return arg

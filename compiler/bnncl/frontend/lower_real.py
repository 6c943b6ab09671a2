"""Lowers element-by-element arithmetic: affine maps are carried along, clamps and PReLU become ops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bnncl.frontend.atoms import Atom, Operand
from bnncl.frontend.captured import Const
from bnncl.frontend.layout import per_channel
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, Refused, unsupported
from bnncl.frontend.operators import BATCH_NORMS
from bnncl.frontend.recognised import Lowered, Reals
from bnncl.ir.values import Constant
from bnncl.ops.elementwise import RealClamp, RealPRelu


def is_affine(atom: Atom) -> bool:
    """True for batch norm, and for sums with and products by a constant tensor."""
    if atom.base in BATCH_NORMS:
        return True
    if atom.base not in ("add", "sub", "rsub", "mul", "div") or "rounding_mode" in atom.named:
        return False
    kinds = [isinstance(operand, LinComb) and bool(operand.terms) for operand in atom.operands[:2]]
    constant = [isinstance(operand, Const) for operand in atom.operands[:2]]
    return any(kinds) and any(constant) and not (atom.base == "div" and kinds[1])


def lower_affine(ctx: Context, atom: Atom, x: Lowered) -> Lowered:
    """The affine map on top of what `x` carries already."""
    scale, offset = _batch_norm(ctx, atom) if atom.base in BATCH_NORMS else _tensor_arithmetic(ctx, atom)
    origins = ctx.origins(*atom.operands)
    mapped = x.mapped(x.ordered(scale), x.ordered(offset), origins)
    return replace(mapped, module=atom.module or x.module)


def _batch_norm(ctx: Context, atom: Atom) -> tuple[Reals, Reals]:
    channels = atom.shape[1]
    training = atom.operands[5] if atom.base != "_native_batch_norm_legit_no_training" else False
    if training or not isinstance(atom.operands[3], Const):
        raise unsupported(
            atom,
            "batch norm with the statistics of the batch",
            "its result depends on the other samples",
            "call eval() and keep track_running_stats=True",
        )
    eps = atom.operands[-1]
    assert isinstance(eps, float)
    weight, bias, mean, var = (
        _vector(ctx, atom.operands[number], channels, default)
        for number, default in ((1, 1.0), (2, 0.0), (3, 0.0), (4, 1.0))
    )
    scale = weight / np.sqrt(var + eps)
    return scale, bias - mean * scale


def _vector(ctx: Context, operand: Operand, channels: int, default: float) -> Reals:
    if not isinstance(operand, Const):
        return np.full(channels, default)
    return ctx.captured.constants[operand.id].tensor.detach().double().numpy()


def _tensor_arithmetic(ctx: Context, atom: Atom) -> tuple[Reals, Reals]:
    value_first = isinstance(atom.operands[0], LinComb)
    held = atom.operands[1] if value_first else atom.operands[0]
    constant = _column(ctx, atom, held)
    alpha = atom.named.get("alpha", 1)
    assert isinstance(alpha, int | float)
    ones, zeros = np.ones_like(constant), np.zeros_like(constant)
    if atom.base == "mul":
        return constant, zeros
    if atom.base == "div":
        return 1.0 / constant, zeros
    if atom.base == "add":
        return (ones, alpha * constant) if value_first else (alpha * ones, constant)
    if value_first == (atom.base == "sub"):
        return ones, -alpha * constant
    return -alpha * ones, constant


def _column(ctx: Context, atom: Atom, operand: Operand) -> Reals:
    assert isinstance(operand, Const)
    column = per_channel(ctx.captured.constants[operand.id].tensor, atom.shape)
    if column is None:
        raise unsupported(
            atom,
            f"{atom.op} with a tensor that differs between positions",
            "parameters must be the same at all positions of a channel",
        )
    return column.detach().double().numpy()


def lower_nonlinear(ctx: Context, atom: Atom, x: Lowered) -> Lowered:
    """A clamp or a PReLU as an op of the graph; refused if it is neither."""
    limits = limits_of(atom)
    if limits is not None:
        return _clamped(ctx, atom, x, *limits)
    slope = _slope(ctx, atom)
    if slope is not None:
        return _prelu(ctx, atom, x, slope)
    raise _unknown(atom)


def check_nonlinear(ctx: Context, atom: Atom) -> None:
    """Refuse what `lower_nonlinear` would refuse whatever the value before it."""
    if limits_of(atom) is None and _slope(ctx, atom) is None:
        raise _unknown(atom)


def _unknown(atom: Atom) -> Refused:
    return unsupported(
        atom,
        why="on a real-valued path only affine maps, clamps (relu, hardtanh) and PReLU are known",
        hint="use relu, hardtanh or PReLU, or end the path in a sign",
    )


def limits_of(atom: Atom) -> tuple[float, float] | None:
    """Lowest and highest number that a clamp lets through; None for anything else."""
    fixed = {"relu": (0.0, np.inf), "relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0)}
    positions: dict[str, tuple[int | None, int | None]] = {
        "hardtanh": (1, 2),
        "clamp": (1, 2),
        "clamp_min": (1, None),
        "clamp_max": (None, 1),
    }
    if atom.base not in positions:
        return fixed.get(atom.base)
    low, high = fixed.get(atom.base, (-np.inf, np.inf))
    places = positions[atom.base]
    found = [_given(atom, place, name) for place, name in zip(places, ("min", "max"), strict=True)]
    if any(not isinstance(limit, int | float | None) for limit in found):
        return None
    return (
        float(found[0]) if isinstance(found[0], int | float) else low,
        float(found[1]) if isinstance(found[1], int | float) else high,
    )


def _given(atom: Atom, place: int | None, name: str) -> object:
    if place is not None and place < len(atom.operands):
        return atom.operands[place]
    return atom.named.get(name)


def _slope(ctx: Context, atom: Atom) -> Reals | None:
    if atom.base in ("prelu", "_prelu_kernel") and isinstance(atom.operands[1], Const):
        tensor = ctx.captured.constants[atom.operands[1].id].tensor.reshape(-1)
        return tensor.expand(atom.shape[1]).detach().double().numpy()
    if atom.base == "leaky_relu":
        slope = atom.operands[1] if len(atom.operands) > 1 else 0.01
        assert isinstance(slope, int | float)
        return np.full(atom.shape[1], float(slope))
    if atom.base == "abs":
        return np.full(atom.shape[1], -1.0)
    return None


def _clamped(ctx: Context, atom: Atom, x: Lowered, low: float, high: float) -> Lowered:
    x = ctx.real(x, next(atom.reads()))
    op = RealClamp(output=ctx.derived(x.name, "clamp"), module=atom.module, x=x.name, lo=low, hi=high)
    return _through(ctx.add(op), x, lambda number: float(np.clip(number, low, high)))


def _prelu(ctx: Context, atom: Atom, x: Lowered, slope: Reals) -> Lowered:
    x = ctx.real(x, next(atom.reads()))
    held = Constant(x.ordered(slope), ctx.origins(*atom.operands))
    op = RealPRelu(output=ctx.derived(x.name, "prelu"), module=atom.module, x=x.name, slope=held)
    only = float(slope[0]) if bool((slope == slope[0]).all()) else float("nan")
    return _through(ctx.add(op), x, lambda number: number if number >= 0 else number * only)


def _through(name: str, x: Lowered, function: Callable[[float], float]) -> Lowered:
    """A plain value `name` in place of `x`, with its padding mapped."""
    padding = x.padding
    if padding is not None:
        padding = replace(padding, value=function(padding.value))
    return replace(Lowered.plain(name, len(x.scale), x.order), padding=padding)

"""Lowers convolutions and linear layers: binary where both sides are, real otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bnncl.diagnostics import Problem
from bnncl.frontend.atoms import Atom
from bnncl.frontend.captured import Const
from bnncl.frontend.filters import FilterClass, Weights, classify, conv_weights, linear_weights
from bnncl.frontend.latents import trainable
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, Refused, float64, unsupported
from bnncl.frontend.recognised import Accumulator, Lowered, Rounding, merged
from bnncl.frontend.windows import read_call
from bnncl.ir.types import Binary
from bnncl.ir.values import Constant
from bnncl.numerics.bits import WORD_BITS
from bnncl.ops.conv import BinaryConv, GroupedConv, RealConv
from bnncl.ops.window import BorderClasses, Window


@dataclass(frozen=True, eq=False)
class ConvCall:
    """A convolution or matrix product as called: what it reads, its weights, bias (O,) and window.

    Of `groups` groups each reads as many channels as the last axis of the weights is long.
    """

    x: LinComb
    weights: Weights
    bias: NDArray[np.float32] | None
    bias_origins: tuple[str, ...]
    window: Window
    where: str
    noisy: bool
    groups: int = 1


def read_conv(ctx: Context, atom: Atom) -> ConvCall:
    """The call behind a convolution atom; refused if transposed, in odd groups or of weights that vary."""
    call = read_call(atom)
    x, weight, bias = _operands(atom)
    if not isinstance(x, LinComb) or not isinstance(weight, Const) or isinstance(bias, LinComb):
        raise unsupported(
            atom, f"{atom.op} whose weights depend on the input", "a filter must be known at compile time"
        )
    bias_array, bias_origins = _bias(ctx, atom, bias)
    where = atom.module or _owner(ctx.origins(weight))
    if atom.base != "convolution":
        weights = linear_weights(ctx.captured, weight.id)
        return ConvCall(x, weights, bias_array, bias_origins, Window(), where, atom.noisy)
    if call.get(6):
        raise unsupported(atom, "transposed convolution is not supported")
    weights = conv_weights(ctx.captured, weight.id)
    groups = call.get(8, 1)
    assert isinstance(groups, int)
    if groups > 1 and (why := _bad_groups(weights, groups)):
        raise _grouped(atom, groups, why)
    window = _window(atom, weights)
    return ConvCall(x, weights, bias_array, bias_origins, window, where, atom.noisy, groups)


def _operands(atom: Atom) -> tuple[object, object, object]:
    if atom.base == "addmm":
        if any(factor != 1 for factor in atom.named.values()):
            raise unsupported(atom, "addmm with alpha or beta other than 1")
        return atom.operands[1], atom.operands[2], atom.operands[0]
    bias = atom.operands[2] if atom.base == "convolution" else None
    return atom.operands[0], atom.operands[1], bias


def _bias(ctx: Context, atom: Atom, bias: object) -> tuple[NDArray[np.float32] | None, tuple[str, ...]]:
    if not isinstance(bias, Const):
        return None, ()
    numbers = ctx.captured.constants[bias.id].tensor.detach().float().reshape(-1)
    return numbers.expand(atom.shape[1]).numpy(), ctx.origins(bias)


def _grouped(atom: Atom, groups: int, why: str) -> Refused:
    return unsupported(
        atom,
        f"this grouped convolution (groups={groups}) is not supported",
        why,
        "use groups=1, binary groups of 32 channels (or multiples) to 32, or one filter for each channel",
    )


def _bad_groups(weights: Weights, groups: int) -> str:
    """Why there is no way to compute these groups in bits; empty where there is one."""
    outputs, channels = len(weights.data) // groups, weights.data.shape[3]
    if (outputs, channels) == (1, 1) or outputs % WORD_BITS == channels % WORD_BITS == 0:
        return ""
    return f"each group has {channels} input and {outputs} output channels"


def _window(atom: Atom, weights: Weights) -> Window:
    call = read_call(atom)
    one_dimensional = len(atom.shape) == 3
    stride, pad, dilation = call.pair(3, (1, 1)), call.pair(4, (0, 0)), call.pair(5, (1, 1))
    if one_dimensional:
        stride, pad, dilation = (1, stride[1]), (0, pad[1]), (1, dilation[1])
    size = weights.data.shape[1:3]
    return Window(size[0], size[1], *stride, *dilation, pad[0], pad[0], pad[1], pad[1])


def _owner(origins: tuple[str, ...]) -> str:
    return origins[0].rpartition(".")[0] if origins else ""


def lower_conv(ctx: Context, atom: Atom, x: Lowered) -> Lowered:
    """The convolution of `x` as an op of the graph."""
    call = read_conv(ctx, atom)
    call = replace(call, weights=call.weights.permuted(x.order))
    window, pad = _joined_padding(call, x)
    filters = classify(call.weights.data)
    hint = call.where or ("conv" if atom.base == "convolution" else "linear")
    unfold = filters.binary and ctx.unfolds(LinComb.atom(atom.index))
    if unfold:
        call = replace(call, weights=trainable(ctx.captured, call.weights, filters.signs))
    if isinstance(ctx.domain(x), Binary) and filters.binary and not (unfold and (x.offset != 0).any()):
        units = _in_units(x, pad, window)
        if units is not None:
            return _binary(ctx, replace(call, window=window, where=hint), x, filters, units)
    if call.groups > 1:
        raise _grouped(atom, call.groups, "its filters or what they read are not binary")
    _note_real(ctx, hint, x, filters)
    call = replace(call, window=window, where=hint)
    return _unfolded(ctx, call, x, filters, pad) if unfold else _real(ctx, call, x, filters, pad)


def _joined_padding(call: ConvCall, x: Lowered) -> tuple[Window, float]:
    """The window with the padding around `x` taken in, and the real number that stands on padding."""
    window, around = call.window, x.padding
    if around is None:
        return window, 0.0
    if np.isnan(around.value) or (window.pads and around.value != 0.0):
        why = "the padding would hold a different number for each channel"
        if window.pads:
            why = f"the convolution puts zeros around a border of {around.value:g}"
        raise Refused(
            Problem("unsupported-padding", "padding that is not one number everywhere", call.where, why)
        )
    joined = replace(
        window,
        pad_top=window.pad_top + around.top,
        pad_bottom=window.pad_bottom + around.bottom,
        pad_left=window.pad_left + around.left,
        pad_right=window.pad_right + around.right,
    )
    return joined, around.value


def _in_units(x: Lowered, pad: float, window: Window) -> tuple[float, float, int] | None:
    """Scale and offset of a ±1 input, and the padding as -1, 0 or +1 of it; None if it is none of them."""
    uniform = x.uniform
    if uniform is None:
        return None
    if not window.pads:
        return (*uniform, 0)
    unit = (pad - uniform[1]) / uniform[0]
    nearest = round(unit) if abs(unit) < 2 else 2
    return (*uniform, nearest) if abs(nearest) <= 1 and abs(unit - nearest) < 1e-6 else None


def _binary(
    ctx: Context, call: ConvCall, x: Lowered, filters: FilterClass, units: tuple[float, float, int]
) -> Lowered:
    scale, offset, pad = units
    alpha = float64(filters.alpha)
    sums = float64(filters.signs.reshape(len(alpha), -1).sum(1, dtype=np.int64))
    rounded = abs(np.frexp(scale)[0]) != 0.5 or (offset != 0 and abs(offset) != abs(scale))
    has_bias = call.bias is not None and bool(call.bias.any())
    accumulator = Accumulator(
        gain=alpha * scale,
        shift=alpha * offset * sums,
        divisor=1.0,
        bias=call.bias if has_bias else None,
        parities=_parities(call.window, ctx.shape(x), filters.signs.shape[3], pad),
        terms=filters.signs[0].size,
        exact=filters.exact and not rounded and not has_bias and not call.noisy,
    )
    op = (BinaryConv if call.groups == 1 else GroupedConv)(
        output=ctx.name(call.where),
        module=call.where,
        x=x.name,
        filter=call.weights.constant(filters.signs),
        window=call.window,
        pad_value=pad,
    )
    name = ctx.add(op, accumulator.scale, accumulator.offset)
    ctx.accumulators[name] = accumulator
    ctx.roundings[name] = Rounding(name, accumulator.terms, accumulator.exact)
    origins = merged(call.weights.origins, x.origins, call.bias_origins)
    return Lowered(name, accumulator.scale, accumulator.offset, origins=origins)


def _parities(window: Window, shape: tuple[int, int, int], channels: int, pad: int) -> frozenset[int]:
    """Values of the accumulator modulo 2: the parity of the taps that count, each of `channels` channels."""
    if pad or not window.pads:
        return frozenset({window.taps * channels % 2})
    classes = BorderClasses.of(window, shape)
    counts = [len(rows) * len(columns) for rows in classes.row_taps for columns in classes.column_taps]
    return frozenset(count * channels % 2 for count in counts)


def _note_real(ctx: Context, where: str, x: Lowered, filters: FilterClass) -> None:
    reasons = []
    if not isinstance(ctx.domain(x), Binary):
        reasons.append("its input is real-valued")
    elif x.uniform is None:
        reasons.append("its binary input has a scale for each channel")
    elif filters.binary:
        reasons.append("the padding of its binary input is neither of its two values nor their middle")
    if not filters.binary:
        reasons.append(filters.reason)
    ctx.note("real-layer", where, "stays in real arithmetic: " + "; ".join(reasons))


def _real(ctx: Context, call: ConvCall, x: Lowered, filters: FilterClass, pad: float) -> Lowered:
    data: NDArray[np.floating] = call.weights.data
    if filters.binary:
        data = filters.signs * filters.alpha.reshape(-1, 1, 1, 1)
    bias = None if call.bias is None else float64(call.bias)
    scaled = isinstance(ctx.domain(x), Binary) and (x.uniform is not None or not call.window.pads)
    if scaled and not x.is_plain:
        bias = (0.0 if bias is None else bias) + (float64(data) * x.offset).sum((1, 2, 3))
        data = float64(data) * x.scale
        pad = (pad - x.offset[0]) / x.scale[0] if call.window.pads else 0.0
    elif not scaled:
        x = ctx.real(x, call.x)
    origins = merged(call.weights.origins, x.origins if scaled else ())
    held = call.weights.constant(data) if filters.binary else Constant(np.ascontiguousarray(data), origins)
    op = RealConv(
        output=ctx.name(call.where),
        module=call.where,
        x=x.name,
        filter=held,
        window=call.window,
        bias=None if bias is None else Constant(bias, call.bias_origins),
        pad_value=float(pad),
    )
    name = ctx.add(op)
    if scaled and filters.unit is not None and float(pad).is_integer():
        ctx.lattices[name] = _lattice(op, float64(data))
    return Lowered.plain(name, op.out_channels)


def _unfolded(ctx: Context, call: ConvCall, x: Lowered, filters: FilterClass, pad: float) -> Lowered:
    """Real numbers through a filter of ±1; its magnitudes and the bias stay outside, as an affine map."""
    op = RealConv(
        output=ctx.name(call.where),
        module=call.where,
        x=ctx.real(x, call.x).name,
        filter=call.weights.constant(filters.signs),
        window=call.window,
        pad_value=pad,
    )
    alpha = float64(filters.alpha)
    bias = np.zeros_like(alpha) if call.bias is None else float64(call.bias)
    origins = merged(call.weights.origins, call.bias_origins)
    return Lowered(ctx.add(op), alpha, bias, origins=origins, module=call.where)


def _lattice(op: RealConv, data: NDArray[np.float64]) -> tuple[Accumulator, int]:
    """The numbers that a sum of ±1 times -a, 0 and a can be: bias + a * k for integers k up to a bound."""
    unit = np.abs(data).reshape(op.out_channels, -1).max(1)
    bias = np.zeros(len(unit), np.float32) if op.bias is None else op.bias.data.astype(np.float32)
    bound = op.filter.data[0].size * max(1, abs(int(op.pad_value)))
    accumulator = Accumulator(unit, np.zeros(len(unit)), 1.0, bias, frozenset({0, 1}), bound, False)
    return accumulator, bound

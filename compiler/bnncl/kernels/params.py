"""The parameter structs that several kernels take: window, border classes, steps, rescale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.types import Shape, TensorType
from bnncl.kernels.base import ConstArray, ParamStruct, Ref
from bnncl.kernels.packing import bit_words, dense
from bnncl.ops.epilogue import Epilogue, Rescale, Steps
from bnncl.ops.window import BorderClasses, Window

EpilogueKind = type[Steps] | type[Rescale] | None

INPUT, OUTPUT, SCRATCH = Ref("input", "0"), Ref("output"), Ref("scratch")
WINDOW = Ref("struct", "window")

_UINT16_MAX = 2**16 - 1
_UINT8_MAX = 2**8 - 1


@dataclass(frozen=True, eq=False)
class Bound:
    """A parameter struct, the arrays it points to, and the argument that passes it."""

    arrays: tuple[ConstArray, ...]
    structs: tuple[ParamStruct, ...]
    args: tuple[Ref, ...]


def window_fits(window: Window, shape: Shape, out: tuple[int, int]) -> bool:
    """Whether every size of the window and its maps fits the fields of `bnncl_window`."""
    sizes = (*shape[:2], *out, window.filter_h, window.filter_w, window.stride_h, window.stride_w)
    more = (window.dilation_h, window.dilation_w, window.pad_top, window.pad_left)
    return all(0 <= size <= _UINT16_MAX for size in (*sizes, *more)) and min(out) >= 1


def window_struct(window: Window, x: TensorType, out: TensorType, pad_value: int = 0) -> ParamStruct:
    """The `bnncl_window` of an op that reads `x` and makes `out`."""
    fields: tuple[tuple[str, int | Ref], ...] = (
        ("in_channels", x.channels),
        ("out_channels", out.channels),
        ("in_h", x.shape[0]),
        ("in_w", x.shape[1]),
        ("out_h", out.shape[0]),
        ("out_w", out.shape[1]),
        ("filter_h", window.filter_h),
        ("filter_w", window.filter_w),
        ("stride_h", window.stride_h),
        ("stride_w", window.stride_w),
        ("dilation_h", window.dilation_h),
        ("dilation_w", window.dilation_w),
        ("pad_top", window.pad_top),
        ("pad_left", window.pad_left),
        ("pad_value", pad_value),
    )
    return ParamStruct("window", "bnncl_window", fields)


def border_fits(classes: BorderClasses) -> bool:
    """Whether the class numbers fit the bytes that `bnncl_border` points to."""
    return max(classes.count) <= _UINT8_MAX


def border(classes: BorderClasses) -> Bound:
    """The `bnncl_border` of `classes`."""
    rows = dense("row_class", "uint8_t", np.array(classes.row_class, np.uint8), ("out_row",))
    columns = dense("column_class", "uint8_t", np.array(classes.column_class, np.uint8), ("out_column",))
    fields: tuple[tuple[str, int | Ref], ...] = (
        ("row_class", Ref("array", rows.name)),
        ("column_class", Ref("array", columns.name)),
        ("column_classes", classes.count[1]),
    )
    struct = ParamStruct("border", "bnncl_border", fields)
    return Bound((rows, columns), (struct,), (Ref("struct", "border"),))


def epilogue(how: Epilogue | None) -> Bound:
    """The struct of an epilogue; nothing where there is none."""
    if how is None:
        return Bound((), (), ())
    return _steps(how) if isinstance(how, Steps) else _rescale(how)


def _steps(how: Steps) -> Bound:
    at = dense("at", "int32_t", how.at.data.astype(np.int32), ("step", "out_channel"))
    first = bit_words("first", how.first.data < 0, ("out_channel",))
    fields: tuple[tuple[str, int | Ref], ...] = (
        ("at", Ref("array", at.name)),
        ("first", Ref("array", first.name)),
        ("count", how.count),
    )
    return Bound((at, first), (ParamStruct("steps", "bnncl_steps", fields),), (Ref("struct", "steps"),))


def _rescale(how: Rescale) -> Bound:
    axes = ("out_channel",)
    arrays = (
        dense("multiplier", "int32_t", how.multiplier.data.astype(np.int32), axes),
        dense("rescale_bias", "int64_t", how.bias.data.astype(np.int64), axes),
        dense("shift", "uint8_t", how.shift.data.astype(np.uint8), axes),
    )
    fields: tuple[tuple[str, int | Ref], ...] = (
        ("multiplier", Ref("array", "multiplier")),
        ("bias", Ref("array", "rescale_bias")),
        ("shift", Ref("array", "shift")),
        ("lo", how.lo),
        ("hi", how.hi),
        ("bits", how.bits),
    )
    struct = ParamStruct("rescale", "bnncl_rescale", fields)
    return Bound(arrays, (struct,), (Ref("struct", "rescale"),))


def epilogue_fits(how: Epilogue | None, kind: EpilogueKind) -> bool:
    """Whether an op's epilogue is of `kind`, None for none, and a rescale is to 8 or 16 bits."""
    if kind is None or how is None:
        return kind is None and how is None
    return isinstance(how, kind) and (isinstance(how, Steps) or how.bits in (8, 16))

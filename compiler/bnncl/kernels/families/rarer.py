"""Binary convolutions over the rows of -1 or of +1, whichever are fewer.

With every sign of the input turned, padding included, every accumulator is the negative of what it was. So
the kernels take a second set of constants, those of the op on the turned input, and the rest stays as it is:
acc >= t is -acc < 1 - t, the step at 1 - t taken the other way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.ir.values import Constant
from bnncl.kernels.base import Binding, ConstArray, ParamStruct, Places, Ref
from bnncl.kernels.families.measured import instruction_set
from bnncl.kernels.families.rows import RowsConv
from bnncl.kernels.packing import dense
from bnncl.ops.conv import UNSEEN_DENSITY, BinaryConv
from bnncl.ops.epilogue import NEVER, Steps
from bnncl.ops.window import BorderClasses
from bnncl.targets import Target

_MAX_USES = 2**8 - 1
_PER_NEGATED = 5.1
"""Instructions for each accumulator of an input whose signs are turned."""
_MAX_HALF = 2**31 - 1


@dataclass(frozen=True)
class _Counting:
    """Instructions for each word of the map, each pixel and each row whose ones are counted."""

    word: float
    pixel: float
    row: float


_COUNTING: Final = {
    "thumb2": _Counting(14.0, 10.0, 10.0),
    "v6m": _Counting(34.5, 15.0, 15.0),
    "rv32": _Counting(20.0, 10.0, 10.0),
}


class RarerConv(RowsConv):
    """A binary convolution over active rows that never adds more than half of them."""

    includes: ClassVar[tuple[str, ...]] = tuple(sorted((*RowsConv.includes, "bnncl/internal/rarer.h")))
    constant_time = False
    struct: ClassVar[str]
    doubled: ClassVar[tuple[str, ...]]
    """Arrays that this kernel has two of where they differ; `turned` says how far apart the first's are."""

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """What the kernels over active rows accept, where the uses of rows and columns fit their fields."""
        if not super().accepts(op, types, target):
            return False
        assert isinstance(op, BinaryConv)
        rows, columns = _uses(op, types[0])
        return max(rows.max(), columns.max()) <= _MAX_USES and _half(op, types[0]) <= _MAX_HALF

    def classes(self, op: BinaryConv, x: TensorType) -> BorderClasses:
        """All border classes: what counts as +1 counts as -1 once signs are turned."""
        return BorderClasses.of(op.window, x.shape)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Constants for the input as it is and as it is with every sign turned, and the uses."""
        assert isinstance(op, BinaryConv)
        once, turned = super().bind(op, types), super().bind(_on_turned(op), types)
        others = {array.name: array for array in turned.arrays if array.name in self.doubled}
        doubled = {
            array.name: _both(array, others[array.name])
            for array in once.arrays
            if array.name in others and not np.array_equal(array.data, others[array.name].data)
        }
        at = others[self.doubled[0]].data.size if self.doubled[0] in doubled else 0
        rows, columns = _uses(op, types[0])
        uses = (
            dense("row_uses", "uint8_t", rows.astype(np.uint8), ("in_row",)),
            dense("column_uses", "uint8_t", columns.astype(np.uint8), ("in_column",)),
        )
        more: tuple[tuple[str, int | Ref], ...] = (("turned", at), ("half", _half(op, types[0])))
        structs = tuple(
            self._with_uses(each, more) if each.name == self.struct else each for each in once.structs
        )
        arrays = (doubled.get(array.name, array) for array in once.arrays)
        return Binding((*arrays, *uses), structs, once.args)

    def _with_uses(self, struct: ParamStruct, more: tuple[tuple[str, int | Ref], ...]) -> ParamStruct:
        pointers = [(name, held) for name, held in struct.fields if isinstance(held, Ref)]
        pointers += [(name, Ref("array", name)) for name in ("row_uses", "column_uses")]
        numbers = [(name, held) for name, held in struct.fields if not isinstance(held, Ref)]
        return ParamStruct(struct.name, f"bnncl_rarer_{struct.name}", (*pointers, *numbers, *more))

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """That of the kernel over active rows, at the rarer sign's density, and of counting the ones."""
        assert isinstance(op, BinaryConv)
        density = min(op.expected_density, 1 - op.expected_density)
        rates, (height, width, _) = _COUNTING[instruction_set(target)], types[0].shape
        counted = height * (width * (types[0].words_per_pixel * rates.word + rates.pixel) + rates.row)
        negated = self._negated(op, types) if op.expected_density > UNSEEN_DENSITY else 0
        return super().cost(replace(op, density=density), types, target) + round(counted) + negated

    def worst_cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """That of a map of as many -1 as +1, or one more, so that its signs are turned."""
        assert isinstance(op, BinaryConv)
        even = self.cost(replace(op, density=UNSEEN_DENSITY), types, target)
        return even + self._negated(op, types)

    def _negated(self, op: BinaryConv, types: tuple[TensorType, ...]) -> int:
        return round(op.infer(*types).elements * _PER_NEGATED) if self.keeps_planes else 0


def _on_turned(op: BinaryConv) -> BinaryConv:
    """The op that makes of the input with every sign turned what `op` makes of the input, or its negative.

    With one step that is `op`'s own output; accumulators come out negative.
    """
    how = op.epilogue
    if isinstance(how, Steps):
        at = np.minimum(1 - how.at.data.astype(np.int64), NEVER).astype(np.int32)
        how = Steps(Constant(at), Constant(-how.first.data))
    return replace(op, pad_value=-op.pad_value, epilogue=how)


def _both(first: ConstArray, second: ConstArray) -> ConstArray:
    """Two arrays of one name, one behind the other."""
    ours, theirs = first.places, second.places
    size = int(np.prod([count for _, count in ours.axes]))
    index = np.concatenate([ours.index, np.where(theirs.index < 0, -1, theirs.index + size)])
    data = np.concatenate([first.data, second.data])
    return ConstArray(first.name, first.ctype, data, Places(index, (("turned", 2), *ours.axes)))


def _uses(op: BinaryConv, x: TensorType) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many output rows have a window on each input row, and the same for columns."""
    window = op.window
    rows = _covered(window.row_taps(x.shape[0]), window.stride_h, window.dilation_h, window.pad_top)
    columns = _covered(window.column_taps(x.shape[1]), window.stride_w, window.dilation_w, window.pad_left)
    return np.bincount(rows, minlength=x.shape[0]), np.bincount(columns, minlength=x.shape[1])


def _covered(taps: tuple[tuple[int, ...], ...], stride: int, dilation: int, pad: int) -> NDArray[np.int64]:
    """The input position of every tap inside of every output position."""
    found = [at * stride + tap * dilation - pad for at, inside in enumerate(taps) for tap in inside]
    return np.array(found, np.int64)


def _half(op: BinaryConv, x: TensorType) -> int:
    """Half of the rows that an input of -1 only would add in each group of outputs."""
    rows, columns = _uses(op, x)
    return int(rows.sum()) * int(columns.sum()) * x.channels // 2

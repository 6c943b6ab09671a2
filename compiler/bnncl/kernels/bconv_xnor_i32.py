"""`bnncl_bconv_xnor_i32`: word-parallel binary convolution to accumulators."""

from __future__ import annotations

from bnncl.ir.op import Op
from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Binding, Ref
from bnncl.kernels.families.xnor import XnorConv
from bnncl.kernels.params import INPUT, OUTPUT, SCRATCH, WINDOW, window_fits, window_struct
from bnncl.ops.tail.forward import FilterConv
from bnncl.targets import Target


class BconvXnorI32(XnorConv):
    """Word-parallel binary convolution to accumulators; its filter may be a state."""

    symbol = "bnncl_bconv_xnor_i32"
    epilogue_kind = None

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields, on every target."""
        if not isinstance(op, FilterConv):
            return super().accepts(op, types, target)
        out = op.window.out_size(types[0].shape)
        return types[0].domain == Binary() and window_fits(op.window, types[0].shape, out)

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The packed filter, or the state in its place, and the window."""
        if not isinstance(op, FilterConv):
            return super().bind(op, types)
        window = window_struct(op.window, types[0], op.infer(*types), op.pad_value)
        return Binding((), (window,), (INPUT, Ref("input", "1"), OUTPUT, SCRATCH, WINDOW))

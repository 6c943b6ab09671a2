"""Word-parallel binary convolutions: XOR, popcount, one output channel after the other."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.base import Binding, Kernel, Ref
from bnncl.kernels.families.measured import XNOR_I32, XNOR_SIGN, Work, instruction_set
from bnncl.kernels.packing import bit_words
from bnncl.kernels.params import (
    INPUT,
    OUTPUT,
    SCRATCH,
    WINDOW,
    EpilogueKind,
    epilogue,
    epilogue_fits,
    window_fits,
    window_struct,
)
from bnncl.ops.conv import BinaryConv
from bnncl.ops.tail.forward import FilterConv
from bnncl.targets import Target


class XnorConv(Kernel):
    """Any binary convolution whose epilogue is of `epilogue_kind`.

    The filter is stored as [out_channel][filter_h][filter_w][word], input channels in the bits.
    """

    family = "xnor"
    constant_time = True
    header = "bnncl/bconv.h"
    includes = (
        "bnncl/bits.h",
        "bnncl/epilogue.h",
        "bnncl/fixed.h",
        "bnncl/internal/bconv_xnor.h",
        "bnncl/internal/sink.h",
        "bnncl/internal/window.h",
        "bnncl/types.h",
    )
    epilogue_kind: ClassVar[EpilogueKind]

    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Every size that fits the window's fields, on every target."""
        if not isinstance(op, BinaryConv) or not epilogue_fits(op.epilogue, self.epilogue_kind):
            return False
        return window_fits(op.window, types[0].shape, op.window.out_size(types[0].shape))

    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """The packed filter, the epilogue and the window."""
        assert isinstance(op, BinaryConv)
        axes = ("out_channel", "filter_h", "filter_w", "in_channel")
        filter_words = bit_words("filter", op.filter.data < 0, axes)
        window = window_struct(op.window, types[0], op.infer(*types), op.pad_value)
        after = epilogue(op.epilogue)
        return Binding(
            (filter_words, *after.arrays),
            (*after.structs, window),
            (INPUT, Ref("array", "filter"), OUTPUT, SCRATCH, *after.args, WINDOW),
        )

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """The activations under one window."""
        assert isinstance(op, BinaryConv | FilterConv)
        return 4 * op.window.taps * types[0].words_per_pixel

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Instructions for each word of each output, each output, each gathered word and tap, each pixel."""
        assert isinstance(op, BinaryConv | FilterConv)
        work = Work.of(op, types[0], op.infer(*types))
        rates = (XNOR_I32 if self.epilogue_kind is None else XNOR_SIGN)[instruction_set(target)]
        taps = work.taps if op.pad_value == 0 else work.pixels * op.window.taps
        words = taps * types[0].words_per_pixel
        each = words * rates.word * work.outputs / work.pixels + work.outputs * rates.output
        return round(each + words * rates.gathered + taps * rates.tap + work.pixels * rates.pixel)

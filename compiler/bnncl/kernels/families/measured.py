"""What binary convolutions do, and the instructions that each part of it takes on each core.

The constants were fitted to counts in QEMU of one compiler at -O3, at one half density, over large and small
maps (`tests/kernels/test_costs.py`). Where none were fitted they are those of Thumb-2: for AArch64, whose
portable kernels over active rows take a tenth less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bnncl.ir.types import TensorType
from bnncl.numerics.bits import WORD_BITS, words_for
from bnncl.ops.conv import BinaryConv
from bnncl.ops.tail.forward import FilterConv
from bnncl.targets import TARGETS, Target

_SETS: Final = ("thumb2", "v6m", "rv32")


def instruction_set(target: Target) -> str:
    """The instruction set of a core, whatever its kernels may use of it."""
    features = TARGETS[target.name].features
    return next((name for name in _SETS if name in features), "thumb2")


@dataclass(frozen=True)
class Work:
    """How much there is of what takes time.

    `pixels` and `outputs` count the output; `taps` are those inside the map of all pixels, `lines` the filter
    rows inside of all pixels; `groups` are words of output channels, `rest` the outputs in words that are not
    full; `channels` are all elements of the input.
    """

    pixels: int
    outputs: int
    groups: int
    taps: int
    lines: int
    channels: int
    in_channels: int
    rest: int

    @classmethod
    def of(cls, op: BinaryConv | FilterConv, x: TensorType, out: TensorType) -> Work:
        """The work of `op` on `x`."""
        in_h, in_w, in_channels = x.shape
        out_h, out_w, channels = out.shape
        rows = sum(map(len, op.window.row_taps(in_h)))
        columns = [len(taps) for taps in op.window.column_taps(in_w)]
        return cls(
            pixels=out_h * out_w,
            outputs=out_h * out_w * channels,
            groups=words_for(channels),
            taps=rows * sum(columns),
            lines=rows * sum(count > 0 for count in columns),
            channels=in_h * in_w * in_channels,
            in_channels=in_channels,
            rest=out_h * out_w * (channels % WORD_BITS),
        )


@dataclass(frozen=True)
class RowsRates:
    """Instructions of the kernels over active rows.

    For each row of weights added; for each line, and each pixel, of each group; for each pixel; for each
    listed channel. `sums` is what accumulators take more for each group of a pixel.
    """

    row: float
    line: float
    group: float
    pixel: float
    channel: float
    sums: float


ROWS: Final = {
    "thumb2": RowsRates(6.3, 63.5, 36.4, 163.8, 3.4, 232.0),
    "v6m": RowsRates(7.2, 84.2, 117.8, 195.7, 4.4, 411.0),
    "rv32": RowsRates(7.9, 62.3, 0.0, 376.0, 4.6, 442.0),
}
PER_COPIED: Final = 8
"""Instructions that the kernel over active rows takes for each accumulator of a word that is not full."""

PORTABLE_ROWS: Final = {
    "thumb2": RowsRates(8.3, 86.4, 63.2, 169.4, 5.3, 334.0),
    "v6m": RowsRates(12.4, 143.6, 118.1, 226.6, 7.9, 680.0),
    "rv32": RowsRates(8.9, 88.2, 27.7, 212.1, 5.8, 448.0),
}


@dataclass(frozen=True)
class WideRates:
    """Instructions of the kernels over active rows of 128 or 256 lanes.

    For each row of weights added; for each line, and each vector that comes out, of each block; for each
    pixel; for each channel of the input, and each that is -1; for each group of 32 accumulators; for a call.
    """

    row: float
    line: float
    vector: float
    pixel: float
    channel: float
    listed: float
    sums: float
    call: float


WIDE: Final = {
    4: {
        "mve": WideRates(7.3, 89.0, 215.0, 117.0, 0.2, 5.7, 211.0, 650.0),
        "neon": WideRates(4.5, 107.0, 0.0, 165.0, 1.5, 0.0, 227.0, 627.0),
    },
    8: {
        "avx2": WideRates(6.7, 205.0, 386.0, 161.0, 2.1, 0.4, 366.0, 1159.0),
    },
}
"""By the words of a vector and the feature of a core that has the counting of its own."""

PORTABLE_WIDE: Final = {
    4: WideRates(42.0, 100.0, 1000.0, 150.0, 5.0, 0.0, 450.0, 1000.0),
    8: WideRates(74.0, 100.0, 2000.0, 150.0, 5.0, 0.0, 450.0, 1000.0),
}
"""By the words of a vector."""


@dataclass(frozen=True)
class VerticalRates:
    """Instructions of the vertical kernels.

    For each row of weights added; for each tap, and each pixel, of each group; for each pixel; for each
    listed channel; for each output that is an accumulator.
    """

    row: float
    tap: float
    group: float
    pixel: float
    channel: float
    output: float


VERTICAL: Final = {
    "thumb2": VerticalRates(9.4, 34.0, 300.0, 150.0, 6.4, 44.0),
    "v6m": VerticalRates(16.7, 46.0, 360.0, 230.0, 9.7, 67.7),
    "rv32": VerticalRates(10.7, 32.0, 310.0, 140.0, 6.6, 49.8),
}


@dataclass(frozen=True)
class XnorRates:
    """Instructions of the word-parallel kernels.

    For each word of each output; for each output; for each word, and each tap, that is gathered; for each
    pixel.
    """

    word: float
    output: float
    gathered: float
    tap: float
    pixel: float


XNOR_SIGN: Final = {
    "thumb2": XnorRates(14.5, 68.8, 16.5, 46.4, 117.1),
    "v6m": XnorRates(23.9, 127.7, 29.6, 58.1, 135.6),
    "rv32": XnorRates(18.8, 71.4, 28.0, 32.2, 92.6),
}
XNOR_I32: Final = {
    "thumb2": XnorRates(14.5, 45.3, 15.4, 45.2, 131.4),
    "v6m": XnorRates(19.3, 73.8, 21.7, 63.9, 181.1),
    "rv32": XnorRates(15.2, 48.9, 27.3, 28.2, 120.5),
}

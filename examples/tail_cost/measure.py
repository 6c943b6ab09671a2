"""Counts the three passes of a binary 3x3 convolution on emulated cores, in integers and in plain float32.

Both start from the same bits and gradients, and what they make is compared with the ops' meaning: numbers are
integers small enough for float32 to be exact. The float32 convolution is `float_conv.c`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.types import Binary, TensorType
from bnncl.kernels.base import Kernel
from bnncl.kernels.filter_accumulate_bits_pairs import FilterAccumulateBitsPairs
from bnncl.kernels.filter_conv_rows import FilterConvRows
from bnncl.kernels.filter_input_gradient_pairs import FilterInputGradientPairs
from bnncl.numerics.bits import pack
from bnncl.ops.tail.backward import FilterInputGradient
from bnncl.ops.tail.forward import FilterConv
from bnncl.ops.tail.parameters import AccumulateFilter
from bnncl.ops.window import Window
from bnncl.resources import runtime_dir
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_elf
from examples.stages import Json

HERE = Path(__file__).parent
PASSES = ("forward", "input_gradient", "filter_gradient")
KERNELS: tuple[Kernel, ...] = (FilterConvRows(), FilterInputGradientPairs(), FilterAccumulateBitsPairs())
WINDOW = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
FORWARD = FilterConv(x="x", y="w", output="y", window=WINDOW)
FLOAT_FLAGS = ("-ffp-contract=fast",)
_RUN_SECONDS = 600
_SHIFT = 3
_LIMIT = 2**20

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """A binary 3x3 convolution of `channels` to as many over a map of size x size, padded by zeros."""

    channels: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.channels}->{self.channels}, {self.size}x{self.size}"

    @cached_property
    def _drawn(self) -> tuple[Numbers, Numbers, Numbers]:
        """Inputs, signs and gradients, the same in every run."""
        rng = np.random.default_rng([self.channels, self.size])
        x = rng.choice((-1, 1), (self.size, self.size, self.channels))
        signs = rng.choice((-1, 1), (self.channels, WINDOW.taps, self.channels))
        gradient = rng.integers(-32767, 32768, x.shape) // 2**_SHIFT * 2**_SHIFT
        return x, signs, gradient

    def results(self) -> dict[str, Numbers]:
        """What each pass makes, by the ops' meaning."""
        x, signs, gradient = (each[None] for each in self._drawn)
        size, transposed = self.size, np.ascontiguousarray(signs.transpose(0, 2, 3, 1))
        back = FilterInputGradient(x="d", y="w", output="dx", window=WINDOW, in_h=size, in_w=size)
        more = AccumulateFilter(
            acc="acc",
            x="x",
            gradient="d",
            gradient_exponent="e",
            output="new",
            bias=0,
            exponent=_SHIFT,
            limit=_LIMIT,
            window=WINDOW,
        )
        made = (
            FORWARD.evaluate(x, signs),
            back.evaluate(gradient, transposed),
            more.evaluate(np.zeros_like(signs), x, gradient, np.zeros((1, 1, 1, 1), np.int64)),
        )
        return {name: np.asarray(each, np.int64) for name, each in zip(PASSES, made, strict=True)}

    def header(self) -> str:
        """The header tail_case.h that the C programs include."""
        x, signs, gradient = self._drawn
        lines = [
            "#include <stdint.h>",
            f"#define TAIL_CHANNELS {self.channels}u",
            f"#define TAIL_SIZE {self.size}u",
            "#define TAIL_BORDER 0u",
            f"#define TAIL_SHIFT {_SHIFT}",
            f"#define TAIL_LIMIT {_LIMIT}",
            c_array("uint32_t", "tail_input", pack(x)),
            c_array("uint32_t", "tail_signs", pack(signs)),
            c_array("int16_t", "tail_gradient", gradient),
            "#ifdef TAIL_INTEGER",
            c_array("uint32_t", "tail_transposed", pack(np.ascontiguousarray(signs.transpose(1, 2, 0)))),
            *self._planned(),
            "#endif",
        ]
        return "\n".join(lines) + "\n"

    def _planned(self) -> Iterator[str]:
        """What the forward pass is told, which is the same of rows and of columns."""
        x = TensorType((self.size, self.size, self.channels), Binary())
        signs = TensorType((self.channels, WINDOW.taps, self.channels), Binary())
        bound = KERNELS[0].bind(FORWARD, (x, signs))
        yield c_array("uint8_t", "tail_border", bound.arrays[0].data)
        for name, number in bound.structs[0].fields:
            yield f"#define TAIL_{name.upper()} {number}u"
        yield f"#define TAIL_SCRATCH {KERNELS[0].scratch_bytes(FORWARD, (x, signs))}u"


LAYERS = (Layer(64, 8), Layer(128, 4))


def c_array(ctype: str, name: str, data: NDArray[np.generic]) -> str:
    flat = ",".join(map(str, data.reshape(-1).tolist()))
    return f"static const {ctype} {name}[{data.size}] = {{{flat}}};"


def digest(numbers: Numbers) -> int:
    """What the programs say of a result: h = h * 31 + number, modulo 2**32, from 0."""
    made = 0
    for number in numbers.reshape(-1).tolist():
        made = (made * 31 + int(number)) & 0xFFFF_FFFF
    return made


def counted(layer: Layer, target: Target, *, floating: bool) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Instructions and digest of each pass on `target`."""
    counter = counter_files(target)
    paths = () if floating else sorted({path for kernel in KERNELS for path in kernel.sources(target)})
    kernels = tuple(runtime_dir() / path for path in paths)
    names = ("count_float.c", "float_conv.c") if floating else ("count_integer.c",)
    defines = counter.defines if floating else {**counter.defines, "TAIL_INTEGER": 1}
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "tail_case.h").write_text(layer.header())
        elf = compile_elf(
            target,
            (*(HERE / name for name in names), *kernels, *counter.sources),
            (Path(work), HERE, runtime_dir() / "include", *counter.include_dirs),
            defines,
            Path(work) / "cost.elf",
            extra=FLOAT_FLAGS,
        )
        said = run_elf(target, elf, _RUN_SECONDS, icount=target.emulator is not None).stdout
    rows = [line.split() for line in said.splitlines()]
    return {row[0]: int(row[1]) for row in rows}, {row[0]: int(row[2]) for row in rows}


def cost_of(layer: Layer, target: Target) -> Json:
    """Instructions of each pass on `target`, and how often those in integers fit into those in float32."""
    ours, _ = counted(layer, target, floating=False)
    theirs, _ = counted(layer, target, floating=True)
    pairs = {name: (ours[name], theirs[name]) for name in PASSES}
    pairs["all"] = (sum(ours.values()), sum(theirs.values()))
    return {
        name: {"integer": mine, "float32": plain, "float32_by_integer": round(plain / mine, 2)}
        for name, (mine, plain) in pairs.items()
    }


def tail_cost(layers: Iterable[Layer], targets: Iterable[Target]) -> Json:
    """All figures, by the names of `targets` and `layers`."""
    layers = tuple(layers)
    return {target.name: {layer.name: cost_of(layer, target) for layer in layers} for target in targets}

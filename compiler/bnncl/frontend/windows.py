"""Reads the geometry of convolution, pooling, padding and view calls."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.diagnostics import Problem
from bnncl.frontend.atoms import Atom, Operand
from bnncl.frontend.captured import Node
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Refused, unsupported
from bnncl.frontend.recognised import Padding
from bnncl.ops.window import Window


@dataclass(frozen=True)
class Call:
    """Arguments of an aten call in the order of its schema; missing ones are None."""

    base: str
    arguments: tuple[object, ...]

    def get(self, position: int, default: object = None) -> object:
        """The argument at `position`, or `default` where it was left out."""
        return self.arguments[position] if position < len(self.arguments) else default

    def pair(self, position: int, default: tuple[int, int]) -> tuple[int, int]:
        """Numbers for height and width; one number stands for both, an empty list for `default`."""
        given = self.get(position)
        numbers = [given] if isinstance(given, int) else list(given) if isinstance(given, tuple) else []
        if not numbers:
            return default
        assert all(isinstance(number, int) for number in numbers)
        return (numbers[0], numbers[-1])


def read_call(step: Atom | Node) -> Call:
    """The positional arguments of an atom or a captured call, with named ones appended by the caller."""
    arguments: tuple[object, ...] = step.operands if isinstance(step, Atom) else step.args
    return Call(step.op.split(".")[1], tuple(arguments))


@dataclass(frozen=True)
class Spatial:
    """Height and width before and after, of a call on (1, C, ...)."""

    before: tuple[int, int]
    after: tuple[int, int]

    @staticmethod
    def of(before: tuple[int, ...], after: tuple[int, ...]) -> Spatial:
        """The sizes of two captured shapes; a missing dimension is 1."""
        return Spatial((1, 1, *before[2:])[-2:], (1, 1, *after[2:])[-2:])  # type: ignore[arg-type]


def max_pool_window(step: Atom | Node, before: tuple[int, ...], after: tuple[int, ...]) -> Window:
    """Window of a max pool; with ceil_mode as much padding below and right as the last windows need."""
    call = read_call(step)
    size = call.pair(1, (1, 1))
    stride, pad, dilation = call.pair(2, size), call.pair(3, (0, 0)), call.pair(4, (1, 1))
    ends = list(pad)
    if call.get(5, False):
        spatial = Spatial.of(before, after)
        for axis in (0, 1):
            span = dilation[axis] * (size[axis] - 1) + 1
            needed = (spatial.after[axis] - 1) * stride[axis] + span - spatial.before[axis] - pad[axis]
            ends[axis] = max(pad[axis], needed)
    return Window(*size, *stride, *dilation, pad[0], ends[0], pad[1], ends[1])


def slice_window(step: Atom | Node, before: tuple[int, ...], after: tuple[int, ...]) -> Window | None:
    """The window of a slice that takes every so many rows or columns from the first on; None for all."""
    if before == after:
        return None
    call = read_call(step)
    dim, start, every = call.get(1, 0), call.get(2), call.get(4, 1)
    assert isinstance(dim, int)
    assert isinstance(every, int)
    axis = dim % len(before)
    whole = len(before) > 2 and axis >= 2 and not start and after[axis] == -(-before[axis] // every)
    if not whole:
        raise Refused(
            Problem(
                "unsupported-op",
                f"{step.op} takes {after[axis]} of {before[axis]} along dimension {axis}",
                step.module,
                "only every so many rows or columns, from the first on, can be taken (x[..., ::2, ::2])",
                "use a strided convolution, or a pool",
            )
        )
    return Window(stride_w=every) if axis == len(before) - 1 else Window(stride_h=every)


def average_pool_window(atom: Atom, before: tuple[int, ...]) -> tuple[Window, float]:
    """Window and divisor of an average pool, or of a mean over all positions."""
    spatial = Spatial.of(before, atom.shape)
    if atom.base == "mean":
        _check_mean(atom, len(before))
        return Window(*spatial.before), float(spatial.before[0] * spatial.before[1])
    if atom.base.endswith("adaptive_avg_pool2d"):
        return _adaptive_window(atom, spatial)
    call = read_call(atom)
    size = call.pair(1, (1, 1))
    stride, pad = call.pair(2, size), call.pair(3, (0, 0))
    if not call.get(5, True) and any(pad):
        raise unsupported(
            atom,
            "average pooling with count_include_pad=False and padding",
            "the divisor then differs between the border and the middle",
            "use count_include_pad=True, or pool without padding",
        )
    window = Window(*size, *stride, 1, 1, pad[0], pad[0], pad[1], pad[1])
    if window.out_size((*spatial.before, 1)) != spatial.after:
        raise unsupported(
            atom,
            "average pooling with ceil_mode=True and a ragged last window",
            "the divisor then differs between the border and the middle",
            "use ceil_mode=False or a size that divides the map",
        )
    divisor = call.get(6)
    return window, float(divisor) if isinstance(divisor, int) else float(window.taps)


def _check_mean(atom: Atom, rank: int) -> None:
    dims = atom.operands[1] if len(atom.operands) > 1 else atom.named.get("dim")
    given = dims if isinstance(dims, tuple) else (dims,)
    chosen = sorted(dim % rank for dim in given if isinstance(dim, int))
    if rank < 3 or chosen != list(range(2, rank)):
        raise unsupported(
            atom,
            f"mean over dimensions {list(given)} of {rank}",
            "only the mean over all positions of each channel is known (global average pooling)",
        )


def _adaptive_window(atom: Atom, spatial: Spatial) -> tuple[Window, float]:
    if any(b % a for b, a in zip(spatial.before, spatial.after, strict=True)):
        raise unsupported(
            atom,
            f"adaptive average pooling from {spatial.before} to {spatial.after}",
            "its windows overlap and differ in size",
            "choose an output size that divides the map",
        )
    size = tuple(b // a for b, a in zip(spatial.before, spatial.after, strict=True))
    return Window(*size, *size), float(size[0] * size[1])


def constant_padding(step: Atom | Node) -> Padding:
    """What `constant_pad_nd` puts around a map."""
    call = read_call(step)
    amounts, value = call.get(1), call.get(2, 0.0)
    assert isinstance(amounts, tuple)
    assert isinstance(value, int | float)
    numbers = [amount for amount in amounts if isinstance(amount, int)]
    left, right, top, bottom, *rest = [*numbers, 0, 0, 0, 0][: max(4, len(numbers))]
    if any(rest) or min(numbers) < 0:
        message = f"padding by {numbers} crops, or pads channels"
        raise Refused(Problem("unsupported-padding", message, step.module))
    return Padding(top, bottom, left, right, float(value))


def only_read(atom: Atom) -> LinComb:
    """The one value that the call reads first."""
    first: Operand = atom.operands[0]
    if not isinstance(first, LinComb):
        raise unsupported(atom, f"{atom.op} of a constant by a value that depends on the input")
    return first

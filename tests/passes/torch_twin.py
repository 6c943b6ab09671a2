"""A lowered tail in torch: every op in real numbers, its result the integer one, its gradient autograd's.

After each op the real number is replaced with what the integers stand for, straight through. Both sides then
take their gradients at the same point, and only the rounding of gradients can tell them apart.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from bnncl.interp import run
from bnncl.ir.op import Op
from bnncl.ir.types import Binary
from bnncl.learn.baselines.traced_tail import sign
from bnncl.ops.add import Add
from bnncl.ops.elementwise import Requantize
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, SignAt, SlopedUnit
from bnncl.ops.window import Window

from .integer_tails import Learned


class Twin:
    """The forward half of `learned` in torch, over real parameters."""

    def __init__(self, learned: Learned) -> None:
        self.learned = learned
        forward = learned.forward
        self.parameters: dict[str, Tensor] = {}
        self.latent_of = {state.name: state.of for state in forward.states if state.role == "signs"}
        for state in forward.states:
            if state.role != "signs":
                real = state.meaning.real(state.initial.data)
                self.parameters[state.name] = torch.tensor(real, requires_grad=True)

    def gradients(self) -> dict[str, np.ndarray]:
        """Gradients of all parameters by autograd, shapes as in the integer graph."""
        graph = self.learned.forward.graph
        integers = {graph.inputs[0]: self.learned.samples, **self.learned.states}
        integers = run(graph, {name: integers[name] for name in graph.inputs})
        values: dict[str, Tensor] = {graph.inputs[0]: nchw(self.learned.samples)}
        for op in graph.ops:
            if op.output in self.learned.forward.training:
                continue
            made = self._real(op, values)
            exact = nchw(integers[op.output] * self._unit(op.output))
            values[op.output] = made + (exact - made).detach()
        features = values[graph.outputs[0]].permute(0, 2, 3, 1).flatten(1)
        features.backward(torch.tensor(self.learned.feature_gradients()))
        return {name: each.grad.numpy() for name, each in self.parameters.items()}

    def _unit(self, name: str) -> float:
        value = self.learned.forward.graph.values[name]
        binary = isinstance(value.type.domain, Binary)
        return 1.0 if binary or value.meaning is None else float(value.meaning.scale[0])

    def _wide(self, name: str) -> Tensor:
        return self.parameters[name].reshape(1, -1, 1, 1)

    def _real(self, op: Op, values: dict[str, Tensor]) -> Tensor:
        x = values[op.inputs[0]]
        if isinstance(op, FilterConv):
            return self._conv(op, x)
        if isinstance(op, ChannelAffine):
            return x * self._wide(op.scale) + self._wide(op.offset)
        if isinstance(op, SlopedUnit):
            above = x if op.positive is None else x * self._wide(op.positive)
            return torch.where(x < 0, x * self._wide(op.slope), above)
        if isinstance(op, SignAt):
            return sign(x + self._wide(op.y), self.learned.settings.ste)
        if isinstance(op, Requantize):
            return self._requantised(op, x)
        if isinstance(op, Add):
            return x + values[op.y]
        if isinstance(op, SumPool):
            return F.avg_pool2d(x, *pool(op.window), divisor_override=1)
        if isinstance(op, MaxPool):
            return F.max_pool2d(x, *pool(op.window))
        assert isinstance(op, Flatten), op
        return x.permute(0, 2, 3, 1).flatten(1)[:, :, None, None]

    def _conv(self, op: FilterConv, x: Tensor) -> Tensor:
        latent, window = self.parameters[self.latent_of[op.y]], op.window
        signs = torch.where(latent >= 0, 1.0, -1.0)
        filter_ = latent + (signs - latent).detach()
        filter_ = filter_.reshape(len(latent), window.filter_h, window.filter_w, -1).permute(0, 3, 1, 2)
        sides = (window.pad_left, window.pad_right, window.pad_top, window.pad_bottom)
        padded = F.pad(x, sides, value=float(op.pad_value))
        return F.conv2d(padded, filter_, stride=(window.stride_h, window.stride_w))

    def _requantised(self, op: Requantize, x: Tensor) -> Tensor:
        units = self._unit(op.output) / self._unit(op.x)
        multiplier = op.rescale.multiplier.data.astype(np.float64)
        slope = np.ldexp(multiplier, -op.rescale.shift.data.astype(int)) * units
        made = x * torch.tensor(slope).reshape(1, -1, 1, 1)
        if op.output not in self.learned.forward.masks:
            return made
        unit = self._unit(op.output)
        return made.clamp(op.rescale.lo * unit, op.rescale.hi * unit)


def nchw(array: np.ndarray) -> Tensor:
    return torch.tensor(array.astype(np.float64)).permute(0, 3, 1, 2)


def pool(window: Window) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Arguments of torch's pools."""
    assert (window.pad_top, window.pad_left) == (window.pad_bottom, window.pad_right)
    strides, pads = (window.stride_h, window.stride_w), (window.pad_top, window.pad_left)
    return (window.filter_h, window.filter_w), strides, pads


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    """Of the angle between two arrays; 1 where both are 0."""
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float((x * y).sum()) / lengths if lengths else float(not x.any() and not y.any())

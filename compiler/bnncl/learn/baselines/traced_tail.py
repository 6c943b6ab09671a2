"""A tail in float32 as a torch module, made from the traced graph: what the integers are compared with.

Its parameters are those that the device trains: latent weights of binary filters, scale and offset over
statistics frozen at compile time, slopes, and offsets of signs (PAPERS section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary
from bnncl.ops.add import RealAdd
from bnncl.ops.conv import BinaryConv, Conv
from bnncl.ops.elementwise import RealAffine, RealClamp, RealPRelu
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import AveragePool, MaxPool, SumPool
from bnncl.ops.threshold import RealThreshold
from bnncl.ops.window import Window
from bnncl.passes.tail.forward import behind_convolutions, merged_affines, signs_before_pools

Ste = Literal["clip", "approxsign", "identity"]
_LEAST_DEVIATION = 2.0**-6
"""Least standard deviation of a channel, by the root mean square of all of them."""


class _Sign(torch.autograd.Function):
    """+1 where x >= 0, else -1; the gradient is that of the estimator named by the second argument."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, ste: Ste) -> Tensor:  # noqa: ANN401 - torch does not type it
        ctx.save_for_backward(x)
        ctx.ste = ste
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (x,), ste = ctx.saved_tensors, ctx.ste
        if ste == "clip":
            return gradient * (x.abs() <= 1), None
        if ste == "approxsign":
            return gradient * 2 * (1 - x.abs()).clamp(min=0), None
        return gradient, None


def sign(x: Tensor, ste: Ste) -> Tensor:
    """+1 where x >= 0, else -1, with the straight-through estimator `ste`."""
    made: Tensor = _Sign.apply(x, ste)  # type: ignore[no-untyped-call]
    return made


class TracedTail(nn.Module):
    """The TRACED `graph`, whose one input is binary, as a function of latents (N, C, H, W) of ±1.

    Gives features (N, F) in the graph's own order. `latents` (N, H, W, C) of ±1 are what the statistics of
    each scale are measured on. `filters`, `scales`, `offsets`, `slopes` and `signs` hold the parameters by
    the name of the op's output, `statistics` mean and deviation behind a convolution.
    """

    def __init__(self, graph: Graph, latents: Array, ste: Ste = "clip") -> None:
        super().__init__()
        graph = signs_before_pools(merged_affines(graph))
        self._graph, self._ste, self._normalised = graph, ste, behind_convolutions(graph)
        self.filters: dict[str, nn.Parameter] = {}
        self.scales: dict[str, nn.Parameter] = {}
        self.offsets: dict[str, nn.Parameter] = {}
        self.slopes: dict[str, nn.Parameter] = {}
        self.positives: dict[str, nn.Parameter] = {}
        self.signs: dict[str, nn.Parameter] = {}
        self.statistics: dict[str, tuple[Tensor, Tensor]] = {}
        self._steps = [(op, self._step(op)) for op in graph.ops]
        with torch.no_grad():
            self.forward(_nchw(latents))
        held = (self.filters, self.scales, self.offsets, self.slopes, self.positives, self.signs)
        self._held = nn.ParameterList(each for kind in held for each in kind.values())

    def forward(self, latents: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """Features (N, F); values of the graph that are `given`, (N, C, H, W), are not computed."""
        values = {self._graph.inputs[0]: latents, **(given or {})}
        for op, step in self._steps:
            if op.output not in values:
                values[op.output] = step(*(values[name] for name in op.inputs))
        return values[self._graph.outputs[0]].permute(0, 2, 3, 1).flatten(1)

    def clip(self) -> None:
        """Latent weights into -1..1, as after each step of SGD."""
        with torch.no_grad():
            for each in self.filters.values():
                each.clamp_(-1, 1)

    def _step(self, op: Op) -> Callable[..., Tensor]:
        if isinstance(op, Conv):
            return self._conv(op)
        if isinstance(op, RealAffine):
            return self._affine(op)
        if isinstance(op, RealPRelu):
            return self._prelu(op)
        if isinstance(op, RealThreshold):
            self.signs[op.output] = _vector(-op.at.data[0])
            return lambda x: sign(x + _wide(self.signs[op.output]), self._ste)
        return _fixed(op)

    def _conv(self, op: Conv) -> Callable[..., Tensor]:
        latent = op.filter.latent
        assert latent is not None, f"{op.output} cannot be trained"
        self.filters[op.output] = nn.Parameter(torch.from_numpy(latent.transpose(0, 3, 1, 2).copy()))
        window, pad = op.window, float(getattr(op, "pad_value", 0))
        magnitude = torch.ones(op.out_channels)
        if not isinstance(op, BinaryConv):
            flat = np.abs(op.filter.data.reshape(op.out_channels, -1))
            magnitude = torch.from_numpy(flat.mean(1).astype(np.float32))

        def run(x: Tensor) -> Tensor:
            weights = sign(self.filters[op.output], "clip") * magnitude[:, None, None, None]
            strides, dilations = (window.stride_h, window.stride_w), (window.dilation_h, window.dilation_w)
            return F.conv2d(_padded(x, window, pad), weights, stride=strides, dilation=dilations)

        return run

    def _affine(self, op: RealAffine) -> Callable[..., Tensor]:
        scale, offset = _vector(op.scale.data), _vector(op.offset.data)
        if isinstance(self._graph.type_of(op.x).domain, Binary):
            return lambda x: x * _wide(scale.detach()) + _wide(offset.detach())
        if op.output not in self._normalised:
            self.statistics[op.output] = torch.zeros(len(scale)), torch.ones(len(scale))
            self.scales[op.output], self.offsets[op.output] = scale, offset

        def run(x: Tensor) -> Tensor:
            if op.output not in self.statistics:
                self.statistics[op.output] = mean, deviation = _moments(x)
                self.scales[op.output] = nn.Parameter(scale.detach() * deviation)
                self.offsets[op.output] = nn.Parameter(offset.detach() + scale.detach() * mean)
            mean, deviation = self.statistics[op.output]
            normal = (x - _wide(mean)) / _wide(deviation)
            return normal * _wide(self.scales[op.output]) + _wide(self.offsets[op.output])

        return run

    def _prelu(self, op: RealPRelu) -> Callable[..., Tensor]:
        self.slopes[op.output] = _vector(op.slope.data)
        if op.positive is not None:
            self.positives[op.output] = _vector(op.positive.data)

        def run(x: Tensor) -> Tensor:
            above = x if op.positive is None else x * _wide(self.positives[op.output])
            return torch.where(x < 0, x * _wide(self.slopes[op.output]), above)

        return run


def _fixed(op: Op) -> Callable[..., Tensor]:
    """An op without parameters."""
    if isinstance(op, RealAdd):
        return torch.add
    if isinstance(op, RealClamp):
        return lambda x: x.clamp(op.lo, op.hi)
    if isinstance(op, Flatten):
        return lambda x: x.permute(0, 2, 3, 1).flatten(1)[:, :, None, None]
    assert isinstance(op, AveragePool | SumPool | MaxPool), op
    divisor = op.divisor if isinstance(op, AveragePool) else 1.0
    if isinstance(op, MaxPool):
        return lambda x: _windows(x, op.window, -torch.inf).amax(2)
    return lambda x: _windows(x, op.window, 0.0).sum(2) / divisor


def _windows(x: Tensor, window: Window, pad: float) -> Tensor:
    """The elements under each window, (N, C, taps, out_h, out_w)."""
    size, channels = (window.filter_h, window.filter_w), x.shape[1]
    padded = _padded(x, window, pad)
    strides, dilations = (window.stride_h, window.stride_w), (window.dilation_h, window.dilation_w)
    columns = F.unfold(padded, size, dilation=dilations, stride=strides)
    out_h = (padded.shape[2] - dilations[0] * (size[0] - 1) - 1) // strides[0] + 1
    return columns.reshape(len(x), channels, window.taps, out_h, -1)


def _padded(x: Tensor, window: Window, value: float) -> Tensor:
    if not window.pads:
        return x
    return F.pad(x, (window.pad_left, window.pad_right, window.pad_top, window.pad_bottom), value=value)


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, the latter not too small."""
    mean, deviation = x.mean((0, 2, 3)), x.std((0, 2, 3), correction=0)
    floor = _LEAST_DEVIATION * x.square().mean().sqrt().clamp(min=1e-6)
    return mean, torch.maximum(deviation, floor)


def _vector(data: Array) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.asarray(data, np.float32).copy()))


def _wide(vector: Tensor) -> Tensor:
    return vector[None, :, None, None]


def _nchw(latents: Array) -> Tensor:
    return torch.from_numpy(latents.astype(np.float32)).permute(0, 3, 1, 2).contiguous()


__all__ = ["Ste", "TracedTail", "sign"]

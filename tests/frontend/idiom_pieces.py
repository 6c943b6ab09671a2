"""Sign functions and binary layers as real code bases write them: the pieces of the zoo."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]


class _SignFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sign(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1)


def sign_function(x: Tensor) -> Tensor:
    return _SignFunction.apply(x)


def sign_in_place(x: Tensor) -> Tensor:
    out = x.clone()
    return out.div_(2.0).sign_().mul_(1.0)


def sign_polynomial_ste(x: Tensor) -> Tensor:
    mask1, mask2, mask3 = x < -1, x < 0, x < 1
    out1 = (-1) * mask1.float() + (x * x + 2 * x) * (1 - mask1.float())
    out2 = out1 * mask2.float() + (-x * x + 2 * x) * (1 - mask2.float())
    poly = out2 * mask3.float() + 1 * (1 - mask3.float())
    return torch.sign(x).detach() - poly.detach() + poly


def sign_clamp_ste(x: Tensor) -> Tensor:
    clamped = torch.clamp(x, -1, 1)
    return (torch.sign(x) - clamped).detach() + clamped


def sign_from_ge(x: Tensor) -> Tensor:
    return 2 * (x >= 0).float() - 1


def sign_from_where(x: Tensor) -> Tensor:
    return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))


def sign_from_where_scalars(x: Tensor) -> Tensor:
    return torch.where(x >= 0, 1.0, -1.0)


def sign_ties_up(x: Tensor) -> Tensor:
    out = x.sign()
    out[out == 0] = 1
    return out


def sign_by_data(x: Tensor) -> Tensor:
    out = x.clone()
    out.data = torch.sign(out.data)
    return out


def sign_by_hardtanh(x: Tensor) -> Tensor:
    return torch.sign(F.hardtanh(x, inplace=False))


SIGNS: dict[str, Activation] = {
    "function": sign_function,
    "in_place": sign_in_place,
    "polynomial_ste": sign_polynomial_ste,
    "clamp_ste": sign_clamp_ste,
    "ge": sign_from_ge,
    "where": sign_from_where,
    "where_scalars": sign_from_where_scalars,
    "ties_up": sign_ties_up,
    "data": sign_by_data,
    "hardtanh": sign_by_hardtanh,
}


class ConvByData(nn.Conv2d):
    """Keeps real weights in `weight_org` and overwrites `weight.data` with their signs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_org = nn.Parameter(self.weight.data.clone())

    def forward(self, x):
        self.weight.data = torch.sign(self.weight_org.data)
        return self._conv_forward(x, self.weight, self.bias)


class ConvByOrg(nn.Conv2d):
    """Keeps real weights in an attribute of the parameter that the first forward pass makes."""

    def forward(self, x):
        if not hasattr(self.weight, "org"):
            self.weight.org = self.weight.data.clone()
        self.weight.data = self.weight.org.sign()
        return self._conv_forward(x, self.weight, self.bias)


class ConvSte(nn.Conv2d):
    """Weights `sign(w).detach() - w.detach() + w`."""

    def forward(self, x):
        weight = self.weight.sign().detach() - self.weight.detach() + self.weight
        return self._conv_forward(x, weight, self.bias)


class ConvFunction(nn.Conv2d):
    """Weights through a sign function of autograd."""

    def forward(self, x):
        return self._conv_forward(x, _SignFunction.apply(self.weight), self.bias)


class ConvScaled(nn.Conv2d):
    """Weights `mean|w| * sign(w)` per output channel."""

    def forward(self, x):
        scale = self.weight.abs().mean((1, 2, 3), keepdim=True).detach()
        return self._conv_forward(x, scale * _SignFunction.apply(self.weight), self.bias)


class ConvScaledSte(nn.Conv2d):
    """The same with a clamped straight-through estimator, as a product before the convolution."""

    def forward(self, x):
        scale = self.weight.abs().mean((1, 2, 3), keepdim=True).detach()
        signs = scale * torch.sign(self.weight)
        clipped = torch.clamp(self.weight, -1.0, 1.0)
        return self._conv_forward(x, signs.detach() - clipped.detach() + clipped, self.bias)


CONVS: dict[str, type[nn.Conv2d]] = {
    "data": ConvByData,
    "org": ConvByOrg,
    "ste": ConvSte,
    "function": ConvFunction,
    "scaled": ConvScaled,
    "scaled_ste": ConvScaledSte,
}


class LinearSte(nn.Linear):
    """A linear layer with weights `sign(w).detach() - w.detach() + w`."""

    def forward(self, x):
        weight = self.weight.sign().detach() - self.weight.detach() + self.weight
        return F.linear(x, weight, self.bias)

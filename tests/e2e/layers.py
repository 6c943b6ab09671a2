"""Binary layers as users write them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Sign(torch.autograd.Function):
    """+1 for x >= 0, else -1; gradients pass where |x| <= 1."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1)


class BinaryConv(nn.Conv2d):
    """Convolution with weights ±1, or ±mean|W| of each filter."""

    def __init__(self, *args, alpha: bool = False, one_padding: bool = False, **kwargs):
        padding = kwargs.pop("padding", 0)
        super().__init__(
            *args, padding=0 if one_padding else padding, bias=kwargs.pop("bias", False), **kwargs
        )
        self.alpha, self.one_padding = alpha, padding if one_padding else 0

    def forward(self, x):
        weight = Sign.apply(self.weight)
        if self.alpha:
            weight = weight * self.weight.abs().mean((1, 2, 3), keepdim=True)
        if self.one_padding:
            x = F.pad(x, (self.one_padding,) * 4, value=1.0)
        return self._conv_forward(x, weight, self.bias)


class BinaryLinear(nn.Linear):
    """Linear layer with weights ±1."""

    def forward(self, x):
        return F.linear(x, Sign.apply(self.weight), self.bias)


class SignLayer(nn.Module):
    """Sign as a module."""

    def forward(self, x):
        return Sign.apply(x)

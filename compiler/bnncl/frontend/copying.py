"""Copies modules so that running the copy leaves the original exactly as it was."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from bnncl.diagnostics import Problem, UnsupportedModel


def copy_module(module: nn.Module) -> nn.Module:
    """A copy of `module` in eval mode that shares no tensor with it.

    Unlike `copy.deepcopy` alone it keeps attributes that were put on parameters (such as the real-valued
    `weight.org` of some binary layers) and copies tensors that are results of a forward pass.
    """
    memo: dict[int, Any] = {}
    for part in module.modules():
        for attribute in (part.__dict__, part._parameters, part._buffers):
            for value in attribute.values():
                if isinstance(value, torch.Tensor) and id(value) not in memo:
                    memo[id(value)] = _copy_tensor(value)
    try:
        duplicate = copy.deepcopy(module, memo)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise UnsupportedModel(
            Problem(
                "cannot-copy-module",
                f"copy.deepcopy of the module failed: {error}",
                why="the forward pass is run on a copy, so that your module stays as it is",
                hint="remove what cannot be copied (open files, say) from its attributes",
            )
        ) from error
    return duplicate.eval()


def _copy_tensor(tensor: torch.Tensor) -> torch.Tensor:
    data = tensor.detach().clone(memory_format=torch.preserve_format)
    result = nn.Parameter(data, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else data
    for name, value in getattr(tensor, "__dict__", {}).items():
        kept = value.detach().clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)
        setattr(result, name, kept)
    return result

"""Copies modules so that running the copy leaves the original exactly as it was."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from bnncl.diagnostics import Problem, UnsupportedModel


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside `torch.compile` and data-parallel wrappers, which change nothing that it computes."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if isinstance(module, nn.DataParallel):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def copy_module(module: nn.Module) -> nn.Module:
    """A copy of `module` in eval mode that shares no tensor with it.

    Unlike `copy.deepcopy` alone it keeps attributes that were put on parameters (such as the real-valued
    `weight.org` of some binary layers) and copies tensors that are results of a forward pass. Tensors that
    share memory with each other share it in the copy too.
    """
    memo: dict[int, Any] = {}
    storages: dict[int, torch.UntypedStorage] = {}
    for part in module.modules():
        for attribute in (part.__dict__, part._parameters, part._buffers):
            for value in attribute.values():
                if isinstance(value, torch.Tensor) and id(value) not in memo:
                    memo[id(value)] = _copy_tensor(value, storages)
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


def _copy_tensor(tensor: torch.Tensor, storages: dict[int, torch.UntypedStorage]) -> torch.Tensor:
    data = _copy_data(tensor.detach(), storages)
    result = nn.Parameter(data, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else data
    for name, value in getattr(tensor, "__dict__", {}).items():
        kept = (
            _copy_data(value.detach(), storages) if isinstance(value, torch.Tensor) else copy.deepcopy(value)
        )
        setattr(result, name, kept)
    return result


def _copy_data(tensor: torch.Tensor, storages: dict[int, torch.UntypedStorage]) -> torch.Tensor:
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        return tensor.clone()
    storage = tensor.untyped_storage()
    if storage._cdata not in storages:
        storages[storage._cdata] = storage.clone()  # type: ignore[no-untyped-call]
    place = (tensor.storage_offset(), tensor.size(), tensor.stride())
    return torch.empty(0, dtype=tensor.dtype).set_(storages[storage._cdata], *place)

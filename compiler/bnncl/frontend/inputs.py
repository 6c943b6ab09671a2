"""Checks the arrays that users give beside a model: examples, calibration samples, labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from bnncl.diagnostics import Problem, UsageError
from bnncl.frontend.captured import dtype_name

INPUT_DTYPES = (torch.float32, torch.uint8, torch.int8)


def example_tensor(example: object) -> torch.Tensor:
    """The one tensor (N, ...) in `example`, checked: a known element type, a batch of at least 1, finite."""
    given = list(_leaves(example))
    if len(given) != 1:
        raise UsageError(
            Problem(
                "several-inputs",
                f"the example holds {len(given)} tensors, a model must take exactly one",
                "example",
                hint="wrap the model in a module whose forward takes one tensor",
            )
        )
    tensor = given[0]
    if not isinstance(tensor, torch.Tensor):
        raise UsageError(Problem("example-type", f"a {type(tensor).__name__} is not a tensor", "example"))
    _check_example(tensor)
    return tensor.detach()


def _check_example(tensor: torch.Tensor) -> None:
    if tensor.dtype not in INPUT_DTYPES:
        raise UsageError(
            Problem(
                "example-dtype",
                f"its elements are {dtype_name(tensor.dtype)}",
                "example",
                "the input of a model is float32, uint8 or int8",
                "convert it with .float()",
            )
        )
    if tensor.dim() < 2 or tensor.numel() == 0:
        raise UsageError(
            Problem(
                "example-shape",
                f"its shape is {tuple(tensor.shape)}",
                "example",
                "an example is a batch: the first dimension counts samples, the others are one sample's",
                "add a batch dimension with .unsqueeze(0)",
            )
        )
    if not bool(torch.isfinite(tensor).all()):
        raise UsageError(Problem("example-not-finite", "it holds NaN or infinity", "example"))


def _leaves(nested: object) -> list[object]:
    if isinstance(nested, Mapping):
        nested = list(nested.values())
    if isinstance(nested, tuple | list):
        return [leaf for item in nested for leaf in _leaves(item)]
    if isinstance(nested, np.ndarray):
        return [torch.from_numpy(np.array(nested))]
    return [nested]

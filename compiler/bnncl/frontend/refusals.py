"""The calls that a capture cannot follow, and what the user is told about each."""

from __future__ import annotations

import torch
from torch._ops import OpOverload

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.graph_builder import Place
from bnncl.frontend.location import Location


def check_layout(func: OpOverload, tensors: list[torch.Tensor], location: Location) -> None:
    """Raise UnsupportedModel unless all of `tensors` are dense and on the CPU."""
    for tensor in tensors:
        if tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise UnsupportedModel(
                Problem(
                    "unsupported-tensor",
                    f"{func} reads a tensor that is {tensor.layout} on {tensor.device}",
                    location.place().module,
                    "only dense tensors on the CPU can be followed",
                    "move the model to the CPU and make the tensor dense",
                )
            )


def refuse_shape(func: OpOverload, place: Place) -> UnsupportedModel:
    """The error for a call whose result has a size that depends on the input."""
    return UnsupportedModel(
        Problem(
            "input-dependent-shape",
            f"the size of what {func} returns depends on the input ({place.line or 'line unknown'})",
            place.module,
            "every tensor has a fixed size on the device",
            "write it with torch.where or by multiplying with the mask",
        )
    )


def refuse_write(func: OpOverload, place: Place) -> UnsupportedModel:
    """The error for an in-place call that has no pure form."""
    return UnsupportedModel(
        Problem(
            "unsupported-in-place",
            f"{func} writes to a tensor that depends on the input ({place.line or 'line unknown'})",
            place.module,
            "it has no form that returns its result instead",
            "use the form of the operation without a trailing underscore",
        )
    )

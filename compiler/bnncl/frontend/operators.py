"""Which aten operators the front end understands, and as what kind of step."""

from __future__ import annotations

from enum import Enum

import torch
from torch._ops import OpOverload

from bnncl.frontend.captured import Arg, Captured, Const, Value
from bnncl.frontend.replay import operator


class Kind(Enum):
    """What an atom does to the positions and channels of its operand."""

    INPUT = "input"
    ELEMENTWISE = "elementwise"
    MAX_POOL = "max pool"
    AVERAGE_POOL = "average pool"
    VIEW = "view"
    PAD = "pad"
    SLICE = "slice"
    CONCAT = "concatenation"
    CONV = "convolution"
    NORMALISE = "softmax"
    OTHER = "other"


MOVES = (Kind.MAX_POOL, Kind.VIEW, Kind.PAD, Kind.SLICE)
"""Steps that only move elements about, or choose among them."""

_IDENTITIES = """
detach clone alias contiguous lift_fresh positive native_dropout dropout _to_copy to expand expand_as
"""
IDENTITIES = frozenset(_IDENTITIES.split())
"""Operators that give the numbers of their first operand, where shape and number type allow."""

CONSTANTS = {
    "ones_like": 1.0,
    "zeros_like": 0.0,
    "new_ones": 1.0,
    "new_zeros": 0.0,
    "zero": 0.0,
}
"""Operators whose result is one number everywhere."""

DISCRETISERS = frozenset({"sign", "ge", "gt", "le", "lt", "eq", "ne", "logical_not", "sgn", "heaviside"})
"""Operators with finitely many results, whatever they read."""

ROUNDERS = frozenset({"round", "floor", "ceil", "trunc"})
"""Operators with finitely many results on a bounded range."""

CLAMPS = frozenset({"hardtanh", "relu", "relu6", "clamp", "clamp_min", "clamp_max"})
"""Operators that bound what they read, and leave it as it is inside."""

BATCH_NORMS = frozenset(
    {"native_batch_norm", "_native_batch_norm_legit_no_training", "batch_norm", "cudnn_batch_norm"}
)

_SMOOTH = """
sigmoid tanh hardsigmoid hardswish hardtanh relu relu6 leaky_relu prelu _prelu_kernel clamp clamp_min
clamp_max elu celu selu silu gelu softplus exp log sqrt rsqrt reciprocal square pow abs erf minimum
maximum where mul div add sub rsub masked_fill copysign bitwise_and bitwise_or bitwise_not bitwise_xor
logical_and logical_or logical_xor sin cos atan log1p expm1 log_sigmoid_forward softsign neg threshold
index_put fill copy _to_copy to
"""

_KINDS = {
    Kind.MAX_POOL: {"max_pool2d_with_indices", "max_pool2d"},
    Kind.AVERAGE_POOL: {"avg_pool2d", "mean", "_adaptive_avg_pool2d", "adaptive_avg_pool2d"},
    Kind.VIEW: {"view", "_unsafe_view", "reshape", "flatten", "squeeze", "unsqueeze", "_reshape_alias"},
    Kind.PAD: {"constant_pad_nd"},
    Kind.SLICE: {"slice"},
    Kind.CONCAT: {"cat"},
    Kind.CONV: {"convolution", "mm", "addmm"},
    Kind.NORMALISE: {"_softmax", "_log_softmax", "softmax", "log_softmax"},
    Kind.ELEMENTWISE: set(_SMOOTH.split()) | DISCRETISERS | ROUNDERS | BATCH_NORMS,
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}


def base_of(op: str) -> str:
    """`add` for `aten.add.Tensor`."""
    return op.split(".")[1]


def kind_of(op: str) -> Kind:
    """The kind of the aten operator `op`, OTHER if it is not understood."""
    namespace, base, _ = op.split(".")
    return _KIND_OF.get(base, Kind.OTHER) if namespace == "aten" else Kind.OTHER


def call(op: str, args: tuple[object, ...], kwargs: dict[str, object]) -> torch.Tensor:
    """First tensor that `op` returns for decoded arguments."""
    func: OpOverload = operator(op)
    result = func(*args, **kwargs)
    first = result[0] if isinstance(result, tuple | list) else result
    assert isinstance(first, torch.Tensor)
    return first


def decode(arg: Arg, captured: Captured) -> object:
    """A plain Python argument for a call: constants as tensors, names of types as the types."""
    assert not isinstance(arg, Value)
    if isinstance(arg, Const):
        return captured.constants[arg.id].tensor
    if isinstance(arg, tuple):
        return [decode(item, captured) for item in arg]
    if isinstance(arg, str):
        named = getattr(torch, arg, None)
        return named if isinstance(named, torch.dtype | torch.layout | torch.memory_format) else arg
    return arg

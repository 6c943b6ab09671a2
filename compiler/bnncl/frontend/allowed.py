"""The aten operators that a graph read from a file may name: an allow-list.

Torch registers operators that read and write files, load code or draw random numbers in the same name
space as arithmetic. So a name in a file is looked up here before torch is asked for it.
"""

from __future__ import annotations

import torch
from torch._ops import OpOverload

_ARITHMETIC = (
    "abs add addmm addbmm baddbmm addcmul addcdiv bmm mm mv dot sub rsub mul div neg reciprocal "
    "remainder fmod square sqrt rsqrt pow exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos "
    "atan atan2 sinh cosh erf sign sgn floor ceil round trunc frac floor_divide true_divide maximum "
    "minimum fmax fmin lerp copysign heaviside clamp clamp_min clamp_max clip positive softmax _softmax "
    "log_softmax _log_softmax sum mean std var std_mean var_mean max min amax amin argmax argmin prod "
    "norm linalg_vector_norm cumsum cumprod any all logsumexp count_nonzero"
)
_COMPARISONS = (
    "eq ne lt le gt ge isnan isinf isfinite where logical_and logical_or logical_xor logical_not "
    "bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift signbit"
)
_ACTIVATIONS = (
    "relu relu6 leaky_relu elu celu selu gelu silu mish sigmoid log_sigmoid log_sigmoid_forward tanh "
    "hardtanh hardsigmoid hardswish hardshrink softshrink softplus softsign threshold prelu "
    "_prelu_kernel glu"
)
_LAYERS = (
    "convolution _convolution conv1d conv2d conv3d linear matmul einsum native_batch_norm batch_norm "
    "_native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm "
    "_batch_norm_with_update _batch_norm_no_update instance_norm native_layer_norm layer_norm "
    "native_group_norm group_norm max_pool1d max_pool2d max_pool2d_with_indices avg_pool1d avg_pool2d "
    "adaptive_avg_pool1d adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d "
    "upsample_nearest2d upsample_bilinear2d dropout feature_dropout native_dropout embedding "
    "pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle"
)
_SHAPES = (
    "view _unsafe_view reshape _reshape_alias flatten unflatten squeeze unsqueeze transpose t permute "
    "movedim swapaxes expand expand_as slice select narrow split split_with_sizes chunk unbind index "
    "index_select gather cat concat stack hstack vstack repeat repeat_interleave tile flip roll pad "
    "constant_pad_nd replication_pad1d replication_pad2d reflection_pad1d reflection_pad2d "
    "circular_pad2d as_strided diagonal unfold im2col slice_scatter select_scatter as_strided_scatter "
    "index_put scatter scatter_add masked_fill tril triu adjoint mT numpy_T broadcast_to view_as "
    "reshape_as"
)
_COPIES = (
    "clone detach alias contiguous copy fill zero lift lift_fresh lift_fresh_copy to _to_copy type_as "
    "float double int long bool zeros_like ones_like full_like empty_like new_zeros new_ones new_full "
    "new_empty zeros ones full empty arange scalar_tensor detach_copy"
)

ALLOWED = frozenset(" ".join((_ARITHMETIC, _COMPARISONS, _ACTIVATIONS, _LAYERS, _SHAPES, _COPIES)).split())


def allowed_operator(name: str) -> OpOverload | None:
    """The torch operator `aten.<base>.<overload>`, or None unless it is on the list and torch has it.

    A trailing underscore of `<base>`, the in-place form, is allowed wherever the pure form is.
    """
    parts = name.split(".")
    if len(parts) != 3 or parts[0] != "aten" or parts[1].removesuffix("_") not in ALLOWED:
        return None
    packet = getattr(torch.ops.aten, parts[1], None)
    if packet is None or parts[2] not in packet.overloads():
        return None
    found = getattr(packet, parts[2])
    return found if isinstance(found, OpOverload) else None

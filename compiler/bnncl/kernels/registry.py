"""The kernels there are, in order of preference."""

from __future__ import annotations

from typing import Final

from bnncl.ir.op import Op
from bnncl.ir.types import TensorType
from bnncl.kernels.accumulate import Accumulate
from bnncl.kernels.add_i8_i8 import AddI8I8
from bnncl.kernels.add_i8_i32 import AddI8I32
from bnncl.kernels.add_i16_i16 import AddI16I16
from bnncl.kernels.add_i16_i32 import AddI16I32
from bnncl.kernels.aligned_sum import AlignedSum
from bnncl.kernels.base import Kernel
from bnncl.kernels.bconv_depthwise_i32 import BconvDepthwiseI32
from bnncl.kernels.bconv_depthwise_rescale import BconvDepthwiseRescale
from bnncl.kernels.bconv_depthwise_sign import BconvDepthwiseSign
from bnncl.kernels.bconv_rarer_i32 import BconvRarerI32
from bnncl.kernels.bconv_rarer_sign import BconvRarerSign
from bnncl.kernels.bconv_rows_i32 import BconvRowsI32
from bnncl.kernels.bconv_rows_sign import BconvRowsSign
from bnncl.kernels.bconv_vertical_i32 import BconvVerticalI32
from bnncl.kernels.bconv_vertical_sign import BconvVerticalSign
from bnncl.kernels.bconv_wide128_i32 import BconvWide128I32
from bnncl.kernels.bconv_wide128_sign import BconvWide128Sign
from bnncl.kernels.bconv_wide256_i32 import BconvWide256I32
from bnncl.kernels.bconv_wide256_sign import BconvWide256Sign
from bnncl.kernels.bconv_xnor_i32 import BconvXnorI32
from bnncl.kernels.bconv_xnor_rescale import BconvXnorRescale
from bnncl.kernels.bconv_xnor_sign import BconvXnorSign
from bnncl.kernels.block_exponent_i16 import BlockExponentI16
from bnncl.kernels.block_exponent_i32 import BlockExponentI32
from bnncl.kernels.channel_affine_i8 import ChannelAffineI8
from bnncl.kernels.channel_affine_u8 import ChannelAffineU8
from bnncl.kernels.channel_dot_i8 import ChannelDotI8
from bnncl.kernels.channel_dot_i16 import ChannelDotI16
from bnncl.kernels.channel_dot_u8 import ChannelDotU8
from bnncl.kernels.channel_product import ChannelProduct
from bnncl.kernels.channel_sum import ChannelSum
from bnncl.kernels.clamp_mask_i8 import ClampMaskI8
from bnncl.kernels.clamp_mask_i16 import ClampMaskI16
from bnncl.kernels.clamp_mask_i32 import ClampMaskI32
from bnncl.kernels.clamp_mask_u8 import ClampMaskU8
from bnncl.kernels.clear import Clear
from bnncl.kernels.clear_i16 import ClearI16
from bnncl.kernels.concat import Concat
from bnncl.kernels.copy import Copy
from bnncl.kernels.fconv_bits_w8_rescale import FconvBitsW8Rescale
from bnncl.kernels.fconv_bits_w8_sign import FconvBitsW8Sign
from bnncl.kernels.fconv_bits_w16_i32 import FconvBitsW16I32
from bnncl.kernels.fconv_bits_w16_rescale import FconvBitsW16Rescale
from bnncl.kernels.fconv_bits_w16_sign import FconvBitsW16Sign
from bnncl.kernels.fconv_i8_w8_rescale import FconvI8W8Rescale
from bnncl.kernels.fconv_i8_w8_sign import FconvI8W8Sign
from bnncl.kernels.fconv_i8_w16_i32 import FconvI8W16I32
from bnncl.kernels.fconv_i8_w16_rescale import FconvI8W16Rescale
from bnncl.kernels.fconv_i8_w16_sign import FconvI8W16Sign
from bnncl.kernels.fconv_i8_w16_step import FconvI8W16Step
from bnncl.kernels.fconv_i16_w16_i32 import FconvI16W16I32
from bnncl.kernels.fconv_i16_w16_rescale import FconvI16W16Rescale
from bnncl.kernels.fconv_i16_w16_sign import FconvI16W16Sign
from bnncl.kernels.fconv_i16_w16_step import FconvI16W16Step
from bnncl.kernels.fconv_u8_w8_rescale import FconvU8W8Rescale
from bnncl.kernels.fconv_u8_w8_sign import FconvU8W8Sign
from bnncl.kernels.fconv_u8_w16_i32 import FconvU8W16I32
from bnncl.kernels.fconv_u8_w16_rescale import FconvU8W16Rescale
from bnncl.kernels.fconv_u8_w16_sign import FconvU8W16Sign
from bnncl.kernels.fconv_u8_w16_step import FconvU8W16Step
from bnncl.kernels.filter_accumulate_bits import FilterAccumulateBits
from bnncl.kernels.filter_accumulate_bits_i16 import FilterAccumulateBitsI16
from bnncl.kernels.filter_accumulate_bits_i16_pairs import FilterAccumulateBitsI16Pairs
from bnncl.kernels.filter_accumulate_bits_pairs import FilterAccumulateBitsPairs
from bnncl.kernels.filter_accumulate_i8 import FilterAccumulateI8
from bnncl.kernels.filter_accumulate_i8_i16 import FilterAccumulateI8I16
from bnncl.kernels.filter_accumulate_u8 import FilterAccumulateU8
from bnncl.kernels.filter_accumulate_u8_i16 import FilterAccumulateU8I16
from bnncl.kernels.filter_conv_i8 import FilterConvI8
from bnncl.kernels.filter_conv_rows import FilterConvRows
from bnncl.kernels.filter_conv_u8 import FilterConvU8
from bnncl.kernels.filter_input_gradient import FilterInputGradientKernel
from bnncl.kernels.filter_input_gradient_pairs import FilterInputGradientPairs
from bnncl.kernels.fixed_exponent import FixedExponent
from bnncl.kernels.flatten_alias import FlattenAlias
from bnncl.kernels.flatten_bits import FlattenBits
from bnncl.kernels.head_input_gradient import HeadInputGradient
from bnncl.kernels.learned_head import LearnedHeadKernel
from bnncl.kernels.masked_i16 import MaskedI16
from bnncl.kernels.masked_i32 import MaskedI32
from bnncl.kernels.maxpool_bits import MaxpoolBits
from bnncl.kernels.maxpool_gradient_i8 import MaxpoolGradientI8
from bnncl.kernels.maxpool_gradient_i16 import MaxpoolGradientI16
from bnncl.kernels.maxpool_gradient_i32 import MaxpoolGradientI32
from bnncl.kernels.maxpool_gradient_u8 import MaxpoolGradientU8
from bnncl.kernels.maxpool_i8 import MaxpoolI8
from bnncl.kernels.maxpool_i16 import MaxpoolI16
from bnncl.kernels.maxpool_i32 import MaxpoolI32
from bnncl.kernels.maxpool_u8 import MaxpoolU8
from bnncl.kernels.normalise_i16 import NormaliseI16
from bnncl.kernels.normalise_i32 import NormaliseI32
from bnncl.kernels.pack_i8 import PackI8
from bnncl.kernels.pack_u8 import PackU8
from bnncl.kernels.pass_mask_i8 import PassMaskI8
from bnncl.kernels.pass_mask_u8 import PassMaskU8
from bnncl.kernels.prelu_i8 import PreluI8
from bnncl.kernels.prelu_i16 import PreluI16
from bnncl.kernels.product_u8 import ProductU8
from bnncl.kernels.requantize_i8 import RequantizeI8
from bnncl.kernels.requantize_i16 import RequantizeI16
from bnncl.kernels.requantize_i32 import RequantizeI32
from bnncl.kernels.requantize_u8 import RequantizeU8
from bnncl.kernels.select import Select
from bnncl.kernels.sign_at_i8 import SignAtI8
from bnncl.kernels.sign_at_u8 import SignAtU8
from bnncl.kernels.sign_bits_i8 import SignBitsI8
from bnncl.kernels.sign_bits_i16 import SignBitsI16
from bnncl.kernels.sign_bits_transposed_i8 import SignBitsTransposedI8
from bnncl.kernels.sign_bits_transposed_i16 import SignBitsTransposedI16
from bnncl.kernels.slope_gradient_i8 import SlopeGradientI8
from bnncl.kernels.sloped_unit_i8 import SlopedUnitI8
from bnncl.kernels.sum_exponent import SumExponent
from bnncl.kernels.sumpool_bits import SumpoolBits
from bnncl.kernels.sumpool_gradient import SumpoolGradient
from bnncl.kernels.sumpool_i8 import SumpoolI8
from bnncl.kernels.sumpool_i16 import SumpoolI16
from bnncl.kernels.sumpool_i32 import SumpoolI32
from bnncl.kernels.sumpool_u8 import SumpoolU8
from bnncl.kernels.tent_slope_i8 import TentSlopeI8
from bnncl.kernels.tent_slope_u8 import TentSlopeU8
from bnncl.kernels.threshold_i8 import ThresholdI8
from bnncl.kernels.threshold_i16 import ThresholdI16
from bnncl.kernels.threshold_i32 import ThresholdI32
from bnncl.kernels.threshold_u8 import ThresholdU8
from bnncl.kernels.two_sloped_unit_i8 import TwoSlopedUnitI8
from bnncl.kernels.two_slopes_gradient_i8 import TwoSlopesGradientI8
from bnncl.kernels.two_slopes_i8 import TwoSlopesI8
from bnncl.kernels.two_slopes_i16 import TwoSlopesI16
from bnncl.kernels.unflatten_alias import UnflattenAlias
from bnncl.kernels.unpack_i8 import UnpackI8
from bnncl.kernels.unpack_u8 import UnpackU8
from bnncl.kernels.update_i8 import UpdateI8
from bnncl.kernels.update_i8_i16 import UpdateI8I16
from bnncl.kernels.update_i16 import UpdateI16
from bnncl.kernels.update_i16_i16 import UpdateI16I16
from bnncl.targets import Target

KERNELS: Final[tuple[Kernel, ...]] = (
    BconvRowsSign(),
    BconvRowsI32(),
    BconvRarerSign(),
    BconvRarerI32(),
    BconvWide128Sign(),
    BconvWide128I32(),
    BconvWide256Sign(),
    BconvWide256I32(),
    BconvVerticalSign(),
    BconvVerticalI32(),
    BconvXnorSign(),
    BconvXnorRescale(),
    BconvXnorI32(),
    BconvDepthwiseSign(),
    BconvDepthwiseRescale(),
    BconvDepthwiseI32(),
    FconvBitsW8Sign(),
    FconvBitsW8Rescale(),
    FconvBitsW16Sign(),
    FconvBitsW16Rescale(),
    FconvBitsW16I32(),
    FconvU8W8Sign(),
    FconvU8W8Rescale(),
    FconvU8W16Step(),
    FconvU8W16Sign(),
    FconvU8W16Rescale(),
    FconvU8W16I32(),
    FconvI8W8Sign(),
    FconvI8W8Rescale(),
    FconvI8W16Step(),
    FconvI8W16Sign(),
    FconvI8W16Rescale(),
    FconvI8W16I32(),
    FconvI16W16Step(),
    FconvI16W16Sign(),
    FconvI16W16Rescale(),
    FconvI16W16I32(),
    MaxpoolBits(),
    MaxpoolU8(),
    MaxpoolI8(),
    MaxpoolI16(),
    MaxpoolI32(),
    SumpoolBits(),
    SumpoolU8(),
    SumpoolI8(),
    SumpoolI16(),
    SumpoolI32(),
    ThresholdU8(),
    ThresholdI8(),
    ThresholdI16(),
    ThresholdI32(),
    RequantizeU8(),
    RequantizeI8(),
    RequantizeI16(),
    RequantizeI32(),
    PreluI8(),
    PreluI16(),
    TwoSlopesI8(),
    TwoSlopesI16(),
    AddI8I8(),
    AddI8I32(),
    AddI16I16(),
    AddI16I32(),
    Concat(),
    Select(),
    FlattenAlias(),
    FlattenBits(),
    PackU8(),
    PackI8(),
    UnpackU8(),
    UnpackI8(),
    ChannelAffineU8(),
    ChannelAffineI8(),
    SlopedUnitI8(),
    TwoSlopedUnitI8(),
    SignAtU8(),
    SignAtI8(),
    PassMaskU8(),
    PassMaskI8(),
    ClampMaskU8(),
    ClampMaskI8(),
    ClampMaskI16(),
    ClampMaskI32(),
    TentSlopeU8(),
    TentSlopeI8(),
    BlockExponentI16(),
    BlockExponentI32(),
    FixedExponent(),
    NormaliseI16(),
    NormaliseI32(),
    SumExponent(),
    AlignedSum(),
    HeadInputGradient(),
    ChannelProduct(),
    SlopeGradientI8(),
    TwoSlopesGradientI8(),
    MaskedI16(),
    MaskedI32(),
    ProductU8(),
    SumpoolGradient(),
    MaxpoolGradientU8(),
    MaxpoolGradientI8(),
    MaxpoolGradientI16(),
    MaxpoolGradientI32(),
    UnflattenAlias(),
    ChannelSum(),
    ChannelDotU8(),
    ChannelDotI8(),
    ChannelDotI16(),
    Accumulate(),
    UpdateI16(),
    UpdateI16I16(),
    UpdateI8(),
    UpdateI8I16(),
    SignBitsI16(),
    SignBitsI8(),
    SignBitsTransposedI16(),
    SignBitsTransposedI8(),
    Clear(),
    ClearI16(),
    Copy(),
    FilterConvRows(),
    FilterConvI8(),
    FilterConvU8(),
    FilterInputGradientPairs(),
    FilterInputGradientKernel(),
    FilterAccumulateBitsPairs(),
    FilterAccumulateBits(),
    FilterAccumulateBitsI16Pairs(),
    FilterAccumulateBitsI16(),
    FilterAccumulateI8(),
    FilterAccumulateI8I16(),
    FilterAccumulateU8(),
    FilterAccumulateU8I16(),
)

HEAD: Final[Kernel] = LearnedHeadKernel()
"""Not one of KERNELS: it is no C file of its own, but one call of what a head that learns shares."""


def candidates(op: Op, types: tuple[TensorType, ...], target: Target) -> tuple[Kernel, ...]:
    """The kernels that compute `op` on inputs of `types` on `target`, in order of preference."""
    return tuple(kernel for kernel in (*KERNELS, HEAD) if kernel.accepts(op, types, target))

"""`bnncl_clear_i16`: a state of int16 set to 0."""

from __future__ import annotations

from bnncl.kernels.clear import Clear


class ClearI16(Clear):
    """A state of int16 set to 0."""

    symbol = "bnncl_clear_i16"
    input_types = ("int16_t",)

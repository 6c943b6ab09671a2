"""Bit-widths of the real-valued path."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RealWidths:
    """Bits (8 or 16) of the first layer's filters, of other real filters and of real activations.

    Filters get fewer effective bits where their accumulator could otherwise leave int32.
    """

    first_filter: int = 16
    filter: int = 16
    activation: int = 16

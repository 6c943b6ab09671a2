"""Types of values: a shape and the set of numbers an element may hold.

Shapes are (height, width, channels) without a batch axis; a vector of C features is (1, 1, C).
"""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.numerics.bits import words_for

Shape = tuple[int, int, int]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class Float:
    """Real numbers, as the traced model computes them; gone after lowering."""

    def __str__(self) -> str:
        return "float"


@dataclass(frozen=True)
class Binary:
    """The two numbers -1 and +1; in C one bit each, bit 1 meaning -1."""

    def __str__(self) -> str:
        return "binary"


@dataclass(frozen=True)
class Int:
    """Integers lo..hi, inclusive, stored in `bits` (8, 16 or 32) bits in C.

    A value with lo >= 0 that is stored in 8 bits is unsigned there; every other one is signed.
    """

    lo: int
    hi: int
    bits: int

    def __post_init__(self) -> None:
        low, high = storage_range(self.bits, signed=self.signed)
        assert low <= self.lo <= self.hi <= high, f"{self} does not fit its storage"

    @property
    def signed(self) -> bool:
        """Whether the C type is signed."""
        return self.lo < 0 or self.bits != 8

    def __str__(self) -> str:
        return f"int{self.bits}[{self.lo}..{self.hi}]"


@dataclass(frozen=True)
class Packed:
    """Integers lo..hi, inclusive, stored in `bits` (1..8) bits each, one behind the other.

    The first element lies in the least significant bits of the first 32-bit word; none begins on a word
    of its own, and the bits behind the last one are 0. A value with lo < 0 is in two's complement.
    """

    lo: int
    hi: int
    bits: int

    def __post_init__(self) -> None:
        assert 1 <= self.bits <= 8, self.bits
        span = 1 << self.bits
        low, high = (-span // 2, span // 2 - 1) if self.signed else (0, span - 1)
        assert low <= self.lo <= self.hi <= high, f"{self} does not fit its storage"

    @property
    def signed(self) -> bool:
        """Whether there are negative numbers."""
        return self.lo < 0

    def __str__(self) -> str:
        return f"packed{self.bits}[{self.lo}..{self.hi}]"


Domain = Float | Binary | Int | Packed


def storage_range(bits: int, *, signed: bool) -> tuple[int, int]:
    """Smallest and largest number of a C integer of `bits` bits."""
    assert bits in (8, 16, 32), bits
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def element_range(domain: Domain) -> tuple[int, int]:
    """Smallest and largest element of an integer or binary domain."""
    assert not isinstance(domain, Float), "a float domain has no integer range"
    return (-1, 1) if isinstance(domain, Binary) else (domain.lo, domain.hi)


@dataclass(frozen=True)
class TensorType:
    """Shape (height, width, channels) and domain of a value."""

    shape: Shape
    domain: Domain

    @property
    def channels(self) -> int:
        """Number of channels, the innermost axis."""
        return self.shape[2]

    @property
    def elements(self) -> int:
        """Number of elements of one sample."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def words_per_pixel(self) -> int:
        """32-bit words that hold the channels of one pixel of a binary value."""
        return (self.channels + 31) // 32

    @property
    def ctype(self) -> str:
        """C type of one stored element (of one word, where the value is binary or packed)."""
        if isinstance(self.domain, Binary | Packed):
            return "uint32_t"
        assert isinstance(self.domain, Int), "a float value has no C type"
        return f"{'' if self.domain.signed else 'u'}int{self.domain.bits}_t"

    @property
    def stored_bytes(self) -> int:
        """Bytes that one sample of the value takes in C."""
        if isinstance(self.domain, Binary):
            return 4 * self.shape[0] * self.shape[1] * self.words_per_pixel
        if isinstance(self.domain, Packed):
            return 4 * words_for(self.elements * self.domain.bits)
        assert isinstance(self.domain, Int), "a float value is not stored"
        return self.elements * self.domain.bits // 8

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape))}:{self.domain}"

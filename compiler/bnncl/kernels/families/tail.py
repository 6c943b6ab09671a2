"""What the kernels of layers that learn have in common."""

from __future__ import annotations

from typing import ClassVar

from bnncl.ir.op import Op
from bnncl.ir.types import INT32_MAX, TensorType
from bnncl.kernels.base import Binding, Kernel, ParamStruct, Ref
from bnncl.kernels.params import OUTPUT
from bnncl.targets import Target

Fields = tuple[tuple[str, int | Ref], ...]


class TailKernel(Kernel):
    """A function of inputs of `input_types` (C types) with the same work for each element of the largest one.

    It has no constants of its own and no scratch.
    """

    input_types: ClassVar[tuple[str, ...]]
    works_in_place: ClassVar[bool] = False
    per_element: ClassVar[int]

    @property
    def in_place(self) -> bool:
        """Where each element is read before it is written."""
        return self.works_in_place

    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """None."""
        return 0

    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """The same number of instructions for each element."""
        return max(type_.elements for type_ in types) * self.per_element

    def _reads(self, types: tuple[TensorType, ...]) -> bool:
        return tuple(type_.ctype for type_ in types) == self.input_types


def inputs(count: int) -> tuple[Ref, ...]:
    """The first `count` inputs as arguments."""
    return tuple(Ref("input", str(at)) for at in range(count))


def sizes(type_: TensorType) -> tuple[int, int]:
    """Pixels and channels."""
    return type_.shape[0] * type_.shape[1], type_.channels


def fits_int32(magnitude: int) -> bool:
    """Whether numbers of either sign up to `magnitude` fit 32 bits."""
    return magnitude <= INT32_MAX


def plain(*args: Ref | int) -> Binding:
    """A call without constants."""
    return Binding((), (), args)


def with_struct(reads: int, ctype: str, fields: Fields, *numbers: int) -> Binding:
    """A call that passes `reads` inputs, the output, a struct and numbers."""
    name = ctype.removeprefix("bnncl_")
    struct = ParamStruct(name, ctype, fields)
    return Binding((), (struct,), (*inputs(reads), OUTPUT, Ref("struct", name), *numbers))

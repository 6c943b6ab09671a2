"""What every kernel descriptor says of its C function, and what a bound kernel call consists of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.graph import Graph
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import TensorType
from bnncl.ops.conv import BinaryConv
from bnncl.resources import runtime_dir
from bnncl.targets import Target

_EXTREMES: Final = (0.0, 0.5, 1.0)
"""Densities of the input at one of which every kernel takes longest."""


@dataclass(frozen=True, eq=False)
class Places:
    """Which logical element each stored element (or bit) of a packed constant holds.

    `index` has one entry for each stored element, shape (elements,), or for each stored bit, shape
    (elements, bits), least significant bit first: the flat index into an array with `axes` (name and
    size of each, outermost first), or -1 for filler. Packing is `pack_bits(index, bits)`, so the place
    of a changed bit can never disagree with the packing.
    """

    index: NDArray[np.int64]
    axes: tuple[tuple[str, int], ...]

    def locate(self, element: int, bit: int = 0) -> str:
        """Text such as 'out_channel 3, filter_h 1, filter_w 0, in_channel 17', or 'filler'."""
        flat = int(self.index[element] if self.index.ndim == 1 else self.index[element, bit])
        if flat < 0:
            return "filler"
        where = np.unravel_index(flat, [size for _, size in self.axes])
        return ", ".join(f"{name} {at}" for (name, _), at in zip(self.axes, where, strict=True))


@dataclass(frozen=True, eq=False)
class ConstArray:
    """A constant array of the generated C, `static` to nobody: symbol `<model>_<op>_<name>`."""

    name: str
    ctype: str
    data: NDArray[Any]
    places: Places


@dataclass(frozen=True)
class Ref:
    """An argument that is one of the op's buffers or constants.

    `kind` is 'input' (`name` '0', '1', ...), 'output', 'scratch', 'array' (a ConstArray) or 'struct'.
    """

    kind: str
    name: str = ""


@dataclass(frozen=True)
class ParamStruct:
    """A `static const` C struct with the parameters of one call: designated fields, in order.

    A field is an integer or a Ref to a ConstArray of the same call.
    """

    name: str
    ctype: str
    fields: tuple[tuple[str, int | Ref], ...]


@dataclass(frozen=True, eq=False)
class Binding:
    """Everything one kernel call needs: constants in the kernel's own layout, structs, arguments."""

    arrays: tuple[ConstArray, ...]
    structs: tuple[ParamStruct, ...]
    args: tuple[Ref | int, ...]


def of_core(stem: str, features: tuple[str, ...]) -> str:
    """The file of a helper for a core with `features`, of the last that has one; portable where none has."""
    own = (f"port/{feature}/{stem}.c" for feature in reversed(features))
    return next((path for path in own if (runtime_dir() / path).is_file()), f"src/{stem}.c")


class Kernel(ABC):
    """Descriptor of one C function.

    `symbol` is the function's name, the stem of its C file and, without `bnncl_`, of this descriptor's
    file. `header` declares it; `includes` are all further runtime headers that its source, its helpers and
    `header` need, in the order of their names. Headers are named as `#include` does: relative to the
    runtime's `include/`. `helpers` are functions of the runtime, each a C file of its name, that the function
    calls: a core may have its own of them, which compute the same (`sources`). `family` names rival ways to
    compute the same op, where there are any. `constant_time` says that the instructions it executes do not
    depend on the data, with `port/constant_time` among the headers. Descriptors hold no state.
    """

    symbol: ClassVar[str]
    family: ClassVar[str] = ""
    header: ClassVar[str]
    includes: ClassVar[tuple[str, ...]] = ()
    helpers: ClassVar[tuple[str, ...]] = ()
    constant_time: ClassVar[bool] = False

    @property
    def source(self) -> str:
        """The C file, relative to the runtime's folder."""
        return f"src/{self.symbol}.c"

    def sources(self, target: Target | None = None) -> tuple[str, ...]:
        """All C files, relative to the runtime's folder; without a `target` those that suit every core."""
        features = () if target is None else target.features
        return (self.source, *(of_core(helper, features) for helper in self.helpers))

    @abstractmethod
    def accepts(self, op: Op, types: tuple[TensorType, ...], target: Target) -> bool:
        """Whether the function computes `op` on inputs of `types` on `target`."""

    @abstractmethod
    def bind(self, op: Op, types: tuple[TensorType, ...]) -> Binding:
        """Constants, structs and arguments of the call that computes `op`."""

    @abstractmethod
    def scratch_bytes(self, op: Op, types: tuple[TensorType, ...]) -> int:
        """Bytes of scratch the call needs, a multiple of 4."""

    @abstractmethod
    def cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Predicted instructions of the call, at the op's density where it states one, else at one half."""

    def worst_cost(self, op: Op, types: tuple[TensorType, ...], target: Target) -> int:
        """Predicted instructions of the call on the input that takes longest, whatever was measured."""
        if not isinstance(op, BinaryConv):
            return self.cost(op, types, target)
        return max(self.cost(replace(op, density=each), types, target) for each in _EXTREMES)

    @property
    def in_place(self) -> bool:
        """Whether input 0 and the output may be the same buffer."""
        return False

    @property
    def is_alias(self) -> bool:
        """Whether the output is input 0's own buffer and there is no code: `symbol` is empty."""
        return False

    def __str__(self) -> str:
        return self.symbol or "alias"


@dataclass(frozen=True, eq=False, kw_only=True)
class KernelCall(Op):
    """An op with the kernel that will compute it."""

    stages = frozenset({Stage.SELECTED})
    op: Op
    kernel: Kernel

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the op reads."""
        return self.op.inputs

    def infer(self, *types: TensorType) -> TensorType:
        """The op's own rule."""
        return self.op.infer(*types)

    def evaluate(self, *arrays: Array) -> Array:
        """The op's own meaning: a kernel has none of its own."""
        return self.op.evaluate(*arrays)


def calls(graph: Graph) -> tuple[KernelCall, ...]:
    """The kernel calls of a SELECTED graph."""
    selected = tuple(op for op in graph.ops if isinstance(op, KernelCall))
    assert len(selected) == len(graph.ops), f"{graph.name} is not in stage SELECTED"
    return selected

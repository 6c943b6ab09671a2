"""What a torch model computes, as a list of pure aten calls on one sample: the front end's first form.

A `Captured` is made by `capture` (or read back from a file), runs with `replay`, and is turned into
the compiler's own graph by recognition. Everything that does not depend on the input has been
evaluated already and stands as a `Constant`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Value:
    """Reference to a tensor that depends on the input: the graph's input or an output of a node."""

    id: int


@dataclass(frozen=True)
class Const:
    """Reference to a `Constant` of the same graph, by its id."""

    id: int


Arg = Value | Const | int | float | bool | str | None | tuple["Arg", ...]
"""An argument of a node: a reference, a plain Python scalar, a string (dtypes as `float32`, layouts as
`strided`, memory formats as `contiguous_format`, and true string arguments), or a tuple of arguments."""


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that does not depend on the input, with the parameters that it was computed from.

    `origins` are fully qualified names of parameters and buffers, sorted. `latent` names the one float
    *parameter* (not buffer) among them with as many elements as `tensor`, where exactly one is; it is
    the parameter's own name where nothing was computed at all. `module` is the torch path of the first
    call that reads the constant.
    """

    id: int
    tensor: torch.Tensor
    origins: tuple[str, ...]
    latent: str | None
    module: str


@dataclass(frozen=True)
class Node:
    """One pure call of an aten operator: reads its arguments, mutates nothing.

    `op` is the full overload name, such as `aten.convolution.default`. `args` are positional as the
    tracer saw them (trailing defaults may be missing), `kwargs` the named ones in the order of the call;
    device and pinning are dropped. `outputs` holds one value id for each tensor the call returns,
    `shapes` and `dtypes` (`float32`, `bool`, ...) in the same order, batch of 1 included. `module` is the
    torch path of the call (empty at the root), `line` the user's source line as `file.py:12`, or empty.
    """

    op: str
    args: tuple[Arg, ...]
    kwargs: tuple[tuple[str, Arg], ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    module: str = ""
    line: str = ""

    def references(self) -> Iterator[Value | Const]:
        """Every value and constant that the call reads, in order, repeated where it is read twice."""
        yield from _references(self.args)
        for _, arg in self.kwargs:
            yield from _references(arg)


@dataclass(frozen=True)
class TracerFacts:
    """How the capture went: for reports, never for meaning.

    `scalar_reads` are the lines where a tensor that depends on the input was turned into a Python
    number whose value turned out not to matter; `input_low` and `input_high` bound the example and any
    calibration, and are where fresh inputs for checks are drawn from.
    """

    torch_version: str = ""
    scalar_reads: tuple[str, ...] = ()
    input_low: float = -1.0
    input_high: float = 1.0


@dataclass(frozen=True, eq=False)
class Captured:
    """A model on one sample: `nodes` in execution order from value `input` to value `output`.

    `input_shape` and `output_shape` include the batch of 1; `input_dtype` is the example's. `constants`
    are indexed by their id. `parameters` are all parameters and buffers of the module by their fully
    qualified name, as they were before the forward pass, in the order of the module.
    """

    input: int
    output: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    constants: tuple[Constant, ...]
    parameters: tuple[tuple[str, torch.Tensor], ...]
    input_dtype: str = "float32"
    facts: TracerFacts = field(default_factory=TracerFacts)

    def parameter(self, name: str) -> torch.Tensor:
        """The parameter or buffer `name`; KeyError if the module has none of that name."""
        return dict(self.parameters)[name]


def dtype_name(dtype: torch.dtype) -> str:
    """`float32` for `torch.float32`."""
    return str(dtype).removeprefix("torch.")


def _references(arg: Arg) -> Iterator[Value | Const]:
    if isinstance(arg, Value | Const):
        yield arg
    elif isinstance(arg, tuple):
        for item in arg:
            yield from _references(item)

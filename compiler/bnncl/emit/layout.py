"""Names, pointers and shapes of the generated C: what several files must agree on."""

from __future__ import annotations

import numpy as np

from bnncl.emit.ctext import comment, identifier
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.views import ModelView
from bnncl.ir.graph import Graph, Program
from bnncl.ir.types import Binary, Int, Packed, Shape, TensorType
from bnncl.kernels.base import Binding, KernelCall, calls
from bnncl.kernels.learned_head import head_of, known_rows
from bnncl.numerics.bits import WORD_BITS
from bnncl.plan.memory import MemoryPlan, Place


def model_view(spec: ProjectSpec) -> ModelView:
    """The model's names and origin."""
    graph = spec.graph
    source = graph.type_of(graph.inputs[0])
    return ModelView(
        name=spec.name,
        upper=spec.name.upper(),
        version=comment(spec.version),
        sha256=spec.model_sha256,
        settings=tuple(comment(f"{key} = {value}") for key, value in spec.settings),
        input_ctype=source.ctype,
        input_text=describe(source),
        classes=known_classes(graph),
        infer_head=_infer_head(spec.name),
        learns=head_of(graph) is not None,
        scores_len=f"{spec.name.upper()}_{'CLASSES' if head_of(graph) is None else 'MAX_CLASSES'}",
    )


def known_classes(graph: Graph) -> int:
    """Classes that the model knows at first; a head that learns has room for more."""
    head = head_of(graph)
    return graph.type_of(graph.outputs[0]).channels if head is None else known_rows(head)


def _infer_head(name: str) -> str:
    """The head of the function that infers, its parameters below one another."""
    upper, start = name.upper(), f"bnncl_status {name}_infer("
    parameters = (
        f"{name}_ctx *ctx",
        f"const {name}_input input[{upper}_INPUT_LEN]",
        f"int16_t scores[{upper}_MAX_CLASSES])",
    )
    return start + (",\n" + " " * len(start)).join(parameters)


def stored_len(type_: TensorType) -> int:
    """Stored elements of one sample: words where it is binary or packed."""
    return type_.stored_bytes // (4 if isinstance(type_.domain, Binary) else element_bits(type_) // 8)


def element_bits(type_: TensorType) -> int:
    """Bits of one logical element, 1 where it is binary; of one word where it is packed."""
    if isinstance(type_.domain, Packed):
        return WORD_BITS
    return type_.domain.bits if isinstance(type_.domain, Int) else 1


def shape_text(shape: Shape) -> str:
    """A shape as height x width x channels."""
    return "x".join(map(str, shape))


def describe(type_: TensorType) -> str:
    """A type as a reader of C wants it: shape and stored numbers."""
    domain = type_.domain
    if isinstance(domain, Int):
        return f"{shape_text(type_.shape)} {type_.ctype.removesuffix('_t')}"
    if isinstance(domain, Packed):
        return f"{shape_text(type_.shape)} packed to {domain.bits} bits"
    return f"{shape_text(type_.shape)} binary"


class OpWords:
    """The word that stands for each op of a SELECTED program in symbols.

    An op of a further graph that makes the value of an op of inference, and needs the same constants for it,
    shares its word.
    """

    def __init__(self, program: Program) -> None:
        self._words: dict[KernelCall, str] = {}
        self._first: dict[str, tuple[KernelCall, Binding | None]] = {}
        for graph in program.graphs:
            for call in calls(graph):
                self._words[call] = self._word(call, _bound(graph, call))

    def __getitem__(self, call: KernelCall) -> str:
        """The word of `call`."""
        return self._words[call]

    def is_shared(self, call: KernelCall) -> bool:
        """Whether the constants of `call` are those of another op."""
        return self._first[self._words[call]][0] is not call

    def _word(self, call: KernelCall, needed: Binding | None) -> str:
        word = identifier(call.output)
        candidate, count = word, 2
        while candidate in self._first:
            other, held = self._first[candidate]
            if other.output == call.output and _same(held, needed):
                return candidate
            candidate, count = f"{word}_{count}", count + 1
        self._first[candidate] = (call, needed)
        return candidate


class Names:
    """The C names of a project's ops, constants and buffers."""

    def __init__(self, spec: ProjectSpec) -> None:
        self._spec = spec
        self._words = OpWords(spec.program)

    def of_model(self, what: str) -> str:
        """The symbol of something there is one of."""
        return f"{self._spec.name}_{what}"

    def constant(self, call: KernelCall, array: str) -> str:
        """The symbol of a constant array of `call`."""
        return f"{self._spec.name}_{self._words[call]}_{array}"

    def struct(self, call: KernelCall, struct: str) -> str:
        """The symbol of a struct of parameters of `call`."""
        return f"{self._words[call]}_{struct}"

    def is_shared(self, call: KernelCall) -> bool:
        """Whether the constants of `call` are those of another op."""
        return self._words.is_shared(call)

    def buffer(self, name: str) -> str:
        """The variable that points to a value in `<name>_infer`."""
        place = self._spec.plan.locations[name].place
        if place is Place.STATE:
            return f"memory->{identifier(name)}"
        if place is Place.ARENA:
            return f"v{[call.output for call in calls(self._spec.graph)].index(name)}"
        return str(place.value)


def _bound(graph: Graph, call: KernelCall) -> Binding | None:
    return None if call.kernel.is_alias else call.kernel.bind(call.op, graph.input_types(call))


def _same(one: Binding | None, other: Binding | None) -> bool:
    """Whether two calls need the same constants."""
    if one is None or other is None:
        return one is other
    pairs = zip(one.arrays, other.arrays, strict=False)
    return (
        len(one.arrays) == len(other.arrays)
        and one.structs == other.structs
        and all(a.name == b.name and a.ctype == b.ctype and np.array_equal(a.data, b.data) for a, b in pairs)
    )


def arena_pointer(graph: Graph, plan: MemoryPlan, name: str) -> str:
    """The C expression of the address of a value in the arena."""
    words = f"arena + {plan.locations[name].offset // 4}"
    ctype = graph.type_of(name).ctype
    return words if ctype == "uint32_t" else f"({ctype} *)({words})"


def bindings(graph: Graph) -> tuple[tuple[KernelCall, Binding], ...]:
    """Every kernel call that is code, with what it needs."""
    return tuple(
        (call, call.kernel.bind(call.op, graph.input_types(call)))
        for call in calls(graph)
        if not call.kernel.is_alias
    )

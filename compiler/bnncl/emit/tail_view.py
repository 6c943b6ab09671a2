"""The C of what learns behind the replay cut beside the head: ops, what they start from, checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bnncl.emit.code_views import aligned_call, argument, headers
from bnncl.emit.ctext import comment, identifier, initializer, integer
from bnncl.emit.layout import Names, bindings, describe
from bnncl.emit.memory_layout import members, memory_arrays
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.stored import stored
from bnncl.emit.views import ArrayView
from bnncl.ir.graph import Graph
from bnncl.ir.types import Int
from bnncl.ir.values import StateArray
from bnncl.kernels.base import Binding, KernelCall, Ref, calls
from bnncl.kernels.learned_head import forward_ops
from bnncl.plan.memory import MemoryPlan, Place

INITIAL: Final = "initial"


@dataclass(frozen=True)
class TailOpView:
    """One op: its number, what it is, and statements; none where it needs no code."""

    index: int
    about: tuple[str, ...]
    code: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class TailCopyView:
    """An array of the memory and the constant that it starts from."""

    member: str
    symbol: str


@dataclass(frozen=True)
class TailCheckView:
    """What a stored array must be within: the function that looks, the array, its length, and C numbers."""

    function: str
    member: str
    count: int
    low: str
    high: str


@dataclass(frozen=True)
class TailView:
    """What a trainable tail adds to the C of a project."""

    headers: tuple[str, ...]
    forward: int
    backward: int
    updates: int
    goes_back: str
    sample: tuple[TailOpView, ...]
    update: tuple[TailOpView, ...]
    commit: tuple[TailOpView, ...]
    abort: tuple[TailOpView, ...]
    rebuild: tuple[TailOpView, ...]
    factory: tuple[TailCopyView, ...]
    checks: tuple[TailCheckView, ...]


def tail_view(spec: ProjectSpec, names: Names) -> TailView:
    """What a trainable tail adds to the C of a project that has states."""
    program = spec.program
    sample = program.graph("sample")
    bound = [each for graph in program.graphs[1:] for each in bindings(graph)]
    forward = forward_ops(sample)
    ops = {graph.name: tuple(_ops(spec, names, graph)) for graph in program.graphs[1:]}
    return TailView(
        headers=headers(tuple(bound)),
        forward=forward,
        backward=len(sample.ops) - forward,
        updates=len(program.graph("update").ops),
        goes_back="true" if goes_back(program.states) else "false",
        sample=ops["sample"],
        update=ops["update"],
        commit=ops["commit"],
        abort=ops["abort"],
        rebuild=ops["rebuild"],
        factory=tuple(
            TailCopyView(identifier(each.name), initial_symbol(spec.name, each))
            for each in _starting(program.states)
        ),
        checks=tuple(_checks(program.states)),
    )


def initial_views(spec: ProjectSpec) -> tuple[ArrayView, ...]:
    """The constants that states start from."""
    return tuple(_initial_view(spec, each) for each in _starting(spec.program.states))


def _initial_view(spec: ProjectSpec, state: StateArray) -> ArrayView:
    assert state.initial is not None
    numbers = stored(state.initial.data, state.type)
    return ArrayView(
        declaration=f"const {state.type.ctype} {initial_symbol(spec.name, state)}[{numbers.size}]",
        about=comment(f"{state.module or state.name}: {state.name} at first"),
        lines=initializer(numbers),
    )


def initial_symbol(model: str, state: StateArray) -> str:
    """The constant that `state` starts from."""
    return f"{model}_{identifier(state.name)}_{INITIAL}"


def _starting(states: tuple[StateArray, ...]) -> Iterator[StateArray]:
    return (each for each in states if each.role in ("latent", "parameter") and each.initial is not None)


def goes_back(states: tuple[StateArray, ...]) -> bool:
    """Whether there is a kept copy of everything that is trained, so that an abort can go back to it."""
    kept = {each.of for each in states if each.role == "kept"}
    return all(each.name in kept for each in states if each.role in ("latent", "parameter"))


def _checks(states: tuple[StateArray, ...]) -> Iterator[TailCheckView]:
    for each in states:
        domain = each.type.domain
        if each.role in ("latent", "parameter"):
            assert isinstance(domain, Int)
            yield TailCheckView(
                f"bnncl_tail_within_i{domain.bits}",
                identifier(each.name),
                each.type.elements,
                integer(domain.lo),
                integer(domain.hi),
            )


def _ops(spec: ProjectSpec, names: Names, graph: Graph) -> Iterator[TailOpView]:
    scope = _Scope(spec, names, graph, spec.plans[graph.name])
    by_output = {call.output: binding for call, binding in bindings(graph)}
    for index, call in enumerate(calls(graph)):
        reads = ", ".join(describe(each) for each in graph.input_types(call))
        origin = f"module {call.op.module}" if call.op.module else call.output
        what = comment(f"{graph.name} {index}, {origin}: {type(call.op).__name__}")
        about = (what, f"{reads} -> {describe(graph.type_of(call.output))}")
        binding = by_output.get(call.output)
        if binding is None:
            yield TailOpView(index, (*about, "the same bytes: no code"), False, ())
        else:
            yield TailOpView(index, about, True, tuple(scope.statements(call, binding)))


class _Scope:
    """Finds where the values of one graph lie, as C expressions inside the function that runs its ops."""

    def __init__(self, spec: ProjectSpec, names: Names, graph: Graph, plan: MemoryPlan) -> None:
        self._spec, self._names, self._graph, self._plan = spec, names, graph, plan
        self._members = members(memory_arrays(spec))
        self._made = {op.output: index for index, op in enumerate(graph.ops)}

    def statements(self, call: KernelCall, binding: Binding) -> Iterator[str]:
        """The op's C: pointers to what it reads and makes, and the call."""
        args, declared = [], dict[str, None]()
        for arg in binding.args:
            text, local = self._argument(call, arg)
            args.append(text)
            declared |= dict.fromkeys(local)
        yield from declared
        yield from aligned_call(call.kernel.symbol, args).splitlines()

    def _argument(self, call: KernelCall, arg: Ref | int) -> tuple[str, tuple[str, ...]]:
        """An argument, and the declarations that it needs."""
        if isinstance(arg, Ref) and arg.kind == "input":
            return self._value(call.inputs[int(arg.name or "0")], written=False)
        if isinstance(arg, Ref) and arg.kind == "output":
            return self._value(call.output, written=True)
        if arg == Ref("scratch"):
            words = f"(({self._names.of_model('workspace')} *)head->workspace)->words"
            return "scratch", (f"uint32_t *const scratch = {words};",)
        return argument(self._names, call, arg), ()

    def _value(self, name: str, *, written: bool) -> tuple[str, tuple[str, ...]]:
        """The pointer to a value, and the declarations that it needs."""
        at = self._plan.locations[name]
        config = f"&{self._names.of_model('head_config')}"
        const = "" if written else "const "
        ctype = self._graph.type_of(name).ctype
        if at.place is Place.STATE:
            return f"memory->{self._members[at.name]}", ()
        if at.place is Place.CURSOR:
            return "cursor", ("uint32_t cursor[3];", f"bnncl_tail_cursor({config}, head, cursor);")
        if at.place is Place.LATENT:
            return "latent", (f"const uint32_t *const latent = bnncl_tail_latent({config}, head);",)
        if at.place is Place.FEATURES:
            pointer = f"bnncl_tail_inputs({config}, head)"
            return "features", (f"{const}{ctype} *const features = {pointer};",)
        assert at.place is Place.ARENA, at
        words = f"memory->arena + {at.offset // 4}"
        pointer = words if ctype == "uint32_t" else f"({const}{ctype} *)({words})"
        variable = f"v{self._made[name]}"
        return variable, (f"{const}{ctype} *const {variable} = {pointer};",)

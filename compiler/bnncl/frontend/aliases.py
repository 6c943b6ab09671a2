"""Which tensors share memory, and what each of them holds: makes views and in-place writes pure.

Tensors are known by their storage and geometry, never by the Python object, so `x.data = ...`, views
and detached aliases all find the value that really lies there. The tensors of one storage form a
*family*: a root, and views that each know the call which made them from a parent. A write to a view
gives a new value to the view and, by the inverse of those calls, to everything up to the root; other
views are made again from their parents when they are next read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.captured import Arg, Const, Value
from bnncl.frontend.graph_builder import GraphBuilder, Place, map_references

Binding = Value | Const
Key = tuple[int, tuple[int, ...], tuple[int, ...], torch.dtype]
"""Geometry of a tensor in its storage: offset, sizes and strides in elements, element type."""

PARENT = Value(-1)
"""Stands in a view call's arguments for the tensor that is viewed."""


@dataclass(frozen=True)
class ViewCall:
    """A call that returned views: `args` hold `PARENT` where the viewed tensor goes."""

    op: str
    args: tuple[Arg, ...]
    kwargs: tuple[tuple[str, Arg], ...]
    results: tuple[torch.Tensor, ...]
    place: Place


@dataclass
class _View:
    parent: Key | None
    call: ViewCall | None
    binding: Binding | None = None
    version: int = -1


@dataclass
class _Family:
    storage: torch.UntypedStorage
    root: Key
    views: dict[Key, _View]
    origins: frozenset[str] = frozenset()
    tracked: bool = False
    version: int = 0
    interned: dict[Key, Const] = field(default_factory=dict)


def key_of(tensor: torch.Tensor) -> Key:
    """Geometry of `tensor` in its storage."""
    return int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype


def storage_id(tensor: torch.Tensor) -> int:
    """Identity of the memory of `tensor`, valid while that memory lives."""
    return int(tensor.untyped_storage()._cdata)


class Memory:
    """All families of one run. A family is *tracked* once something input-dependent was written to it."""

    def __init__(self, builder: GraphBuilder) -> None:
        self._builder = builder
        self._families: dict[int, _Family] = {}

    def is_known(self, tensor: torch.Tensor) -> bool:
        """True if the storage of `tensor` was seen before."""
        return storage_id(tensor) in self._families

    def is_tracked(self, tensor: torch.Tensor) -> bool:
        """True if something input-dependent was ever written to the storage of `tensor`."""
        return self._family(tensor).tracked

    def origins(self, tensor: torch.Tensor) -> frozenset[str]:
        """Names of the parameters from which the storage of `tensor` was computed."""
        return self._family(tensor).origins

    def set_origins(self, tensor: torch.Tensor, origins: frozenset[str]) -> None:
        """Replace what `origins` returns for this storage."""
        self._family(tensor).origins = origins

    def read(self, tensor: torch.Tensor) -> Value | None:
        """The input-dependent value that `tensor` holds now, or None if it holds a constant."""
        family = self._family(tensor)
        if not family.tracked:
            return None
        binding = self._fresh(family, key_of(tensor), Place())
        return binding if isinstance(binding, Value) else None

    def constant(self, tensor: torch.Tensor, place: Place) -> Const:
        """`tensor`'s content as a constant; the same one again while the content stays the same."""
        family = self._family(tensor)
        key = key_of(tensor)
        known = family.interned.get(key)
        if known is None or not self._builder.holds(known, tensor):
            known = self._builder.constant(tensor, family.origins, place)
            family.interned[key] = known
        return known

    def bind(self, tensor: torch.Tensor, value: Value) -> None:
        """Say that `tensor`, in memory of its own, holds `value`."""
        key = key_of(tensor)
        root = _View(None, None, value, 0)
        storage = tensor.untyped_storage()
        self._families[storage_id(tensor)] = _Family(storage, key, {key: root}, tracked=True)

    def derive(self, tensor: torch.Tensor, parent: torch.Tensor, call: ViewCall) -> None:
        """Remember that `tensor` is the result of `call` on `parent`, whose memory it shares."""
        family = self._family(parent)
        key, above = key_of(tensor), key_of(parent)
        if key in family.views:
            return
        if above not in family.views:
            if not family.tracked and not _covers_in_order(family):
                return
            self._add_hidden(family, above, call.place)
        family.views[key] = _View(above, call)

    def prepare_write(self, tensor: torch.Tensor, place: Place) -> None:
        """Pin what `tensor` and its parents hold, before something input-dependent is written to it."""
        family = self._family(tensor)
        if not family.tracked:
            root = family.views[family.root]
            root.binding = self.constant(_at(family, family.root), place)
            root.version = family.version
            family.tracked = True
        self._fresh(family, key_of(tensor), place)

    def assign(self, tensor: torch.Tensor, binding: Binding | None, place: Place) -> None:
        """Say that `tensor` was overwritten: with a value, or (None) with a constant it now holds."""
        family = self._family(tensor)
        key = key_of(tensor)
        now = binding or self.constant(tensor, place)
        written = [(key, now)]
        view = family.views[key]
        while view.parent is not None:
            before = family.views[view.parent].binding
            assert before is not None, "prepare_write was not called"
            if isinstance(before, Const) and isinstance(now, Const):
                now = self.constant(_at(family, view.parent), place)
            else:
                now = self._scatter(family, view, before, now, place)
            written.append((view.parent, now))
            view = family.views[view.parent]
        family.version += 1
        for changed, value in written:
            family.views[changed].binding = value
            family.views[changed].version = family.version

    def _family(self, tensor: torch.Tensor) -> _Family:
        storage = tensor.untyped_storage()
        family = self._families.get(storage_id(tensor))
        if family is None:
            root = key_of(tensor)
            if tensor.numel() * tensor.element_size() != storage.nbytes() and storage.nbytes():
                count = storage.nbytes() // tensor.element_size()
                root = (0, (count,), (1,), tensor.dtype)
            family = _Family(storage, root, {root: _View(None, None)})
            self._families[storage_id(tensor)] = family
        return family

    def _fresh(self, family: _Family, key: Key, place: Place) -> Binding:
        view = family.views.get(key) or self._add_hidden(family, key, place)
        if view.binding is not None and view.version == family.version:
            return view.binding
        assert view.parent is not None
        assert view.call is not None
        parent = self._fresh(family, view.parent, place)
        if isinstance(parent, Const):
            view.binding = self.constant(_at(family, key), view.call.place)
        else:
            view.binding = self._make_again(view.call, parent)
        view.version = family.version
        return view.binding

    def _make_again(self, call: ViewCall, parent: Binding) -> Value:
        def change(reference: Value | Const) -> Arg:
            return parent if reference == PARENT else reference

        args = tuple(map_references(arg, change) for arg in call.args)
        kwargs = tuple((name, map_references(arg, change)) for name, arg in call.kwargs)
        return self._builder.emit(call.op, args, kwargs, call.results, call.place)[0]

    def _add_hidden(self, family: _Family, key: Key, place: Place) -> _View:
        """A view of the root that no recorded call made, such as a slice taken before the run."""
        offset, sizes, strides, dtype = key
        if not _covers_in_order(family) or dtype != family.root[3]:
            raise UnsupportedModel(
                Problem(
                    "hidden-alias",
                    "a tensor shares memory with another in a way that cannot be followed",
                    place.module,
                    f"its sizes {sizes}, strides {strides} and offset {offset} match no recorded view",
                    "make a copy with .clone() where the two tensors part",
                )
            )
        call = ViewCall(
            "aten.as_strided.default", (PARENT, sizes, strides, offset), (), (_at(family, key),), place
        )
        view = _View(family.root, call)
        family.views[key] = view
        return view

    def _scatter(self, family: _Family, view: _View, before: Binding, now: Binding, place: Place) -> Value:
        """What the parent of `view` holds after the view, of a parent holding `before`, became `now`."""
        assert view.parent is not None
        assert view.call is not None
        parent = _at(family, view.parent)
        rest = view.call.args[1:]
        inverse = _INVERSES.get(view.call.op)
        if inverse is not None:
            op, args = inverse(parent, before, now, rest)
            return self._builder.emit(op, args, (), (parent,), place)[0]
        raise UnsupportedModel(
            Problem(
                "write-through-view",
                f"a tensor made by {view.call.op} is written to in place",
                place.module,
                "the write would have to be carried over to the tensor it was made from",
                f"copy the tensor with .clone() before writing to it (line {place.line})",
            )
        )


def _at(family: _Family, key: Key) -> torch.Tensor:
    offset, sizes, strides, dtype = key
    return torch.empty(0, dtype=dtype).set_(family.storage, offset, sizes, strides)


def _covers_in_order(family: _Family) -> bool:
    root = _at(family, family.root)
    return (
        root.storage_offset() == 0
        and root.is_contiguous()
        and root.numel() * root.element_size() == family.storage.nbytes()
    )


_Inverse = Callable[[torch.Tensor, Binding, Binding, tuple[Arg, ...]], tuple[str, tuple[Arg, ...]]]


def _reshape_back(
    parent: torch.Tensor, _before: Binding, now: Binding, _rest: tuple[Arg, ...]
) -> tuple[str, tuple[Arg, ...]]:
    return "aten.view.default", (now, tuple(parent.shape))


def _same_again(op: str) -> _Inverse:
    def inverse(
        _parent: torch.Tensor, _before: Binding, now: Binding, rest: tuple[Arg, ...]
    ) -> tuple[str, tuple[Arg, ...]]:
        return op, (now, *rest)

    return inverse


def _permute_back(
    parent: torch.Tensor, _before: Binding, now: Binding, rest: tuple[Arg, ...]
) -> tuple[str, tuple[Arg, ...]]:
    order = rest[0]
    assert isinstance(order, tuple)
    positive = [dim % parent.dim() for dim in order if isinstance(dim, int)]
    return "aten.permute.default", (now, tuple(positive.index(dim) for dim in range(parent.dim())))


def _scattered(op: str) -> _Inverse:
    def inverse(
        _parent: torch.Tensor, before: Binding, now: Binding, rest: tuple[Arg, ...]
    ) -> tuple[str, tuple[Arg, ...]]:
        return op, (before, now, *rest)

    return inverse


_INVERSES: dict[str, _Inverse] = {
    "aten.view.default": _reshape_back,
    "aten._unsafe_view.default": _reshape_back,
    "aten.unsqueeze.default": _reshape_back,
    "aten.squeeze.default": _reshape_back,
    "aten.squeeze.dim": _reshape_back,
    "aten.squeeze.dims": _reshape_back,
    "aten.t.default": _same_again("aten.t.default"),
    "aten.transpose.int": _same_again("aten.transpose.int"),
    "aten.permute.default": _permute_back,
    "aten.slice.Tensor": _scattered("aten.slice_scatter.default"),
    "aten.select.int": _scattered("aten.select_scatter.default"),
    "aten.as_strided.default": _scattered("aten.as_strided_scatter.default"),
}

"""Lowers combinations of a captured graph, on demand, to ops of the compiler's graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnncl.diagnostics import Problem
from bnncl.frontend.atoms import Atom
from bnncl.frontend.chains import Chain, NotPerChannelError
from bnncl.frontend.discretise import emit_integer, refuse_chain, tabulate_integers
from bnncl.frontend.discretise_real import NotOneStepError, note_ties, threshold_real
from bnncl.frontend.expressions import Expressions
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lower_conv import lower_conv, read_conv
from bnncl.frontend.lower_moves import lower_average_pool, lower_max_pool, lower_pad, lower_slice, lower_view
from bnncl.frontend.lower_real import is_affine, limits_of, lower_affine, lower_nonlinear
from bnncl.frontend.lower_slopes import check_pointwise, find_slopes, lower_slopes
from bnncl.frontend.lower_sums import concatenated, lower_concat, lower_sum
from bnncl.frontend.lowering import Context, Refused, unsupported
from bnncl.frontend.operators import CLAMPS, MOVES, ROUNDERS, Kind, base_of
from bnncl.frontend.recognised import Lowered
from bnncl.frontend.windows import only_read
from bnncl.ir.types import Float, Int


class Lowering:
    """Lowers each combination once; `input_view` is a view of the input that stands for the input.

    `needed` are the real-valued combinations that something else than a sign reads.
    """

    def __init__(self, ctx: Context, expressions: Expressions, input_view: Atom | None) -> None:
        self._ctx = ctx
        self._expressions = expressions
        self._input_view = input_view
        self.needed: frozenset[LinComb] = frozenset()

    def lower(self, combination: LinComb) -> Lowered:
        """The combination in terms of the graph; Refused, with the same problem, each time it cannot be."""
        known = self._ctx.lowered.get(combination)
        if known is None:
            try:
                known = self._lower(combination)
                self._ctx.observe(known, combination)
            except Refused as refused:
                known = refused.problem
            self._ctx.lowered[combination] = known
        if isinstance(known, Problem):
            raise Refused(known)
        return known

    def _lower(self, combination: LinComb) -> Lowered:
        if not combination.terms:
            raise Refused(Problem("unsupported-op", "a value that is one number whatever the input"))
        atoms = [self._expressions.atoms[index] for index in combination.atoms]
        finite = self._expressions.is_finite(combination)
        meets = len(atoms) > 1 and len(self._expressions.sources(combination)) > 1
        if finite and not meets and (len(atoms) > 1 or not self._passes(atoms[0])):
            return self._discretised(combination)
        return self._summed(combination) if combination.only_atom is None else self._lower_atom(atoms[0])

    def _passes(self, atom: Atom) -> bool:
        return atom.kind in MOVES or (atom.kind is Kind.ELEMENTWISE and is_affine(atom))

    def _summed(self, combination: LinComb) -> Lowered:
        """A multiple of another value, two slopes of one, or a sum of several."""
        parts = self._expressions.parts(combination)
        rest = combination.constant - sum(factor * part.constant for part, factor in parts)
        if len(parts) == 1:
            ((part, factor),) = parts
            return self.lower(part).mapped(factor, rest)
        slopes = find_slopes(self._ctx, combination)
        module = self._expressions.module(combination)
        if slopes is not None:
            return lower_slopes(self._ctx, slopes, self.lower(slopes.source), module)
        terms = [(self.lower(part), factor) for part, factor in parts]
        return lower_sum(self._ctx, terms, module).mapped(1.0, rest)

    def _lower_atom(self, atom: Atom) -> Lowered:
        if atom.kind is Kind.INPUT or atom is self._input_view:
            return Lowered.plain("input", self._ctx.builder.value("input").type.channels)
        if atom.kind in (Kind.OTHER, Kind.NORMALISE):
            raise unsupported(atom)
        if atom.kind is Kind.CONCAT:
            parts = [self.lower(part) for part in concatenated(atom)]
            return lower_concat(self._ctx, parts, atom.module)
        if atom.kind is Kind.CONV:
            return lower_conv(self._ctx, atom, self.lower(read_conv(self._ctx, atom).x))
        return self._elementwise(atom) if atom.kind is Kind.ELEMENTWISE else self._moved(atom)

    def _moved(self, atom: Atom) -> Lowered:
        read = only_read(atom)
        x = self.lower(read)
        if atom.kind is Kind.MAX_POOL:
            return lower_max_pool(self._ctx, atom, x)
        if atom.kind is Kind.AVERAGE_POOL:
            return lower_average_pool(self._ctx, atom, x)
        if atom.kind is Kind.PAD:
            return lower_pad(atom, x)
        if atom.kind is Kind.SLICE:
            return lower_slice(self._ctx, atom, self._expressions.shape(read), x)
        return lower_view(self._ctx, atom, self._expressions.shape(read), x)

    def _elementwise(self, atom: Atom) -> Lowered:
        reads = [read for read in atom.reads() if read.terms]
        if len(reads) != 1:
            slopes = check_pointwise(self._ctx, atom)
            return lower_slopes(self._ctx, slopes, self.lower(slopes.source), atom.module)
        x = self.lower(reads[0])
        if is_affine(atom):
            return lower_affine(self._ctx, atom, x)
        return lower_nonlinear(self._ctx, atom, x)

    def _discretised(self, combination: LinComb) -> Lowered:
        """A two-valued function of one tensor: a threshold on what it is computed from."""
        sources = self._expressions.sources(combination)
        if len(sources) != 1:
            last = self._expressions.atoms[combination.atoms[-1]]
            raise unsupported(last, "a sign of several tensors together is not supported")
        root = sources[0].value
        if self._input_view is not None and root.only_atom == 0:
            root = LinComb.atom(self._input_view.index)
        try:
            source = self.lower(root)
            read = self._frontier(combination)
            unfold = read is not None and self._ctx.unfolds(read)
            if isinstance(self._ctx.domain(source), Int):
                chain = Chain(self._expressions, root, combination)
                table = tabulate_integers(self._ctx, chain, source)
                if not unfold:
                    return emit_integer(self._ctx, chain, source, table)
            if unfold and read is not None:
                return self._unfolded(combination, read)
            return self._discretised_real(combination, root, read)
        except NotPerChannelError as error:
            raise refuse_chain(error) from error

    def _unfolded(self, combination: LinComb, read: LinComb) -> Lowered:
        """A sign behind the replay cut: one rising step of what it reads, or of that but for a shift."""
        rounds = any(
            base_of(node.op) in ROUNDERS for node in Chain(self._expressions, read, combination).nodes
        )
        read = self._before_clamps(read) if rounds else self._unclamped(read)
        x = self.lower(read)
        chain = Chain(self._expressions, read, combination)
        try:
            result = threshold_real(self._ctx, chain, x, self._base(read, x))
        except NotOneStepError:
            last = self._expressions.atoms[combination.atoms[-1]]
            raise unsupported(last, "a function of a real number that is no single step") from None
        note_ties(self._ctx, read, combination, result)
        return result

    def _unclamped(self, read: LinComb) -> LinComb:
        """What a clamp around 0 in front of a sign clamps: the sign is the same without it."""
        while read.only_atom is not None:
            atom = self._expressions.atoms[read.only_atom]
            limits = limits_of(atom)
            if limits is None or not limits[0] < 0 < limits[1]:
                break
            read = next(atom.reads())
        return read

    def _base(self, read: LinComb, x: Lowered) -> Lowered:
        """What to compare with a threshold in place of `read`, which is `x`: a value that is there anyway.

        That is the nearest value below, but for a shift, that something else than the sign reads; or the
        value of the graph itself, where that is a real number without a scale.
        """
        at: LinComb | None = read
        while at is not None:
            below = self.lower(at)
            if below.name != x.name or not np.array_equal(below.scale, x.scale):
                break
            if at in self.needed:
                real = self._ctx.real(below, at)
                return replace(real, offset=x.offset - below.offset, origins=x.origins)
            at = self._expressions.dominator(at)
        plain = isinstance(self._ctx.domain(x), Float) and bool((x.scale == 1).all())
        return x if plain else self._ctx.real(x, read)

    def _discretised_real(self, combination: LinComb, root: LinComb, read: LinComb | None) -> Lowered:
        root = self._nearest(read, root)
        chain = Chain(self._expressions, root, combination)
        source = self._ctx.real(self.lower(root), root)
        last = self._expressions.atoms[combination.atoms[-1]]
        try:
            result = threshold_real(self._ctx, chain, source)
        except NotOneStepError:
            if read is None:
                raise unsupported(last, "a sign of several real numbers together") from None
            result = self._threshold_at(self._before_clamps(read), combination)
        if read is not None:
            note_ties(self._ctx, read, combination, result)
        return result

    def _nearest(self, read: LinComb | None, root: LinComb) -> LinComb:
        """Of the values between `root` and what a sign reads, the last that is computed anyway.

        A shortcut needs it, and stored once in few bits it takes less memory than `root` kept beside it.
        """
        at = read
        while at is not None and at != root:
            if at in self.needed:
                return at
            at = self._expressions.dominator(at)
        return root

    def _threshold_at(self, read: LinComb, combination: LinComb) -> Lowered:
        """The threshold on `read` itself, computed in real arithmetic."""
        source = self._ctx.real(self.lower(read), read)
        try:
            return threshold_real(self._ctx, Chain(self._expressions, read, combination), source)
        except NotOneStepError:
            last = self._expressions.atoms[combination.atoms[-1]]
            raise unsupported(last, "a function of a real number that is no single step") from None

    def _frontier(self, combination: LinComb) -> LinComb | None:
        """The one real-valued combination that the discretisers of `combination` read."""
        found: dict[LinComb, None] = {}
        waiting = list(combination.atoms)
        while waiting:
            for read in self._expressions.atoms[waiting.pop()].reads():
                if self._expressions.is_finite(read):
                    waiting.extend(read.atoms)
                else:
                    found[read] = None
        return next(iter(found)) if len(found) == 1 else None

    def _before_clamps(self, read: LinComb) -> LinComb:
        """What clamps before `read` clamp: rounding takes finitely many values only behind them.

        Max pools and padding in between stay part of the chain.
        """
        found = at = read
        while len(at.atoms) == 1:
            atom = self._expressions.atoms[at.atoms[0]]
            clamps = atom.base in CLAMPS
            reads = [each for each in atom.reads() if each.terms]
            if len(reads) != 1 or not (clamps or atom.kind in MOVES):
                break
            at = reads[0]
            found = at if clamps else found
        return found

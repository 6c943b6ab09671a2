"""Linear combinations of non-linear atoms: what makes straight-through-estimator arithmetic cancel.

`a.detach() - b.detach() + b` is the combination 1*a + 0*b, that is `a`, whatever b is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LinComb:
    """sum of coefficient * atom, plus a constant; `terms` are (atom index, coefficient), by index.

    No coefficient is zero, so equal combinations compare equal and can be keys.
    """

    terms: tuple[tuple[int, float], ...] = ()
    constant: float = 0.0

    @staticmethod
    def atom(index: int) -> LinComb:
        """The atom alone."""
        return LinComb(((index, 1.0),))

    @property
    def atoms(self) -> tuple[int, ...]:
        """Indices of the atoms, ascending."""
        return tuple(index for index, _ in self.terms)

    @property
    def only_atom(self) -> int | None:
        """The atom that the combination is equal to, if it is just one."""
        if self.constant == 0.0 and len(self.terms) == 1 and self.terms[0][1] == 1.0:
            return self.terms[0][0]
        return None

    @property
    def direction(self) -> LinComb:
        """The combination without its constant, scaled so that its first coefficient is 1."""
        if not self.terms:
            return LinComb()
        first = self.terms[0][1]
        return LinComb(tuple((index, factor / first) for index, factor in self.terms))

    def scaled(self, factor: float) -> LinComb:
        """The combination times a number."""
        return _normal(((index, factor * c) for index, c in self.terms), factor * self.constant)

    def plus(self, other: LinComb, factor: float = 1.0) -> LinComb:
        """The combination plus `factor` times another."""
        scaled = [(index, factor * c) for index, c in other.terms]
        return _normal([*self.terms, *scaled], self.constant + factor * other.constant)

    def shifted(self, constant: float) -> LinComb:
        """The combination plus a number."""
        return LinComb(self.terms, self.constant + constant)


def product(left: LinComb, right: LinComb, *, divide: bool) -> LinComb | None:
    """`left` * right, or left / right, where one of them (the right one) is a number; else None."""
    if divide:
        ok = not right.terms and right.constant != 0.0
        return (
            LinComb(tuple((i, c / right.constant) for i, c in left.terms), left.constant / right.constant)
            if ok
            else None
        )
    if not right.terms:
        return left.scaled(right.constant)
    return right.scaled(left.constant) if not left.terms else None


def _normal(terms: Iterable[tuple[int, float]], constant: float) -> LinComb:
    """Equal atoms joined; a coefficient that is rounding error of what was added counts as zero."""
    total: dict[int, float] = {}
    size: dict[int, float] = {}
    for index, coefficient in terms:
        total[index] = total.get(index, 0.0) + coefficient
        size[index] = max(size.get(index, 0.0), abs(coefficient))
    kept = tuple((i, c) for i, c in sorted(total.items()) if abs(c) > 1e-12 * size[i])
    return LinComb(kept, constant)

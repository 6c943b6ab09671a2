"""Recognises two slopes that meet at zero, however a model writes them, by evaluating its own calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from bnncl.frontend.atoms import Atom
from bnncl.frontend.chains import Chain, NotPerChannelError
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, unsupported
from bnncl.frontend.recognised import Lowered, Reals
from bnncl.frontend.staircase import real_grid
from bnncl.ir.values import Constant
from bnncl.ops.elementwise import RealPRelu

_LARGEST, _SMALLEST = 2.0**20, 2.0**-20
_SAME = 1e-5


@dataclass(frozen=True, eq=False)
class Slopes:
    """x * positive[c] where the real number x of `source` is >= 0, else x * negative[c]; (C,) each."""

    source: LinComb
    negative: Reals
    positive: Reals
    origins: tuple[str, ...]


def find_slopes(ctx: Context, combination: LinComb) -> Slopes | None:
    """The combination as two slopes, by channel, of a value below it; None if it is something else."""
    source = ctx.expressions.dominator(combination)
    candidates = () if source is None else ctx.expressions.multiples(source)
    found = (_slopes(ctx, each, combination) for each in candidates if each != combination)
    return next((slopes for slopes in found if slopes is not None), None)


def _slopes(ctx: Context, source: LinComb, combination: LinComb) -> Slopes | None:
    chain = Chain(ctx.expressions, source, combination)
    if chain.moves:
        return None
    grid = real_grid()
    size = np.abs(grid)
    x = grid[((size <= _LARGEST) & (size >= _SMALLEST)) | (size == 0)]
    channels = ctx.expressions.shape(source)[1]
    try:
        target, _ = chain.run(torch.from_numpy(x[:, None].copy()).expand(-1, channels).contiguous())
    except NotPerChannelError:
        return None
    found: Reals = target.numpy()
    positive, negative = found[-1] / x[-1], found[0] / x[0]
    column = x[:, None].astype(np.float64)
    wanted = np.where(column >= 0, column * positive, column * negative)
    if not bool((np.abs(found - wanted) <= _SAME * np.abs(column) * (1 + np.abs(positive))).all()):
        return None
    return Slopes(source, negative, positive, chain.origins)


def check_pointwise(ctx: Context, atom: Atom) -> Slopes:
    """The slopes behind a call that reads several values; refused if it is no such function of one."""
    found = find_slopes(ctx, LinComb.atom(atom.index))
    if found is None:
        raise unsupported(
            atom,
            f"{atom.op} of several tensors is not supported",
            "real-valued tensors can be added; products and choices between them are not known",
            "add them, or write two slopes that meet at zero (as PReLU does)",
        )
    return found


def lower_slopes(ctx: Context, slopes: Slopes, x: Lowered, module: str) -> Lowered:
    """The op of the graph; `x` is the lowered source.

    Slopes of 1 on the positive side are left out, but not where they are parameters that can be trained.
    """
    x = ctx.real(x, slopes.source)
    learned = len(slopes.origins) > 1 and ctx.touches(slopes.source)
    positive = None if bool((slopes.positive == 1).all()) and not learned else slopes.positive
    op = RealPRelu(
        output=ctx.derived(x.name, "prelu"),
        module=module,
        x=x.name,
        slope=Constant(x.ordered(slopes.negative), slopes.origins),
        positive=None if positive is None else Constant(x.ordered(positive), slopes.origins),
    )
    return Lowered.plain(ctx.add(op), len(x.scale), x.order)

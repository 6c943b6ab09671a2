"""Finds the real thresholds between a real value and its sign, through PyTorch's own calls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from bnncl.diagnostics import Problem
from bnncl.frontend.chains import Chain
from bnncl.frontend.discretise import (
    Pair,
    RealSteps,
    emit_real,
    moved,
    sign_tie,
    too_many_levels,
    two_valued,
    where_of,
)
from bnncl.frontend.lincomb import LinComb
from bnncl.frontend.lowering import Context, Refused
from bnncl.frontend.recognised import Lowered
from bnncl.frontend.staircase import Direction, Levels, Signs, chunks, real_grid, real_step

Floats = NDArray[np.float32]


class NotOneStepError(Exception):
    """The sign is no single step of the value, channel by channel; raised and caught in the frontend."""


@dataclass(frozen=True, eq=False)
class _Probe:
    """A chain's signs on the grid: (T, C), and whether the signs rise or fall with each pool."""

    signs: Signs
    pair: Pair
    directions: tuple[Direction, ...]


def threshold_real(ctx: Context, chain: Chain, source: Lowered, base: Lowered | None = None) -> Lowered:
    """One real threshold for each channel of the float value `source`; NotOneStepError if one is too few.

    With `base`, that is how `source` follows from a value by a shift: the threshold is put on that value.
    """
    grid = real_grid()
    probe = _probe(ctx, chain, source, grid)
    changes = probe.signs[1:] != probe.signs[:-1]
    if bool((changes.sum(0) > 1).any()):
        raise NotOneStepError
    for direction in probe.directions:
        if not bool((direction.rises | direction.falls).all()):
            raise NotOneStepError
    _refuse_lattice_ties(ctx, chain, source, probe.pair)
    at = _bisect(chain, source, grid, changes, probe.pair)
    first = np.where(probe.signs[0], 1, -1).astype(np.int8)
    at, first = source.ordered(at), source.ordered(first)
    steps = RealSteps(at[None], first, probe.pair)
    if base is not None:
        steps = replace(steps, at=steps.at - base.offset)
        _check_rising(ctx, where_of(ctx, chain, base), steps)
    result = emit_real(ctx, chain, base or source, steps)
    pad = float("nan")
    if source.padding is not None:
        pad = _target_at(chain, source, source.padding.value)
        result = replace(result, padding=replace(source.padding, value=pad))
    if chain.pads:
        pad = _pad_of(chain, source)
    minima = [direction.falls & ~direction.rises for direction in probe.directions]
    return moved(ctx, chain, result, minima, pad)


def _probe(ctx: Context, chain: Chain, source: Lowered, grid: Floats) -> _Probe:
    channels = len(source.scale)
    levels, codes = Levels(), []
    for part in chunks(len(grid), channels):
        target, _ = chain.run(_rows(grid[part], channels))
        codes.append(levels.codes(target.numpy()))
    code = np.concatenate(codes)
    numbers = sorted(levels.seen)
    where = where_of(ctx, chain, source)
    signed = bool(chain.uses("sign") or chain.uses("sgn"))
    tie = signed and len(numbers) == 3 and abs(sum(numbers)) <= 1e-5 * numbers[2]
    if code.min() < 0 or not (len(numbers) <= 2 or tie):
        raise Refused(too_many_levels(where, numbers))
    if tie:
        _refuse_wide_ties(ctx, where, code == levels.seen.index(numbers[1]), grid)
    pair = two_valued([numbers[0], numbers[-1]] if tie else numbers)
    signs = _collapsed((np.array(levels.seen) >= pair.middle)[code], channels)
    directions = tuple(Direction(channels) for _ in chain.pools)
    for part in chunks(len(grid), channels) if directions else ():
        _, tables = chain.run(_rows(grid[part], channels))
        for direction, node in zip(directions, chain.pools, strict=True):
            direction.feed(tables[node.outputs[0]].double().numpy(), signs[part])
    return _Probe(signs, pair, directions)


def _refuse_wide_ties(ctx: Context, where: str, tied: Signs, grid: Floats) -> None:
    """A sign that is 0 over a whole range of ordinary numbers is no accident that can be ignored."""
    ordinary = (np.abs(grid) > 1e-3) & (np.abs(grid) < 1e3)
    wide = tied[ordinary].sum(0) > 1
    if bool(wide.any()):
        ctx.problems.add(sign_tie(where, wide))


def _refuse_lattice_ties(ctx: Context, chain: Chain, source: Lowered, pair: Pair) -> None:
    """A real convolution of binary numbers with weights -a, 0 and a is 0 as easily as an integer is."""
    if source.name not in ctx.lattices or not source.is_plain:
        return
    lattice, bound = ctx.lattices[source.name]
    target, _ = chain.run(lattice.table(np.arange(-bound, bound + 1)))
    middle = np.abs(target.numpy() - pair.middle) < 1e-3 * (pair.high - pair.low)
    tied = np.asarray(middle.reshape(len(middle), len(source.scale), -1).any((0, 2)))
    if bool(tied.any()):
        ctx.problems.add(sign_tie(where_of(ctx, chain, source), tied))


def _collapsed(signs: Signs, channels: int) -> Signs:
    """Signs for each channel, of signs for each feature of a flattened map, if they agree."""
    grouped = signs.reshape(len(signs), channels, -1)
    if not bool((grouped == grouped[:, :, :1]).all()):
        raise NotOneStepError
    return np.asarray(grouped[:, :, 0])


def _rows(numbers: Floats, channels: int) -> torch.Tensor:
    return torch.from_numpy(numbers[:, None].copy()).expand(-1, channels).contiguous()


def _bisect(chain: Chain, source: Lowered, grid: Floats, changes: Signs, pair: Pair) -> NDArray[np.float64]:
    there = changes.any(0)
    where = np.where(there, changes.argmax(0), 0)

    def signs_at(numbers: Floats) -> Signs:
        target, _ = chain.run(torch.from_numpy(numbers.reshape(1, -1).astype(np.float32)))
        return np.asarray(_collapsed(target.numpy() >= pair.middle, len(source.scale))[0])

    found = real_step(signs_at, grid[where], grid[where + 1])
    return np.where(there, found, np.inf)


def _target_at(chain: Chain, source: Lowered, number: float) -> float:
    """What the chain makes of one real number; NaN if the channels differ."""
    target, _ = chain.run(torch.full((1, len(source.scale)), number))
    return _one(target.numpy()[0])


def _pad_of(chain: Chain, source: Lowered) -> float:
    target, _ = chain.run(torch.zeros((2, len(source.scale))), pad_row=True)
    return _one(target.numpy()[-1])


def _one(numbers: NDArray[np.float64]) -> float:
    return float(numbers[0]) if bool((numbers == numbers[0]).all()) else float("nan")


def note_ties(ctx: Context, read: LinComb, target: LinComb, result: Lowered) -> None:
    """Say that exact zeros of the real number `read` count as +1, where torch's sign gives 0.

    `result` stands for `target`; a sign that gives 0 as one of its two regular numbers, such as that of
    a ReLU, is no tie.
    """
    direct = Chain(ctx.expressions, read, target)
    if not (direct.uses("sign") or direct.uses("sgn")):
        return
    at_zero = direct.run(torch.zeros((1, ctx.expressions.shape(read)[1])))[0].numpy()
    if bool((np.abs(at_zero - result.offset[0]) < 1e-3 * result.scale[0]).any()):
        where = ctx.builder.value(result.name).module
        message = "torch.sign of a real number is 0 at exactly 0; the compiled model takes it as +1"
        if ctx.is_discrete(read):
            message += ", and as the number comes from binary activations alone, that may happen often"
        ctx.note("zero-taken-as-plus-one", where, message)


def _check_rising(ctx: Context, where: str, steps: RealSteps) -> None:
    """Refuse a threshold behind a replay cut that is not one rising step in each channel."""
    odd = (steps.first != -1) | ~np.isfinite(steps.at).all(0)
    if bool(odd.any()):
        message = f"an activation is no rising step in {int(odd.sum())} of {len(odd)} channels"
        why = "Behind the replay cut every sign must be +1 above its threshold and -1 below."
        hint = "Use a sign that rises, such as torch.where(x >= 0, 1.0, -1.0), and turn x instead."
        ctx.problems.add(Problem("unsupported-step", message, where, why, hint))

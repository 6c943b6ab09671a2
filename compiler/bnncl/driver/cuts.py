"""Where latents are taken from a model whose head learns, and of how many bits a number."""

from __future__ import annotations

from dataclasses import replace

from bnncl.diagnostics import Problem, UsageError
from bnncl.driver.options import Options
from bnncl.ir.graph import Graph
from bnncl.ir.types import Binary, Packed
from bnncl.kernels.learned_head import head_of, parts
from bnncl.ops.pack import Pack

_WITHOUT_BITS = 8
"""Bits of a number of a latent where no binary value can be one."""


def find_cut(graph: Graph) -> str | None:
    """The value of the INTEGER `graph` that latents are: what was packed for them, else the binary cut."""
    return next((op.output for op in graph.ops if isinstance(op, Pack)), None) or binary_cut(graph)


def binary_cut(graph: Graph) -> str | None:
    """The last binary value of `graph` that every path to its output crosses, if there is one."""
    later: set[str] = set()
    read: set[str] = set(graph.outputs)
    for op in reversed(graph.ops):
        binary = isinstance(graph.type_of(op.output).domain, Binary)
        if binary and read <= later | {op.output}:
            return op.output
        later.add(op.output)
        read |= set(op.inputs)
    return None


def up_to(graph: Graph, cut: str) -> Graph:
    """The part of `graph` from its first input to the value `cut`."""
    at = next(index for index, op in enumerate(graph.ops) if op.output == cut) + 1
    return replace(graph, inputs=graph.inputs[:1], outputs=(cut,)).with_ops(graph.ops[:at])


def latent_bits(graph: Graph, options: Options) -> int | None:
    """Bits of a number where latents are the features that `graph` ends in; None where they are a binary cut.

    UsageError (`no-binary-cut`, `latents-are-bits`) where `--replay-bits` asks for what is not there.
    """
    there = binary_cut(graph) is not None
    if options.replay_bits is None:
        return None if there else _WITHOUT_BITS
    if options.replay_bits == 1:
        if not there:
            raise UsageError(_no_binary_cut(graph))
        return None
    features = graph.type_of(graph.outputs[0])
    if isinstance(features.domain, Binary):
        message = f"the head reads {features.elements} bits: a latent is them, at one bit each"
        why = f"{options.replay_bits} bits for each would hold nothing more."
        hint = "Leave --replay-bits out, or set it to 1."
        raise UsageError(Problem("latents-are-bits", message, "--replay-bits", why, hint))
    return options.replay_bits


def _no_binary_cut(graph: Graph) -> Problem:
    return Problem(
        "no-binary-cut",
        "no binary value lies on every path from the input to the head",
        graph.outputs[0],
        "With one bit for each number, latents are the bits of one layer.",
        "Put a sign before the last linear layer, or ask for --replay-bits 8, 7 or 6.",
    )


def cut_notes(graph: Graph, options: Options) -> list[str]:
    """What a user should know of the latents of `graph`; nothing where its head does not learn."""
    if head_of(graph) is None:
        return []
    domain = parts(graph).latent.domain
    found = []
    if isinstance(domain, Packed) and options.replay_bits is None:
        found.append(
            f"No binary value lies between input and head: latents are numbers of {domain.bits} bits "
            "(--replay-bits 7 or 6 makes them smaller)."
        )
    if isinstance(domain, Packed) and domain.bits > options.qf:
        reader = "head" if options.tail is None else "tail"
        found.append(
            f"Latents keep {domain.bits} bits of a number, the {reader} reads {options.qf} of them (--qf)."
        )
    return found

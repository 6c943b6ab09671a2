"""What of the memory of learning is kept in storage: the arrays that last, in canonical order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Final

import numpy as np

from bnncl.ir.graph import Program
from bnncl.ir.values import Constant, StateArray
from bnncl.kernels.base import KernelCall
from bnncl.kernels.learned_head import parts
from bnncl.state import HEADER_BYTES, Layout, Segment, layout_to_json, state_bytes

_ORDER: Final = 1
"""Grows when the order below or the meaning of an array changes."""

CURSOR_FIELDS: Final = ("seed", "steps", "stored")
"""What of bnncl_learn_state is not 0 between two experiences; all else of it is work at hand."""


def stored_state(program: Program) -> Layout:
    """The arrays of a program that learns, as they are saved; those without elements are left out.

    Between two experiences what a tail has trained is what was kept of it; all else of it follows from that.
    """
    config = parts(program.graphs[0]).head.config
    classes = config.max_classes
    found = (
        *(Segment(name, "uint32", ()) for name in CURSOR_FIELDS),
        Segment("past", "uint32", (classes,)),
        Segment("cw", "int16", (classes, config.features)),
        Segment("met", "uint32", (classes,)),
        Segment("replay_labels", "uint16", (config.slots,)),
        Segment("replay_latents", "uint8", (config.slots, config.latent_bytes)),
        *(
            Segment(state.name, state.type.ctype.removesuffix("_t"), state.type.shape)
            for state in trained(program)
        ),
    )
    return tuple(each for each in found if each.size)


def trained(program: Program) -> tuple[StateArray, ...]:
    """The latent weights and parameters of a tail that learns."""
    return tuple(state for state in program.states if state.role in ("latent", "parameter"))


def saved_bytes(program: Program) -> int:
    """Bytes that a slot of storage has to hold, header included."""
    return HEADER_BYTES + state_bytes(stored_state(program))


def layout_number(program: Program) -> int:
    """32 bits that differ where saved numbers would mean something else: the `layout` of a saved state.

    They are the first of the SHA-256 of the order, the arrays, the integers that give weights their meaning,
    and the frozen ops, which gave the latents theirs; with a tail that learns, of all its forward ops and of
    what its weights and parameters mean. Neither the target counts nor the chosen kernels, nor what learning
    starts from, nor its rate.
    """
    cut = parts(program.graphs[0])
    config = cut.head.config
    about = {
        "order": _ORDER,
        "segments": layout_to_json(stored_state(program)),
        "stored bits": config.q_backward,
        "exponent": config.weight_exponent,
        "bias feature": cut.head.bias_feature,
        "latent": repr(cut.latent),
    }
    digest = hashlib.sha256(json.dumps(about).encode())
    for part in (cut.encode, cut.tail):
        for op in part.ops:
            _feed(digest, op.op if isinstance(op, KernelCall) else op)
    for state in trained(program):
        _feed(digest, (state.name, state.type, state.role, state.meaning))
    return int.from_bytes(digest.digest()[:4], "little")


def _feed(digest: hashlib._Hash, held: object) -> None:
    if isinstance(held, Constant):
        held = held.data
    if isinstance(held, np.ndarray):
        digest.update(f"{held.dtype}{held.shape}".encode() + np.ascontiguousarray(held).tobytes())
    elif is_dataclass(held) and not isinstance(held, type):
        digest.update(type(held).__name__.encode())
        for field in fields(held):
            _feed(digest, getattr(held, field.name))
    elif isinstance(held, tuple):
        digest.update(f"{len(held)}".encode())
        for each in held:
            _feed(digest, each)
    else:
        digest.update(f"{held!r};".encode())

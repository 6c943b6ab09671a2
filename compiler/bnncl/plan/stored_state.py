"""What of a head's memory is kept in storage: the arrays that last, in canonical order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Final

import numpy as np

from bnncl.ir.graph import Graph
from bnncl.ir.values import Constant
from bnncl.kernels.base import KernelCall
from bnncl.kernels.learned_head import parts
from bnncl.state import HEADER_BYTES, Layout, Segment, layout_to_json, state_bytes

_ORDER: Final = 1
"""Grows when the order below or the meaning of an array changes."""

CURSOR_FIELDS: Final = ("seed", "steps", "stored")
"""What of bnncl_learn_state is not 0 between two experiences; all else of it is work at hand."""


def stored_state(graph: Graph) -> Layout:
    """The arrays of a graph whose head learns, as they are saved; those without elements are left out."""
    config = parts(graph).head.config
    classes = config.max_classes
    found = (
        *(Segment(name, "uint32", ()) for name in CURSOR_FIELDS),
        Segment("past", "uint32", (classes,)),
        Segment("cw", "int16", (classes, config.features)),
        Segment("met", "uint32", (classes,)),
        Segment("replay_labels", "uint16", (config.slots,)),
        Segment("replay_latents", "uint8", (config.slots, config.latent_bytes)),
    )
    return tuple(each for each in found if each.size)


def saved_bytes(graph: Graph) -> int:
    """Bytes that a slot of storage has to hold, header included."""
    return HEADER_BYTES + state_bytes(stored_state(graph))


def layout_number(graph: Graph) -> int:
    """32 bits that differ where saved numbers would mean something else: the `layout` of a saved state.

    They are the first of the SHA-256 of the order, the arrays, the integers that give weights their meaning,
    and the frozen ops, which gave the latents theirs. Neither the target counts nor the chosen kernels,
    nor what learning starts from, nor its rate.
    """
    cut = parts(graph)
    config = cut.head.config
    about = {
        "order": _ORDER,
        "segments": layout_to_json(stored_state(graph)),
        "stored bits": config.q_backward,
        "exponent": config.weight_exponent,
        "bias feature": cut.head.bias_feature,
        "latent": repr(cut.latent),
    }
    digest = hashlib.sha256(json.dumps(about).encode())
    for part in (cut.encode, cut.tail):
        for op in part.ops:
            _feed(digest, op.op if isinstance(op, KernelCall) else op)
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

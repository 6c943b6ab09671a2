"""A device that goes on from what one has saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bnncl.interp.learner import Learner
from bnncl.ir.graph import Graph
from bnncl.ir.op import Array


def restored(graph: Graph, held: Mapping[str, Array]) -> Learner:
    """The device after `<name>_load`, from the arrays of a saved state by name; absent ones are empty."""
    device = Learner(graph, int(held["seed"]))
    head, memory = device.head, device.head.replay
    head.steps, memory.stored = int(held["steps"]), int(held["stored"])
    head.cw, head.past = held["cw"].astype(np.int64), held["past"].astype(np.uint32)
    memory.met = held["met"].astype(np.uint32)
    if "replay_labels" in held:
        memory.labels = held["replay_labels"].astype(np.uint16)
        memory.latents = held["replay_latents"].astype(np.uint8)
    return device

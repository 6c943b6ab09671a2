"""A device that goes on from what one has saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bnncl.interp.learner import Learner
from bnncl.interp.tail import TailLearner
from bnncl.ir.graph import Program
from bnncl.ir.op import Array


def restored(program: Program, held: Mapping[str, Array]) -> Learner:
    """The device after `<name>_load`, from the arrays of a saved state by name; absent ones are empty."""
    device = Learner(program, int(held["seed"]))
    head, memory = device.head, device.head.replay
    head.steps, memory.stored = int(held["steps"]), int(held["stored"])
    head.cw, head.past = held["cw"].astype(np.int64), held["past"].astype(np.uint32)
    memory.met = held["met"].astype(np.uint32)
    if "replay_labels" in held:
        memory.labels = held["replay_labels"].astype(np.uint16)
        memory.latents = held["replay_latents"].astype(np.uint8)
    if isinstance(head, TailLearner):
        names = [state.name for state in program.states if state.name in held]
        head.load({name: held[name].astype(np.int64) for name in names})
    return device

"""Projects whose head learns, devices that learned, and what is read out of their storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

import bnncl
from bnncl.driver.project import Project
from bnncl.interp.learner import Learner
from bnncl.plan.stored_state import layout_number, stored_state
from bnncl.state import Blob, write_slot
from tests.e2e.zoo import build, images


def compiled(name: str = "mlp", source: Path | None = None, **options: Any) -> Project:
    """A small network of ten classes with room for two more; minibatches of an experience may be incomplete.

    With `source`, the model in that file.
    """
    x = images(96)
    y = build(name)(x).argmax(1)
    given: dict[str, Any] = {
        "name": "net",
        "train": "head",
        "replay": 9,
        "max_classes": 12,
        "rounding": "stochastic",
        "replay_init": (x[:4], y[:4].numpy()),
        "experience": 13,
        "minibatch": (4, 4),
        "epochs": 2,
        **options,
    }
    if source is not None:
        return bnncl.compile(source, **given)
    return bnncl.compile(build(name), example=x[:1], calibration=x, labels=y, **given)


def new_classes(count: int = 64) -> tuple[torch.Tensor, np.ndarray[Any, Any]]:
    """Inputs (count, 1, 8, 8) of two classes, 10 and 11, that no network of the zoo has learned."""
    x = images(count, seed=30)
    light = x.flatten(1)[:, :24].mean(1) > x.flatten(1)[:, :24].mean()
    x[light, :, :3] = 1.0
    x[~light, :, 5:] = 0.0
    return x, np.where(light.numpy(), 10, 11)


def dump(device: Learner, project: Project, path: Path) -> Path:
    """What is read out of the storage of a device of `project` after its first save."""
    head, program = device.head, project.spec.program
    memory = head.replay
    held: dict[str, Any] = {
        "seed": head.seed,
        "steps": head.steps,
        "stored": memory.stored,
        "past": head.past,
        "cw": head.cw,
        "met": memory.met,
        "replay_labels": memory.labels,
        "replay_latents": memory.latents,
        **getattr(head, "states", {}),
    }
    payload = b"".join(
        np.asarray(held[each.name]).astype(np.dtype(each.dtype).newbyteorder("<")).tobytes()
        for each in stored_state(program)
    )
    slot_bytes = -(-(64 + len(payload)) // 256) * 256
    fingerprint = bytes.fromhex(project.spec.model_sha256)[:16]
    blob = Blob(1, fingerprint, layout_number(program), payload, 0, slot_bytes)
    path.write_bytes(write_slot(blob).ljust(2 * slot_bytes, b"\xff"))
    return path

"""What the demo's device is asked to learn: which classes, and with how much memory."""

from __future__ import annotations

from typing import Any

BASE_CLASSES = 6
"""Digits that PyTorch learns; the device learns the others, up to ROOM."""

ROOM = 10
SEED = 1
OPTIONS: dict[str, Any] = {"train": "head", "replay": 300, "max_classes": ROOM, "experience": 160}
"""Of `bnncl.compile`; the replay memory starts with `train.npz` besides."""

WORDS = (
    *("--train", "head", "--replay", str(OPTIONS["replay"]), "--max-classes", str(ROOM)),
    *("--experience", str(OPTIONS["experience"]), "--replay-init", "train.npz"),
)
"""The same, behind `bnncl-compile model.pt --target cortex-m7`."""

"""What the reference makes of the calls that the scripts make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bnncl.driver.project import Project
from bnncl.interp.learner import Learner
from bnncl.ir.op import Array
from bnncl.state import Blob, read_blob, write_slot
from tests.state.devices import dump

COUNT = 13
"""Samples of an experience."""


def sample_inputs() -> Array:
    """Inputs of three experiences as the model stores them, (39, 8, 8, 1)."""
    return np.random.default_rng(8).integers(0, 256, (3 * COUNT, 8, 8, 1))


def sample_labels() -> Array:
    """Old classes, and two new ones: 11 in the first experience, 10 in the second."""
    return np.array([(11, 10, 3)[i // COUNT] if i % 2 else i % 7 for i in range(3 * COUNT)])


class Devices:
    """Devices of one project in the reference; `folder` is for files that come up on the way."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project, self.folder = project, folder
        self.inputs, self.labels = sample_inputs(), sample_labels()

    def device(self, seed: int, *experiences: int) -> Learner:
        """A device of that seed that has learned these of the three experiences."""
        learner = Learner(self.project.spec.program, seed)
        for each in experiences:
            part = slice(each * COUNT, (each + 1) * COUNT)
            learner.learn(self.inputs[part], self.labels[part])
        return learner

    def scores(self, learner: Learner) -> list[list[int]]:
        """Of the first eight inputs."""
        return [[int(score) for score in row] for row in learner.infer(self.inputs[:8])]

    def saved(self, learner: Learner) -> bytes:
        """The one slot that holds the state, no longer than it has to be."""
        blob = self._blob(learner)
        return write_slot(replace(blob, slot_bytes=64 + len(blob.payload)))

    def region(self, *learners: Learner, blocks: int, block_bytes: int, unwritten: int) -> bytes:
        """The bytes of a block device after a save of each of `learners`.

        Each block held bytes of the value `unwritten` before.
        """
        half = blocks // 2 * block_bytes
        slots = [bytes([unwritten]) * half] * 2
        for index, learner in enumerate(learners):
            blob = replace(self._blob(learner), sequence=index + 1, slot_bytes=half)
            touched = -(-(64 + len(blob.payload)) // block_bytes) * block_bytes
            slots[index % 2] = write_slot(blob)[:touched].ljust(touched, b"\xff") + slots[index % 2][touched:]
        return b"".join(slots)

    def _blob(self, learner: Learner) -> Blob:
        return read_blob(dump(learner, self.project, self.folder / "reference").read_bytes())

"""Samples as every method of a comparison sees them, behind the same frozen backbone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnncl.ir.op import Array
from bnncl.learn.scenarios import Indices, Labels

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Samples:
    """N samples: what the device is fed, what its integer backbone makes of that, and the labels (N,).

    `inputs` (N, H, W, C) are stored numbers. `features` (N, F) are the real numbers that the head's
    inputs stand for, the constant one of the bias included, as the integer graph computes them.
    """

    inputs: Array
    features: Features
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Indices) -> Samples:
        """The samples at `indices`, in that order."""
        return Samples(self.inputs[indices], self.features[indices], self.labels[indices])

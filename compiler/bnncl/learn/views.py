"""Training and test samples as each kind of method reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bnncl.driver.project import stored_inputs
from bnncl.emit.stored import stored
from bnncl.ir.op import Array
from bnncl.learn.backbone import Backbone, Computed
from bnncl.learn.data import DataSet
from bnncl.learn.methods import Method
from bnncl.learn.samples import Samples
from bnncl.learn.scenarios import Labels
from bnncl.learn.tails import Tails

_BATCH = 256
Told = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class View:
    """Samples to learn and to be tested with; `known` are those to learn of the classes known before."""

    train: Samples
    test: Samples
    known: Samples


@dataclass(eq=False)
class Views:
    """The views of one simulation; `base` are the classes known before, `tails` is None where heads learn.

    Views of heads are computed by `computed`. Of tails, where latents are large, only the last view is held.
    """

    data: DataSet
    base: range
    backbone: Backbone
    tails: Tails | None
    computed: Computed
    _name: str = ""
    _held: View | None = field(default=None)

    def of(self, method: Method, told: Told | None = None) -> View:
        """What `method` reads; `told` hears how many more samples are done."""
        name = self._name_of(method)
        if self._held is None or name != self._name:
            self._held = None
            train = self._samples(name, self.data.x_train, self.data.y_train, told)
            test = self._samples(name, self.data.x_test, self.data.y_test, told)
            known = train.take(np.flatnonzero(np.isin(self.data.y_train, self.base)))
            self._name, self._held = name, View(train, test, known)
        return self._held

    def _name_of(self, method: Method) -> str:
        if self.tails is not None and method.kind == "device":
            return "inputs"
        return f"latents {method.latent_bits}" if method.tail else "features"

    def _samples(self, name: str, x: Array, labels: Labels, told: Told | None) -> Samples:
        if self.tails is None:
            return self.computed.samples(self.backbone, x, labels, told)
        if name == "inputs":
            return Samples(self._inputs(x), np.zeros((len(x), 0), np.float32), labels.astype(np.int64))
        if name == "features":
            features = self.backbone.samples(x, labels, told).features
        else:
            features = self.tails.latents(x, int(name.split()[1]), told)
        return Samples(np.zeros((len(x), 0), np.uint8), features, labels.astype(np.int64))

    def _inputs(self, x: Array) -> Array:
        """Stored inputs (N, H, W, C), as many bytes as on the device."""
        graph = self.backbone.graph
        type_ = graph.type_of(graph.inputs[0])
        parts = [stored_inputs(x[at : at + _BATCH], graph) for at in range(0, len(x), _BATCH)]
        return np.concatenate([stored(part, type_).reshape(len(part), *type_.shape) for part in parts])


__all__ = ["View", "Views"]

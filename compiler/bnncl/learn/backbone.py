"""The frozen part of a compiled model: what every method of a comparison stands on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from bnncl.driver.head_rows import rate_fraction, real_rate
from bnncl.driver.project import stored_inputs
from bnncl.interp import given, run
from bnncl.interp.states import States
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array
from bnncl.ir.serialize import save_program
from bnncl.ir.types import Binary, Packed
from bnncl.kernels.base import KernelCall
from bnncl.kernels.learned_head import Parts, parts
from bnncl.learn.baselines import Start
from bnncl.learn.samples import Features, Samples
from bnncl.learn.scenarios import Labels
from bnncl.ops.learned_head import HeadConfig

_BATCH = 128
Told = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Backbone:
    """A graph whose head learns, run up to the head: by the integer reference, so bit for bit as in C.

    So float references differ from the device in how they learn, and in nothing else. `scale` is the real
    number that a feature of 1 stands for. Where a tail learns, `kept` is what is read of it at first.
    """

    graph: Graph
    cut: Parts
    scale: float
    kept: States = field(default_factory=dict)

    @classmethod
    def of_program(cls, program: Program) -> Backbone:
        """The backbone of an INTEGER or SELECTED program that learns, as it is at first."""
        made = cls.of(program.graphs[0])
        nothing = np.zeros(0)
        kept = given(program, nothing)
        del kept[program.graphs[0].inputs[0]]
        return replace(made, kept=kept)

    @classmethod
    def of(cls, graph: Graph) -> Backbone:
        """The backbone of an INTEGER or SELECTED `graph` that ends in a LearnedHead."""
        cut = parts(graph)
        value = cut.tail.values[cut.head.x]
        binary = isinstance(value.type.domain, Binary)
        assert binary or value.meaning is not None
        return cls(graph, cut, 1.0 if binary or value.meaning is None else float(value.meaning.scale[0]))

    @property
    def latent_values(self) -> int:
        """Values of one latent."""
        return self.cut.latent.elements

    @property
    def latent_bits(self) -> int:
        """Bits of a value of a latent on the device."""
        domain = self.cut.latent.domain
        return domain.bits if isinstance(domain, Packed) else 1

    @property
    def exact(self) -> bool:
        """Whether one bit holds a value of the cut."""
        return isinstance(self.cut.latent.domain, Binary)

    def samples(self, x: Array, labels: Labels, told: Told | None = None) -> Samples:
        """Real inputs in torch's layout and labels (N,); `told` hears how many more samples are done."""
        inputs = stored_inputs(x, self.graph)
        made: list[Features] = []
        for start in range(0, len(inputs), _BATCH):
            part = inputs[start : start + _BATCH]
            made.append(self._features(part))
            if told is not None:
                told(len(part))
        return Samples(inputs, np.concatenate(made), labels.astype(np.int64))

    def latents(self, inputs: Array) -> Array:
        """The values of the cut (N, H, W, C) of stored inputs."""
        encode = self.cut.encode
        return run(encode, {encode.inputs[0]: inputs})[self.cut.head.cut]

    def _features(self, inputs: Array) -> Features:
        tail, head = self.cut.tail, self.cut.head
        made = run(tail, {**self.kept, head.cut: self.latents(inputs)})[head.x].reshape(len(inputs), -1)
        return (head.with_bias(made) * self.scale).astype(np.float32)

    @property
    def rate(self) -> float:
        """The learning rate that the head was compiled with, as a real number."""
        config = self.cut.head.config
        return real_rate(config, self.scale)

    def config(self, rate: float | None, minibatch: tuple[int, int], epochs: int) -> HeadConfig:
        """The head's configuration, were it compiled to learn like this; without `rate` at its own."""
        config = self.cut.head.config
        multiplier, shift = config.rate_multiplier, config.rate_shift
        if rate is not None:
            multiplier, shift = rate_fraction(rate, self.scale, config.weight_exponent, config.q_backward)
        return replace(
            config,
            rate_multiplier=multiplier,
            rate_shift=shift,
            new_per_step=minibatch[0],
            replay_per_step=minibatch[1],
            epochs=epochs,
        )

    def start(self, known: Samples) -> Start:
        """The head as compiled, in real numbers; `known` are samples of the classes it knows."""
        head = self.cut.head
        rows = head.weights.data * 2.0**-head.config.weight_exponent
        return Start.of(rows, head.past.data, known)


@dataclass(eq=False)
class Computed:
    """Samples behind frozen layers, by a digest of layers, inputs and labels."""

    _found: dict[str, Samples] = field(default_factory=dict)

    def samples(self, backbone: Backbone, x: Array, labels: Labels, told: Told | None = None) -> Samples:
        """As `Backbone.samples`, at most once for equal layers and equal samples."""
        frozen = Program("frozen", (_plain(backbone.cut.encode), _plain(backbone.cut.tail)))
        total = hashlib.sha256(save_program(frozen, latents=False))
        for array in (x, labels):
            total.update(f"{array.dtype} {array.shape}".encode())
            total.update(np.ascontiguousarray(array).tobytes())
        key = total.hexdigest()
        if key not in self._found:
            self._found[key] = backbone.samples(x, labels, told)
        return self._found[key]


def _plain(graph: Graph) -> Graph:
    """`graph` as it was before kernels were selected, which change no number."""
    return graph.with_ops([op.op if isinstance(op, KernelCall) else op for op in graph.ops])

"""The memory that a head that learns keeps: which arrays, how large, and what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnncl.ir.graph import Graph
from bnncl.ir.types import Packed, TensorType, element_range
from bnncl.kernels.learned_head import Parts, parts
from bnncl.plan.stored_state import saved_bytes

CURSOR_BYTES = 36
"""sizeof(bnncl_learn_state)."""


@dataclass(frozen=True)
class Held:
    """An array of the memory: element type, sizes of its axes, bytes; `part` is what a report sums up."""

    name: str
    ctype: str
    sizes: tuple[int, ...]
    bytes: int
    part: str
    about: str


def held_arrays(graph: Graph) -> tuple[Held, ...]:
    """The arrays behind the cursor in order, each aligned by those before it; the sum is whole words."""
    made = [*_words(parts(graph)), *_halves(parts(graph))]
    odd = sum(each.bytes for each in made) % 4
    if odd:
        made.append(Held("padding", "uint16_t", (1,), 2, "counters", ""))
    return tuple(each for each in made if each.bytes)


def state_bytes(graph: Graph) -> int:
    """sizeof(<name>_memory)."""
    return CURSOR_BYTES + sum(each.bytes for each in held_arrays(graph))


def input_bytes(cut: Parts) -> int:
    """Bytes of the head's inputs of one sample."""
    return cut.features.stored_bytes


def _words(cut: Parts) -> Iterator[Held]:
    config = cut.head.config
    classes, words = config.max_classes, config.latent_bytes // 4
    for name, about in (
        ("past", "samples learned of each class; 0: not known"),
        ("met", "samples of each class that the replay memory has met"),
        ("current", "samples of each class, new and replayed"),
        ("active", "classes that take part in a softmax"),
    ):
        yield _held(name, "uint32_t", (classes,), "counters", about)
    yield _held("logits", "int32_t", (classes,), "batch", "of the sample at hand")
    yield _held("replay_latents", "uint32_t", (config.slots, words), "replay", "")
    yield _held("latents", "uint32_t", (config.experience, words), "experience", "of the open experience")
    size = config.batch * input_bytes(cut)
    yield _held(
        "inputs", "uint32_t", (-(-size // 4),), "batch", "of the head, for each sample of a minibatch"
    )


def _halves(cut: Parts) -> Iterator[Held]:
    config = cut.head.config
    rows = (config.max_classes, config.features)
    yield _held("cw", "int16_t", rows, "heads", "weights that inference uses")
    yield _held("tw", "int16_t", rows, "heads", "weights being trained")
    yield _held("deltas", "int16_t", (config.max_classes, config.batch), "batch", "gradients of the logits")
    yield _held("replay_labels", "uint16_t", (config.slots,), "replay", "")
    yield _held("labels", "uint16_t", (config.experience,), "experience", "of the open experience")


def _held(name: str, ctype: str, sizes: tuple[int, ...], part: str, about: str) -> Held:
    count = 4 if "32" in ctype else 2
    for size in sizes:
        count *= size
    return Held(name, ctype, sizes, count, part, about)


@dataclass(frozen=True)
class LearningReport:
    """What learning takes, in bytes, and its settings.

    `latent_bytes` is one latent as it is kept, with `latent_bits` for each number, beside what 8-bit numbers
    and float32 would take. The parts add up to `state_bytes`: replay memory, the open experience, heads,
    minibatch, counters. An abort costs no memory, since training works on a head of its own. A slot of
    storage takes `saved_bytes`.
    """

    module: str
    cut: str
    slots: int
    experience: int
    max_classes: int
    features: int
    forward_bits: int
    stored_bits: int
    latent_bits: int
    latent_bytes: int
    latent_bytes_int8: int
    latent_bytes_float32: int
    replay_bytes: int
    experience_bytes: int
    head_bytes: int
    batch_bytes: int
    counter_bytes: int
    abort_bytes: int
    state_bytes: int
    saved_bytes: int
    units_of_a_minibatch: int
    replay_filled: int

    @property
    def slot_bytes(self) -> int:
        """One slot of the replay memory: a latent and its label."""
        return self.latent_bytes + 2

    @property
    def padding_bytes(self) -> int:
        """Bytes behind the last array, 0 or 2; `counter_bytes` holds them, and all its counters are words."""
        return -(self.replay_bytes + self.experience_bytes + self.head_bytes + self.batch_bytes) % 4


def learning_report(graph: Graph) -> LearningReport:
    """The report of a graph whose head learns."""
    cut = parts(graph)
    config = cut.head.config
    sums = {"counters": CURSOR_BYTES}
    for each in held_arrays(graph):
        sums[each.part] = sums.get(each.part, 0) + each.bytes
    return LearningReport(
        module=cut.head.module,
        cut=cut.head.cut,
        slots=config.slots,
        experience=config.experience,
        max_classes=config.max_classes,
        features=config.features,
        forward_bits=config.q_forward,
        stored_bits=config.q_backward,
        latent_bits=cut.latent.domain.bits if isinstance(cut.latent.domain, Packed) else 1,
        latent_bytes=config.latent_bytes,
        latent_bytes_int8=cut.latent.elements,
        latent_bytes_float32=4 * cut.latent.elements,
        replay_bytes=sums.get("replay", 0),
        experience_bytes=sums["experience"],
        head_bytes=sums["heads"],
        batch_bytes=sums["batch"],
        counter_bytes=sums["counters"],
        abort_bytes=0,
        state_bytes=state_bytes(graph),
        saved_bytes=saved_bytes(graph),
        units_of_a_minibatch=config.batch + config.max_classes,
        replay_filled=len(cut.head.replay_labels.data),
    )


def largest_input(type_: TensorType) -> int:
    """Largest magnitude of a feature."""
    return max(map(abs, element_range(type_.domain)))


def input_kind(cut: Parts) -> str:
    """What the head reads, as the C functions for it are named: `bits`, `i8` or `u8`."""
    kinds = {"uint32_t": "bits", "int8_t": "i8", "uint8_t": "u8"}
    return kinds[cut.features.ctype]

"""The memory that a head that learns keeps: which arrays, how large, and what they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bnncl.ir.graph import Program
from bnncl.ir.types import Packed, TensorType, element_range
from bnncl.ir.values import StateArray
from bnncl.kernels.learned_head import Parts, parts
from bnncl.ops.learned_head import HeadConfig
from bnncl.ops.tail.parameters import NARROW_SUM, WIDE_SUM
from bnncl.plan.memory import MemoryPlan, Plans
from bnncl.plan.stored_state import saved_bytes, trained

CURSOR_BYTES = 36
"""sizeof(bnncl_learn_state)."""

ELEMENT_BYTES: Final = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4}
"""sizeof, by C type."""

FEW_SAMPLES: Final = 8
"""Samples between two updates where those are not a whole minibatch."""

_PARTS: Final = {
    "latent": "weights",
    "parameter": "weights",
    "gradient": "gradients",
    "signs": "caches",
    "kept": "kept",
}


@dataclass(frozen=True)
class Held:
    """An array of the memory: element type, sizes of its axes, bytes; `part` is what a report sums up."""

    name: str
    ctype: str
    sizes: tuple[int, ...]
    bytes: int
    part: str
    about: str


def held_arrays(program: Program, learning: Mapping[str, MemoryPlan]) -> tuple[Held, ...]:
    """The arrays behind the cursor in order, each aligned by those before it; the sum is whole words.

    `learning` are the plans of the graphs of a tail that learns.
    """
    return _arrays(parts(program.graphs[0]), program.states, learning)


def _arrays(
    cut: Parts, states: tuple[StateArray, ...], learning: Mapping[str, MemoryPlan]
) -> tuple[Held, ...]:
    found = [*_words(cut), *_halves(cut), *_tail(states, cut, learning)]
    made = sorted(found, key=lambda each: -ELEMENT_BYTES[each.ctype])
    odd = -sum(each.bytes for each in made) % 4
    if odd:
        ctype = "uint16_t" if odd == 2 else "uint8_t"
        made.append(_held("padding", ctype, (odd // ELEMENT_BYTES[ctype],), "counters", ""))
    names = [each.name for each in made]
    assert len({*names}) == len(names), names
    return tuple(each for each in made if each.bytes)


def state_bytes(program: Program, learning: Mapping[str, MemoryPlan]) -> int:
    """sizeof(<name>_memory)."""
    return CURSOR_BYTES + sum(each.bytes for each in held_arrays(program, learning))


def otherwise_bytes(program: Program, learning: Mapping[str, MemoryPlan]) -> int:
    """What state_bytes would be with the other `--accumulate`; its arena has the same values."""
    cut = parts(program.graphs[0])
    head, other = cut.head, other_accumulate(cut.head.config)
    latents = {state.name for state in program.states if state.role == "latent"}
    states = tuple(
        replace(state, type=TensorType(state.type.shape, NARROW_SUM if other else WIDE_SUM))
        if state.role == "gradient" and state.of in latents
        else state
        for state in program.states
    )
    changed = replace(cut, head=replace(head, config=replace(head.config, accumulate=other)))
    return CURSOR_BYTES + sum(each.bytes for each in _arrays(changed, states, learning))


def other_accumulate(config: HeadConfig) -> int:
    """The `--accumulate` that was not chosen."""
    return 0 if config.accumulate else FEW_SAMPLES


def input_bytes(cut: Parts) -> int:
    """Bytes of the head's inputs of one sample."""
    return cut.features.stored_bytes


def arena_bytes(learning: Mapping[str, MemoryPlan]) -> int:
    """Bytes of the arena that the graphs of a tail that learns share."""
    return max((plan.arena_bytes for plan in learning.values()), default=0)


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
    size = config.between_updates * input_bytes(cut)
    yield _held(
        "inputs", "uint32_t", (-(-size // 4),), "batch", "of the head, for each sample of a minibatch"
    )


def _halves(cut: Parts) -> Iterator[Held]:
    config = cut.head.config
    rows = (config.max_classes, config.features)
    sums = (config.max_classes, config.between_updates)
    yield _held("cw", "int16_t", rows, "heads", "weights that inference uses")
    yield _held("tw", "int16_t", rows, "heads", "weights being trained")
    yield _held("deltas", "int16_t", sums, "batch", "gradients of the logits")
    yield _held("replay_labels", "uint16_t", (config.slots,), "replay", "")
    yield _held("labels", "uint16_t", (config.experience,), "experience", "of the open experience")


def _tail(states: tuple[StateArray, ...], cut: Parts, learning: Mapping[str, MemoryPlan]) -> Iterator[Held]:
    """Of a tail that learns: its states, and where its ops work."""
    if not states:
        return
    yield _held("arena", "uint32_t", (arena_bytes(learning) // 4,), "arena", "of the ops of a sample")
    yield _held("delta", "int16_t", (cut.head.config.max_classes,), "batch", "of the sample at hand")
    for state in states:
        ctype = state.type.ctype
        count = state.type.stored_bytes // ELEMENT_BYTES[ctype]
        yield _held(state.name, ctype, (count,), _PARTS[state.role], _about(state))


def _about(state: StateArray) -> str:
    at = f" of {state.module}" if state.module else ""
    texts = {
        "latent": f"filter{at}, being trained: what its signs come from",
        "parameter": f"parameter{at}, being trained",
        "gradient": f"sum of the gradients of {state.of}",
        "signs": f"packed, of {state.of}",
        "kept": f"{state.of} as last committed",
    }
    return texts[state.role]


def _held(name: str, ctype: str, sizes: tuple[int, ...], part: str, about: str) -> Held:
    count = ELEMENT_BYTES[ctype]
    for size in sizes:
        count *= size
    return Held(name, ctype, sizes, count, part, about)


@dataclass(frozen=True)
class LearningReport:
    """What learning takes, in bytes, and its settings.

    `latent_bytes` is one latent as it is kept, with `latent_bits` for each number, beside what 8-bit
    numbers and float32 would take. The parts add up to `state_bytes`: replay memory, the open experience,
    heads, minibatch, counters, and where a tail learns its weights and parameters, what is kept of them for
    inference and for an abort, sums of gradients, packed signs, and the arena of its ops. A head's abort
    costs no memory, since training works on rows of its own. A slot of storage takes `saved_bytes`.
    `weights` counts latent weights and parameters of the tail, and `accumulate` the samples between two
    updates, 0 for a minibatch; with `other_accumulate` the parts would add up to `other_state_bytes`.
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
    weights: int = 0
    accumulate: int = 0
    weight_bytes: int = 0
    gradient_bytes: int = 0
    cache_bytes: int = 0
    arena_bytes: int = 0
    other_accumulate: int = 0
    other_state_bytes: int = 0

    @property
    def slot_bytes(self) -> int:
        """One slot of the replay memory: a latent and its label."""
        return self.latent_bytes + 2

    @property
    def padding_bytes(self) -> int:
        """Bytes behind the last array, 0 to 3; `counter_bytes` holds them, and all its counters are words."""
        return self.counter_bytes % 4


def learning_report(program: Program, plans: Plans) -> LearningReport:
    """The report of a program whose head learns, or more."""
    cut = parts(program.graphs[0])
    config = cut.head.config
    sums = {"counters": CURSOR_BYTES}
    for each in held_arrays(program, plans.learning):
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
        abort_bytes=sums.get("kept", 0),
        state_bytes=sum(sums.values()),
        saved_bytes=saved_bytes(program),
        units_of_a_minibatch=units_of_a_minibatch(program),
        replay_filled=len(cut.head.replay_labels.data),
        weights=sum(state.type.elements for state in trained(program)),
        accumulate=config.accumulate,
        weight_bytes=sums.get("weights", 0),
        gradient_bytes=sums.get("gradients", 0),
        cache_bytes=sums.get("caches", 0),
        arena_bytes=sums.get("arena", 0),
        other_accumulate=other_accumulate(config) if program.states else 0,
        other_state_bytes=otherwise_bytes(program, plans.learning) if program.states else 0,
    )


def units_of_a_minibatch(program: Program) -> int:
    """Units of work of a full minibatch, new and replayed samples, updates included."""
    config = parts(program.graphs[0]).head.config
    if not program.states:
        return config.batch + config.max_classes
    updates = -(-config.batch // config.between_updates)
    sample, update = len(program.graph("sample").ops) + 1, len(program.graph("update").ops)
    return config.batch * sample + updates * (config.max_classes + update)


def largest_input(type_: TensorType) -> int:
    """Largest magnitude of a feature."""
    return max(map(abs, element_range(type_.domain)))


def input_kind(cut: Parts) -> str:
    """What the head reads, as the C functions for it are named: `bits`, `i8` or `u8`."""
    kinds = {"uint32_t": "bits", "int8_t": "i8", "uint8_t": "u8"}
    return kinds[cut.features.ctype]

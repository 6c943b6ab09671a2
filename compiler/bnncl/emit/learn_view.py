"""The C of a head that learns: its configuration, its memory, what it starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bnncl.emit.code_views import Bound, call_views, proof_view, section_view
from bnncl.emit.ctext import comment, initializer, integer
from bnncl.emit.layout import Names
from bnncl.emit.memory_layout import declaration, members, memory_arrays
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.stored import stored
from bnncl.emit.tail_view import goes_back
from bnncl.emit.views import AssertView, CallView, SectionView
from bnncl.kernels.learned_head import Parts, parts
from bnncl.plan.learn_bounds import proofs
from bnncl.plan.learning import Held, input_kind, largest_input

POINTERS = (
    *("cw", "past", "met", "replay_labels", "replay_latents", "tw", "current", "labels", "latents", "deltas"),
    *("inputs", "logits", "active", "delta"),
)
"""Fields of bnncl_head that point to the array of that name in the memory."""

_UNITS = (
    "one sample forward, or the update of one class",
    "one op of a sample or an update, or the update of a class",
)
_BYTES = ("replay_latents", "latents")
_FACTORY = (
    ("cw", "weights"),
    ("past", "past"),
    ("met", "met"),
    ("replay_labels", "replay_labels"),
    ("replay_latents", "replay_latents"),
)


@dataclass(frozen=True)
class MemberView:
    """A field of a struct: the text of its declaration or initialiser, and a comment behind it."""

    text: str
    comment: str


@dataclass(frozen=True)
class CopyView:
    """A constant that is copied into the memory at the start."""

    member: str
    symbol: str


@dataclass(frozen=True)
class KnownView:
    """What the self-test compares of one input: the last value that does not change with learning."""

    ctype: str
    what: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class LearnView:
    """What learning adds to the C of a project.

    `has_tail`: ops stand behind the cut; `is_trained`: they learn, too; `uses_memory`: they read
    what they learned.
    """

    members: tuple[MemberView, ...]
    config: tuple[str, ...]
    pointers: tuple[str, ...]
    factory: tuple[CopyView, ...]
    stored: int
    asserts: tuple[AssertView, ...]
    encode: SectionView
    tail: SectionView
    has_tail: bool
    is_trained: bool
    goes_back: bool
    unit: str
    has_frozen_tail: bool
    uses_memory: bool
    score: CallView
    cut: str
    latent_at: int
    features_pointer: str
    features_at: int
    features_ctype: str
    features_bytes: int
    latent_bytes: int
    features_name: str
    known: KnownView


def learn_view(spec: ProjectSpec, names: Names, bound: Bound) -> LearnView:
    """What learning adds to the C of a project whose head learns."""
    cut = parts(spec.graph)
    calls = call_views(spec, names, bound)
    plan = spec.plan
    held = memory_arrays(spec)
    latent_at = (plan.arena_bytes + plan.scratch_bytes) // 4
    features_at = latent_at + (plan.latent_bytes // 4 if cut.tail.ops else 0)
    split = len(cut.encode.ops)
    return LearnView(
        members=tuple(MemberView(declaration(each), each.about) for each in held),
        config=tuple(f".{name} = {value}," for name, value in _config(spec, cut)),
        pointers=tuple(_pointers(held)),
        factory=tuple(_factory(spec, names, bound)),
        stored=len(cut.head.replay_labels.data),
        asserts=tuple(_asserts(cut)),
        encode=section_view(spec, calls[:split], bound[: _code(spec, split)]),
        tail=section_view(spec, calls[split:-1], bound[_code(spec, split) : -1]),
        has_tail=bool(cut.tail.ops),
        is_trained=bool(spec.program.states),
        goes_back=goes_back(spec.program.states),
        unit=_UNITS[bool(spec.program.states)],
        has_frozen_tail=bool(cut.tail.ops) and not spec.program.states,
        uses_memory=len(cut.tail.inputs) > 1,
        score=calls[-1],
        cut=comment(cut.head.cut),
        latent_at=latent_at,
        features_pointer=_features_pointer(cut.features.ctype, features_at),
        features_at=features_at,
        features_ctype=cut.features.ctype,
        features_bytes=cut.features.stored_bytes,
        latent_bytes=cut.latent.stored_bytes,
        features_name=names.buffer(cut.head.x),
        known=_known(spec, cut),
    )


def _known(spec: ProjectSpec, cut: Parts) -> KnownView:
    """What the head reads, or where that changes with learning the latent."""
    name, what = (cut.head.cut, "latent") if spec.program.states else (cut.head.x, "features")
    type_ = spec.graph.type_of(name)
    return KnownView(type_.ctype, what, initializer(stored(spec.golden.values[name][0], type_)))


def _features_pointer(ctype: str, word: int) -> str:
    """The declaration of where what the head reads lies in the workspace."""
    words = f"workspace->words + {word}"
    return f"{ctype} *const features = {words if ctype == 'uint32_t' else f'({ctype} *)({words})'};"


def _code(spec: ProjectSpec, ops: int) -> int:
    """How many of the first `ops` ops are code."""
    return sum(1 for op in spec.report.ops[:ops] if op.kernel)


def _config(spec: ProjectSpec, cut: Parts) -> Iterator[tuple[str, str]]:
    config = cut.head.config
    numbers = {
        "features": config.features,
        "inputs": config.features - 1,
        "input_bytes": cut.features.stored_bytes,
        "max_classes": config.max_classes,
        "latent_bytes": config.latent_bytes,
        "slots": config.slots,
        "experience": config.experience,
        "new_per_step": config.new_per_step,
        "replay_per_step": config.replay_per_step,
        "epochs": config.epochs,
        "accumulate": config.accumulate,
        "softmax_multiplier": config.softmax_multiplier,
        "rate_multiplier": config.rate_multiplier,
        "softmax_shift": config.softmax_shift,
        "rate_shift": config.rate_shift,
        "q_forward": config.q_forward,
        "q_backward": config.q_backward,
        "score_shift": config.score_shift,
        "bias_feature": cut.head.bias_feature,
    }
    yield from ((name, integer(value)) for name, value in numbers.items())
    yield "stochastic", "true" if config.stochastic else "false"
    kind = input_kind(cut)
    yield "row", f"bnncl_learn_row_{kind}"
    yield "update", f"bnncl_learn_update_{kind}"
    trained = bool(spec.program.states)
    yield "features_of", "NULL" if trained else f"{spec.name}_features"
    yield "tail", f"&{spec.name}_tail" if trained else "NULL"


def _asserts(cut: Parts) -> Iterator[AssertView]:
    head = cut.head
    for name, low, high, bits in proofs(head.config, largest_input(cut.features), head.bias_feature):
        yield proof_view((f"learning_{name}", low, high, bits))


def _pointers(held: tuple[Held, ...]) -> Iterator[str]:
    at = members(held)
    for name in POINTERS:
        cast = "(uint8_t *)" if name in _BYTES else ""
        yield f".{name} = {cast}memory->{at[name]}," if name in at else f".{name} = NULL,"


def _factory(spec: ProjectSpec, names: Names, bound: Bound) -> Iterator[CopyView]:
    call, binding = bound[-1]
    there = {array.name for array in binding.arrays}
    for member, array in _FACTORY:
        if array in there:
            yield CopyView(member, names.constant(call, array))


def learning_sources(name: str, *, is_trained: bool) -> dict[str, tuple[str, str]]:
    """Path, template and title of the files that a project has because its head learns, or more does."""
    tail = {f"src/{name}_tail.c": ("src/tail.c.j2", f"{name}: what learns beside the head, op by op.")}
    return (tail if is_trained else {}) | {
        f"src/{name}_infer.c": (
            "src/infer_learning.c.j2",
            f"{name}: inference with the head as it has learned.",
        ),
        f"src/{name}_head.h": ("src/head.h.j2", f"{name}: what inference and learning share."),
        f"src/{name}_learn.c": ("src/learn.c.j2", f"{name}: learning."),
        f"src/{name}_state.c": ("src/state.c.j2", f"{name}: what it has learned, to storage and back."),
        f"src/{name}_selftest.c": (
            "src/selftest_learning.c.j2",
            f"{name}: one known input and its features.",
        ),
    }

"""The public header: sizes, the meaning of the input, the names of the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnncl.emit.ctext import comment, decimal, decimals
from bnncl.emit.layout import known_classes, stored_len
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.views import HeaderView, Macro
from bnncl.ir.types import Binary
from bnncl.plan.learning import LearningReport


def header_view(spec: ProjectSpec) -> HeaderView:
    """The public header of a project."""
    return HeaderView(
        input_comment=tuple(_input_comment(spec)),
        input_macros=_padded(spec, _input_macros(spec)),
        output_comment=tuple(_output_comment(spec)),
        output_macros=_padded(spec, _output_macros(spec)),
        size_macros=_padded(spec, _size_macros(spec)),
        learning_macros=_padded(spec, _learning_macros(spec)),
        calibrated_comment=_calibrated(spec),
        calibrated=int(spec.calibrated),
    )


def _padded(spec: ProjectSpec, macros: Sequence[Macro]) -> tuple[Macro, ...]:
    named = [(f"{spec.name.upper()}_{macro.name}", macro) for macro in macros]
    width = max((len(name) for name, _ in named), default=0)
    depth = max((len(macro.value) for _, macro in named if macro.comment), default=0)
    return tuple(
        Macro(name.ljust(width), macro.value.ljust(depth) if macro.comment else macro.value, macro.comment)
        for name, macro in named
    )


def _input_comment(spec: ProjectSpec) -> Iterator[str]:
    source = spec.graph.type_of(spec.graph.inputs[0])
    height, width, channels = source.shape
    order = "element (y, x, c) at index (y * INPUT_W + x) * INPUT_C + c."
    yield f"Input: {height} x {width} x {channels} (height, width, channels), channels innermost:"
    if isinstance(source.domain, Binary):
        words = "1 word" if source.words_per_pixel == 1 else f"{source.words_per_pixel} words"
        yield f"{words} for each pixel; channel c is bit c % 32 of word c / 32;"
        yield "bit 1 means -1, bit 0 means +1. The bits beyond the last channel must be 0."
        return
    yield order
    affine = spec.report.input
    yield f"A stored number q in {source.domain.lo}..{source.domain.hi} stands for the real number"  # type: ignore[union-attr]
    if not _affine_macros(spec):
        yield "scale[c] * q + offset[c], with the scales and offsets of report/report.json."
    else:
        index = "[c]" if max(len(affine.scale), len(affine.offset)) > 1 else ""
        yield f"INPUT_SCALE{index} * q + INPUT_OFFSET{index}; both are text, since no code here uses floats."
    if affine.source:
        yield comment(f"Source: {affine.source}.")


def _input_macros(spec: ProjectSpec) -> tuple[Macro, ...]:
    source = spec.graph.type_of(spec.graph.inputs[0])
    height, width, channels = source.shape
    sizes = (
        Macro("INPUT_H", str(height)),
        Macro("INPUT_W", str(width)),
        Macro("INPUT_C", str(channels)),
        Macro("INPUT_LEN", str(stored_len(source)), f"elements of {spec.name}_input"),
    )
    return (*sizes, *_affine_macros(spec))


def _affine_macros(spec: ProjectSpec) -> tuple[Macro, ...]:
    """Scale and offset of an integer input as text; none where there is one for each of many channels."""
    source = spec.graph.type_of(spec.graph.inputs[0])
    scale, offset = decimals(spec.report.input.scale), decimals(spec.report.input.offset)
    if isinstance(source.domain, Binary) or not scale or not offset:
        return ()
    return Macro("INPUT_SCALE", f'"{scale}"'), Macro("INPUT_OFFSET", f'"{offset}"')


def _output_comment(spec: ProjectSpec) -> Iterator[str]:
    value = spec.graph.values[spec.graph.outputs[0]]
    yield "Output: one score for each class; the greatest is the answer."
    meaning = value.meaning
    if meaning is not None and len(meaning.scale) == 1 and len(meaning.offset) == 1:
        scale, offset = decimal(float(meaning.scale[0])), decimal(float(meaning.offset[0]))
        yield f"A score q stands for the logit {scale} * q + {offset}."
    for index, label in enumerate(spec.labels):
        yield comment(f"  {index}  {label}")


def _output_macros(spec: ProjectSpec) -> tuple[Macro, ...]:
    room = spec.graph.type_of(spec.graph.outputs[0]).channels
    return (
        Macro("CLASSES", str(known_classes(spec.graph)), "classes that the model knows"),
        Macro("MAX_CLASSES", str(room), "length of the array of scores"),
    )


def _size_macros(spec: ProjectSpec) -> tuple[Macro, ...]:
    report, learning = spec.report, spec.report.learning
    state = (
        ()
        if learning is None
        else (Macro("STATE_BYTES", str(learning.state_bytes), f"sizeof({spec.name}_memory)"),)
    )
    return (
        Macro("WEIGHT_BYTES", str(report.weight_bytes), "constants, in flash"),
        Macro("ARENA_BYTES", str(report.arena_bytes), "values between the ops"),
        Macro("SCRATCH_BYTES", str(report.scratch_bytes), "what single ops need while they run"),
        Macro("WORKSPACE_BYTES", str(report.workspace_bytes), _workspace_comment(spec)),
        Macro("CONTEXT_BYTES", str(report.context_bytes), f"sizeof({spec.name}_ctx)"),
        *state,
        Macro(
            "RAM_BYTES",
            str(report.ram_bytes),
            "context and workspace" if not state else "context, state and workspace",
        ),
    )


def _workspace_comment(spec: ProjectSpec) -> str:
    handed = spec.plan.latent_bytes + spec.plan.feature_bytes
    if spec.plan.learning_scratch >= spec.report.workspace_bytes:
        return "what single ops of learning need; less for inference"
    return (
        "arena and scratch" if not handed else f"arena, scratch, {handed} bytes between encoding and scoring"
    )


def _learning_macros(spec: ProjectSpec) -> Sequence[Macro]:
    learning = spec.report.learning
    if learning is None:
        return ()
    return (
        Macro("REPLAY_SLOTS", str(learning.slots), "latents in the replay memory"),
        Macro("EXPERIENCE_LEN", str(learning.experience), "samples between two commits, at most"),
        Macro("LATENT_BITS", str(learning.latent_bits), "of a number in a latent"),
        Macro("LATENT_BYTES", str(learning.latent_bytes), "of one latent"),
        Macro("LATENT_BYTES_INT8", str(learning.latent_bytes_int8), "of one with 8-bit numbers"),
        Macro("LATENT_BYTES_FLOAT32", str(learning.latent_bytes_float32), "of one with float32 numbers"),
        Macro("REPLAY_BYTES", str(learning.replay_bytes), "of the replay memory"),
        Macro("SAVED_BYTES", str(learning.saved_bytes), "of a slot of storage that holds what was learned"),
        Macro("STEP_UNITS", str(learning.units_of_a_minibatch), "budget that a full minibatch takes"),
        *_tail_macros(learning),
    )


def _tail_macros(learning: LearningReport) -> Sequence[Macro]:
    if not learning.weights:
        return ()
    return (
        Macro(
            "TAIL_WEIGHTS", str(learning.weights), "latent weights and parameters that learn beside the head"
        ),
        Macro("TAIL_BYTES", str(learning.weight_bytes), "of them as they are trained"),
        Macro("KEPT_BYTES", str(learning.abort_bytes), "of what was committed of them"),
        Macro("GRADIENT_BYTES", str(learning.gradient_bytes), "of sums of their gradients"),
        Macro("SIGN_BYTES", str(learning.cache_bytes), "of packed signs of filters"),
        Macro("LEARNING_ARENA_BYTES", str(learning.arena_bytes), "values of one sample between its ops"),
    )


def _calibrated(spec: ProjectSpec) -> str:
    if spec.calibrated:
        return "1: ranges come from calibration data or are exact."
    return "0: ranges are bounds; agreement with PyTorch was not measured."

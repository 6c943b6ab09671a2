"""The report as text: facts, the table of ops, sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bnncl.emit.ctext import decimals
from bnncl.emit.layout import shape_text
from bnncl.plan.learning import LearningReport
from bnncl.plan.op_report import OpReport
from bnncl.plan.report import InputReport, Report


@dataclass(frozen=True)
class ColumnView:
    """A column of the table of ops: heading, and whether it holds numbers."""

    title: str
    number: bool


@dataclass(frozen=True)
class CellView:
    """A cell of the table of ops."""

    text: str
    number: bool


@dataclass(frozen=True)
class ReportView:
    """The report as text: facts (name and value), the table of ops, and sentences."""

    facts: tuple[tuple[str, str], ...]
    facts_text: tuple[str, ...]
    columns: tuple[ColumnView, ...]
    cells: tuple[tuple[CellView, ...], ...]
    total: tuple[CellView, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    table: tuple[str, ...]
    legend: tuple[str, ...]


_COLUMNS = (
    ("op", True),
    ("module", False),
    ("kind", False),
    ("output", False),
    ("stored as", False),
    ("agreement", True),
    ("binary MACs", True),
    ("integer MACs", True),
    ("constants", True),
    ("scratch", True),
    ("arena offset", True),
    ("sum headroom", True),
    ("-1 in input", True),
    ("predicted instr.", True),
    ("at most", True),
    ("kernel", False),
)

LEGEND = (
    "Agreement: share of an op's outputs that equal PyTorch's on the calibration data.",
    "Constants, scratch and arena offset are in bytes.",
    "Sum headroom: bits that the 32-bit sum has to spare in the worst case.",
    "-1 in input: share of -1 in what a binary convolution read with the calibration data; half is "
    "taken where there are none.",
    "Predicted instructions: those of the first target, on inputs like these; at most: on any input.",
)


def report_view(report: Report) -> ReportView:
    """The report laid out as text."""
    rows = tuple(_row(op) for op in report.ops)
    total = _total(report)
    columns = tuple(ColumnView(title, number) for title, number in _COLUMNS)
    return ReportView(
        facts=_facts(report),
        facts_text=_aligned(_facts(report)),
        columns=columns,
        cells=tuple(_cells(columns, row) for row in rows),
        total=_cells(columns, total),
        notes=report.notes,
        warnings=report.warnings,
        table=_table(columns, (*rows, total)),
        legend=LEGEND,
    )


def _cells(columns: Sequence[ColumnView], row: Sequence[str]) -> tuple[CellView, ...]:
    return tuple(CellView(text, column.number) for text, column in zip(row, columns, strict=True))


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    least = _grouped(report.least_arena_bytes)
    macs = f"{_grouped(report.binary_macs)} binary, {_grouped(report.integer_macs)} integer"
    return (
        ("targets", ", ".join(report.targets)),
        ("input", f"{shape_text(report.input.shape)} {report.input.domain}"),
        ("input means", _meaning(report.input)),
        ("constants", f"{_grouped(report.weight_bytes)} bytes of flash, code not counted"),
        ("context", f"{_grouped(report.context_bytes)} bytes of RAM"),
        ("arena", f"{_grouped(report.arena_bytes)} bytes of RAM (no arrangement needs less than {least})"),
        ("scratch", f"{_grouped(report.scratch_bytes)} bytes of RAM"),
        ("RAM in all", f"{_grouped(report.ram_bytes)} bytes, stack not counted"),
        ("MACs", macs),
        ("instructions", _instructions(report)),
        *_polarity(report),
        ("top class as in PyTorch", _share(report.agreement)),
        *_learning(report.learning),
    )


def _instructions(report: Report) -> str:
    at_most = _grouped(report.worst_instructions)
    return f"{_grouped(report.instructions)} predicted for one inference, at most {at_most} on any input"


def _polarity(report: Report) -> tuple[tuple[str, str], ...]:
    """What is stored the other way round; nothing where nothing is."""
    turned = [op for op in report.ops if op.negated]
    if not turned:
        return ()
    channels, negated = sum(op.out_shape[2] for op in turned), sum(op.negated for op in turned)
    layers = f"{len(turned)} layer{'s' if len(turned) > 1 else ''}"
    why = "so that -1, which costs, is the rarer number"
    return (("stored negated", f"{_grouped(negated)} of {_grouped(channels)} channels of {layers}, {why}"),)


def _learning(learning: LearningReport | None) -> tuple[tuple[str, str], ...]:
    """What learning takes; nothing where there is none."""
    if learning is None:
        return ()
    latent = (
        f"{_grouped(learning.latent_bytes)} bytes of {learning.cut}, "
        f"{learning.latent_bits} {'bits' if learning.latent_bits > 1 else 'bit'} a number "
        f"(8-bit numbers: {_grouped(learning.latent_bytes_int8)}, float32: "
        f"{_grouped(learning.latent_bytes_float32)})"
    )
    slots = f"{_grouped(learning.slots)} slots, {_grouped(learning.replay_filled)} filled at first"
    heads = f"{learning.max_classes} classes of {_grouped(learning.features)} weights, committed and trained"
    return (
        ("learning", f"{learning.module or 'head'}, {_grouped(learning.state_bytes)} bytes of RAM in all"),
        ("one latent", latent),
        ("replay memory", f"{_grouped(learning.replay_bytes)} bytes: {slots}"),
        (
            "open experience",
            f"{_grouped(learning.experience_bytes)} bytes: {_grouped(learning.experience)} samples",
        ),
        ("heads", f"{_grouped(learning.head_bytes)} bytes: {heads}"),
        ("minibatch", f"{_grouped(learning.batch_bytes)} bytes"),
        *_tail(learning),
        ("counters", f"{_grouped(learning.counter_bytes)} bytes"),
        ("storage", f"{_grouped(learning.saved_bytes)} bytes for each of two slots, in whole blocks"),
        ("abort", _abort(learning)),
    )


def _tail(learning: LearningReport) -> tuple[tuple[str, str], ...]:
    """What a tail that learns takes; nothing where there is none."""
    if not learning.weights:
        return ()
    trained = f"{_grouped(learning.weights)} latent weights and parameters, as they are trained"
    update = f"{learning.accumulate} samples" if learning.accumulate else "minibatch"
    other = f"--accumulate {learning.other_accumulate or 'full'}"
    return (
        ("tail", f"{_grouped(learning.weight_bytes)} bytes: {trained}"),
        ("gradients", f"{_grouped(learning.gradient_bytes)} bytes: an update after each {update}"),
        (
            "otherwise",
            f"{_grouped(learning.other_state_bytes)} bytes in all with {other}, "
            f"{_grouped(learning.state_bytes)} with --accumulate {learning.accumulate or 'full'}",
        ),
        (
            "signs",
            f"{_grouped(learning.cache_bytes)} bytes: of filters, packed for the kernels that read them",
        ),
        ("learning arena", f"{_grouped(learning.arena_bytes)} bytes: values of one sample"),
    )


def _abort(learning: LearningReport) -> str:
    if not learning.weights:
        return "0 bytes: training works on a head of its own, whatever --abort says"
    return f"{_grouped(learning.abort_bytes)} bytes: what was committed, for inference and to go back to"


def _meaning(affine: InputReport) -> str:
    if affine.domain == "binary":
        return "bit 1 is -1, bit 0 is +1"
    source = f" ({affine.source})" if affine.source else ""
    scale, offset = decimals(affine.scale), decimals(affine.offset)
    means = f"scale {scale}, offset {offset}" if scale and offset else "one of each a channel, in report.json"
    return f"scale * q + offset, {means}{source}"


def _aligned(facts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    width = max(len(name) for name, _ in facts)
    return tuple(f"{name.ljust(width)}  {value}" for name, value in facts)


def _share(agreement: float | None) -> str:
    return "not measured" if agreement is None else f"{100 * agreement:.2f} %"


def _row(op: OpReport) -> tuple[str, ...]:
    return (
        str(op.index),
        op.module or "-",
        op.op,
        shape_text(op.out_shape),
        op.domain,
        "-" if op.agreement is None else f"{100 * op.agreement:.2f} %",
        _count(op.binary_macs),
        _count(op.integer_macs),
        _count(op.parameter_bytes),
        _count(op.scratch_bytes),
        str(op.offset) if op.place == "arena" else op.place,
        f"{op.accumulator.headroom} bits" if op.accumulator else "-",
        "-" if op.density is None else f"{100 * op.density:.1f} %",
        _count(op.instructions),
        _count(op.worst_instructions),
        op.kernel or "none: same bytes",
    )


def _total(report: Report) -> tuple[str, ...]:
    sums = {
        "module": "total",
        "binary MACs": _count(report.binary_macs),
        "integer MACs": _count(report.integer_macs),
        "constants": _count(report.weight_bytes),
        "scratch": f"max {_grouped(report.scratch_bytes)}" if report.scratch_bytes else "-",
        "predicted instr.": _count(report.instructions),
        "at most": _count(report.worst_instructions),
    }
    return tuple(sums.get(title, "") for title, _ in _COLUMNS)


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _count(number: int) -> str:
    return _grouped(number) if number else "-"


def _table(columns: Sequence[ColumnView], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Lines of text, columns aligned, numbers to the right."""
    cells = [[column.title for column in columns], *rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return (lines[0], rule, *lines[1:-1], rule, lines[-1])

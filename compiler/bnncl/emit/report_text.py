"""The report as text: facts, the table of ops, sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bnncl.emit.ctext import decimals
from bnncl.emit.layout import shape_text
from bnncl.plan.report import OpReport, Report


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


_COLUMNS = (
    ("op", True),
    ("module", False),
    ("kind", False),
    ("output", False),
    ("stored as", False),
    ("binary MACs", True),
    ("integer MACs", True),
    ("constants", True),
    ("scratch", True),
    ("at", True),
    ("sum fits int32 by", True),
    ("predicted instr.", True),
    ("agreement", True),
    ("kernel", False),
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
    )


def _cells(columns: Sequence[ColumnView], row: Sequence[str]) -> tuple[CellView, ...]:
    return tuple(CellView(text, column.number) for text, column in zip(row, columns, strict=True))


def _facts(report: Report) -> tuple[tuple[str, str], ...]:
    affine = report.input
    scale, offset = decimals(affine.scale), decimals(affine.offset)
    means = f"scale {scale}, offset {offset}" if scale and offset else "one of each a channel, in report.json"
    source = f" ({affine.source})" if affine.source else ""
    return (
        ("targets", ", ".join(report.targets)),
        ("input", f"{shape_text(affine.shape)} {affine.domain}"),
        ("input means", f"scale * q + offset, {means}{source}"),
        ("constants", f"{report.weight_bytes} bytes of flash, code not counted"),
        ("context", f"{report.context_bytes} bytes of RAM"),
        (
            "arena",
            f"{report.arena_bytes} bytes of RAM (no arrangement needs less than {report.least_arena_bytes})",
        ),
        ("scratch", f"{report.scratch_bytes} bytes of RAM"),
        ("RAM in all", f"{report.ram_bytes} bytes, stack not counted"),
        ("MACs", f"{report.binary_macs} binary, {report.integer_macs} integer"),
        ("top class as in PyTorch", _share(report.agreement)),
    )


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
        _count(op.binary_macs),
        _count(op.integer_macs),
        _count(op.parameter_bytes),
        _count(op.scratch_bytes),
        str(op.offset) if op.place == "arena" else op.place,
        f"{op.accumulator.headroom} bits" if op.accumulator else "-",
        _count(op.instructions),
        "-" if op.agreement is None else f"{100 * op.agreement:.2f} %",
        op.kernel or "none: same bytes",
    )


def _total(report: Report) -> tuple[str, ...]:
    sums = {
        "module": "total",
        "binary MACs": _count(report.binary_macs),
        "integer MACs": _count(report.integer_macs),
        "constants": _count(report.weight_bytes),
        "scratch": f"max {report.scratch_bytes}" if report.scratch_bytes else "-",
        "predicted instr.": _count(report.instructions),
    }
    return tuple(sums.get(title, "") for title, _ in _COLUMNS)


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ") if number else "-"


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

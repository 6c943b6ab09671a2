"""The page of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bnncl.emit.report_text import CellView, ColumnView
from bnncl.emit.templates import lay_out


@dataclass(frozen=True)
class BenchView:
    """A benchmark as text: sentences, the table, and what the names of shapes mean.

    `chart` is an SVG picture that goes into the page as it is, or empty.
    """

    version: str
    compilers: tuple[str, ...]
    verdict: tuple[str, ...]
    worse: tuple[str, ...]
    better: tuple[str, ...]
    chart: Markup
    columns: tuple[ColumnView, ...]
    cells: tuple[tuple[CellView, ...], ...]
    legend: tuple[str, ...]
    shapes: tuple[tuple[str, str], ...]

    @property
    def has_chart(self) -> bool:
        """Whether there is a picture."""
        return bool(self.chart)


def picture(svg: str) -> Markup:
    """`svg`, made by this tool, as part of a page."""
    return Markup(svg)


def bench_page(view: BenchView) -> str:
    """The page in HTML, which loads nothing else."""
    return lay_out("bench/page.html.j2", page=view).decode()

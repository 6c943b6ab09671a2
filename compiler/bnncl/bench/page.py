"""A benchmark as one HTML file."""

from __future__ import annotations

import logging

from bnncl.bench.compare import Comparison
from bnncl.bench.results import Bench
from bnncl.bench.shapes import SHAPES
from bnncl.bench.table import COLUMNS, LEGEND, cells, verdict
from bnncl.emit.bench_page import BenchView, bench_page, picture
from bnncl.emit.report_text import CellView, ColumnView
from bnncl.version import VERSION

_LOG = logging.getLogger(__name__)


def page(found: Bench, compared: Comparison | None) -> str:
    """Chart, table, and what changed; without matplotlib no chart, and a warning."""
    names = {row.shape for row in found.rows}
    view = BenchView(
        version=VERSION,
        compilers=tuple(dict.fromkeys(found.compilers.values())),
        verdict=verdict(found, compared),
        worse=() if compared is None else tuple(map(str, compared.regressions)),
        better=() if compared is None else tuple(map(str, compared.improvements)),
        chart=picture(_chart(found)),
        columns=tuple(ColumnView(title, number) for title, number in COLUMNS),
        cells=tuple(
            tuple(CellView(text, number) for text, (_, number) in zip(cells(row), COLUMNS, strict=True))
            for row in found.rows
        ),
        legend=LEGEND,
        shapes=tuple((layer.name, layer.about) for layer in SHAPES if layer.name in names),
    )
    return bench_page(view)


def _chart(found: Bench) -> str:
    try:
        from bnncl.bench.chart import chart  # noqa: PLC0415 - drawing needs an optional package
    except ModuleNotFoundError as error:
        _LOG.warning("no chart: %s (pip install matplotlib)", error)
        return ""
    return chart(found.rows)

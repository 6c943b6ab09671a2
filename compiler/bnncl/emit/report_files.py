"""The report as text, JSON and HTML, and the stored program."""

from __future__ import annotations

import json

from bnncl.emit.layout import model_view
from bnncl.emit.manifest import PROGRAM
from bnncl.emit.report_text import report_view
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.stored_program import store
from bnncl.emit.templates import lay_out


def report_files(spec: ProjectSpec) -> dict[str, bytes]:
    """`report/`: three forms of the report, and the program."""
    view = report_view(spec.report)
    views = {"model": model_view(spec), "report": view}
    origin = {
        "model_sha256": spec.model_sha256,
        "tool_version": spec.version,
        "settings": dict(spec.settings),
    }
    held = {**spec.report.as_json(), **origin}
    return {
        "report/report.json": (json.dumps(held, indent=2) + "\n").encode(),
        "report/report.txt": lay_out("report/report.txt.j2", **views),
        "report/report.html": lay_out("report/report.html.j2", **views),
        PROGRAM: store(spec.program),
    }

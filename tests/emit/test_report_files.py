"""The report as people read it: aligned text, HTML that stands alone, JSON with where it came from."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from bnncl.emit import render
from tests.emit.models import SHA, spec

VOID = {"meta", "br"}


class Balance(HTMLParser):
    """Remembers open tags, and every tag and attribute seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_balanced_and_stands_alone():
    report = replace(spec("cnn").report, warnings=("a < b & c",))
    made = replace(spec("cnn"), report=report)
    page = render(made)["report/report.html"].decode()
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert not parser.tags & {"script", "link", "img", "iframe", "object"}
    assert not parser.attributes & {"src", "href", "onload", "onclick"}
    assert "a &lt; b &amp; c" in page
    assert "features.3" in page


def test_text_is_aligned():
    text = render(spec("quantised"))["report/report.txt"].decode()
    table = text.splitlines()[-24:-8]
    rule = next(line for line in table if set(line) == {"-", " "})
    starts = [0, *(at + 1 for at in range(len(rule) - 1) if rule[at : at + 2] == " -")]
    rows = [line for line in table if line != rule and line.strip()]
    assert len(rows) == 12 + 2
    for row in rows:
        assert all(row[start - 1 : start] in ("", " ") for start in starts[1:]), row


def test_json_says_where_it_came_from():
    held = json.loads(render(spec("mlp"))["report/report.json"])
    assert (held["name"], held["model_sha256"], held["tool_version"]) == ("mlp", SHA, "0.1.0")
    assert held["settings"] == {"target": "host", "first-bits": "16"}


def test_many_channels_keep_their_scales_out_of_the_header():
    report = spec("cnn").report
    many = replace(report.input, scale=tuple(np.linspace(0.1, 1, 64)), offset=(0.0,))
    few = replace(report.input, scale=(0.5, 0.25), offset=(0.0, -1.0))
    files = render(replace(spec("cnn"), report=replace(report, input=many)))
    assert b"CNN_INPUT_SCALE" not in files["include/cnn.h"]
    assert b"report/report.json" in files["include/cnn.h"]
    assert len(json.loads(files["report/report.json"])["input"]["scale"]) == 64
    header = render(replace(spec("cnn"), report=replace(report, input=few)))["include/cnn.h"]
    assert b'CNN_INPUT_SCALE  "0.5, 0.25"' in header
    assert b'CNN_INPUT_OFFSET "0, -1"' in header


def test_uncalibrated_model_says_so():
    report = replace(spec("mlp").report, agreement=None)
    files = render(replace(spec("mlp"), calibrated=False, report=report))
    assert b"#define MLP_CALIBRATED 0" in files["include/mlp.h"]
    assert b"not measured" in files["report/report.txt"]

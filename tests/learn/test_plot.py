"""The picture is drawn, and is the same for the same results."""

from __future__ import annotations

from bnncl.learn.plot import draw
from bnncl.learn.results import Results, Row, Run


def results() -> Results:
    runs = [
        Run(
            method,
            seed,
            9,
            1,
            36,
            0.1,
            tuple(Row(e, (e,) if e else (), 5, 0.9 - e / 10 - seed / 50, None, None, None) for e in range(4)),
            (),
        )
        for method in ("device", "cwr", "naive")
        for seed in (0, 1)
    ]
    return Results({"scenario": "nc", "data": "digits"}, tuple(runs))


def test_pictures(tmp_path):
    for name in ("one.svg", "two.svg", "three.png"):
        draw(results(), tmp_path / name)
    svg = (tmp_path / "one.svg").read_bytes()
    assert svg == (tmp_path / "two.svg").read_bytes()
    assert b"<svg" in svg
    assert (tmp_path / "three.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_has_no_band(tmp_path):
    found = results()
    draw(Results(found.settings, tuple(run for run in found.runs if not run.seed)), tmp_path / "one.svg")
    assert (tmp_path / "one.svg").is_file()

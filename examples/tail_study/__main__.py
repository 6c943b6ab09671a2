"""`python -m examples.tail_study -o build/tail_study`: how accurate tails are that learn in integers.

Trains a backbone on 50 classes of CIFAR-100, then has ten others arrive two at a time: with the generated C
and with float tails in PyTorch, three seeds each. `--grid small` are 30 runs, `more` compares other settings
and methods, `ni` has new instances of all classes arrive, and `large` is all of that on all samples there
are, with five seeds. What is finished stays in the output folder, and an interrupted study goes on where it
was. Data come from $BNNCL_DATA.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from bnncl.diagnostics import BnnclError
from examples.tail_study import table
from examples.tail_study.measure import measure
from examples.tail_study.plan import ALL, DATA, GRIDS, Row, Task
from examples.tail_study.pretrain import pretrained, pretraining_data

LARGE_SEEDS = (0, 1, 2, 3, 4)


def study(folder: Path, rows: Iterable[Row], task: Task, jobs: int) -> str:
    """Run what is missing, `jobs` rows at once; the table of all that is in `folder`, as Markdown."""
    pretrained(folder, pretraining_data())
    place = folder / task.name
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        begun = {pool.submit(measure, row, task, place, folder / "backbone.pt"): row for row in rows}
        for done in as_completed(begun):
            _say(begun[done], done.result())
    found = {
        row.name: table.figures(row, place / row.name, task) for row in ALL if _finished(place / row.name)
    }
    content = {"data": task.data, "seeds": list(task.seeds), "rows": found, "verdict": table.verdict(found)}
    (place / "study.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = table.markdown(found)
    (place / "study.md").write_text(text, encoding="utf-8")
    return text


def _finished(place: Path) -> bool:
    return (place / "results.json").is_file()


def _say(row: Row, found: table.Json) -> None:
    print(f"{row.title}: {found['accuracy']}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    """The command line: which grid, on what data, and where to."""
    parser = argparse.ArgumentParser(prog="python -m examples.tail_study", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/tail_study"))
    parser.add_argument("--grid", choices=list(GRIDS), default="small")
    parser.add_argument("--data", choices=DATA, default=DATA[0])
    parser.add_argument("--only", nargs="+", choices=[row.name for row in ALL], metavar="ROW")
    parser.add_argument("--jobs", type=int, default=2, help="rows at once, each on a core (default 2)")
    chosen = parser.parse_args(arguments)
    large = chosen.grid == "large"
    task = Task(chosen.data, None, None, LARGE_SEEDS) if large else Task(chosen.data)
    rows = [row for row in GRIDS[chosen.grid] if chosen.only is None or row.name in chosen.only]
    try:
        print(study(chosen.out, rows, task, chosen.jobs), end="")
    except BnnclError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

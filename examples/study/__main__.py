"""`python -m examples.study -o build/study`: the accuracy table, from data to Markdown.

For each data set it trains a backbone on classes 0..4, searches how each method learns best on samples
held out of the training data, and simulates classes 5..9 arriving one by one: the integers as generated
C, the references in float32, three seeds each. What is finished stays in the output folder, and an
interrupted study goes on where it was. Data come from $BNNCL_DATA.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from bnncl.diagnostics import BnnclError
from bnncl.learn.backbone import Computed
from bnncl.learn.data import load
from bnncl.learn.run import simulate
from examples.study import table
from examples.study.plan import BY_NAME, COLUMNS, GRID, TASKS, Task
from examples.study.search import Search, settings_of, tested

_LOG = logging.getLogger("examples.study")


def measure(task: Task, folder: Path) -> table.Json:
    """Search, then test once; the figures of `task`."""
    search = Search(task, folder)
    search.run()
    data = tested(load(task.name), task)
    computed = Computed()
    columns = {}
    for column in COLUMNS:
        key, validation = search.best(column)
        settings = settings_of(column, GRID[key], search.model, task)
        place = folder / column.name
        simulate(settings, data, place, computed=computed)
        columns[column.name] = table.figures(column, place, key, validation)
        _LOG.warning("%s, %s: %s", task.title, column.title, columns[column.name]["accuracy"])
    return {"title": task.title, "columns": columns, "verdict": table.verdict(columns)}


def main(arguments: list[str] | None = None) -> None:
    """The command line: which data sets, and where to."""
    parser = argparse.ArgumentParser(prog="python -m examples.study", description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=list(BY_NAME), default=[task.name for task in TASKS])
    parser.add_argument("-o", "--out", type=Path, default=Path("build/study"))
    chosen = parser.parse_args(arguments)
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    path = chosen.out / "study.json"
    study = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else table.new({})
    try:
        for name in chosen.tasks:
            (chosen.out / name).mkdir(parents=True, exist_ok=True)
            study["tasks"][name] = measure(BY_NAME[name], chosen.out / name)
            path.write_text(json.dumps(study, indent=1) + "\n", encoding="utf-8")
    except BnnclError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    text = table.markdown(list(TASKS), study)
    (chosen.out / "study.md").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()

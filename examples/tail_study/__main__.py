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

import torch

from bnncl.diagnostics import BnnclError
from bnncl.learn.data import DataSet, load
from bnncl.learn.run import simulate
from examples.tail_study import table
from examples.tail_study.plan import ALL, GRIDS, Row, Task, settings_of
from examples.tail_study.pretrain import pretrained, pretraining_data
from examples.tail_study.tails import like_cifar, split_again

DATA = ("spoken_digits", "fashion_mnist", "cifar10")
SPLIT_AGAIN = ("spoken_digits",)
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


def measure(row: Row, task: Task, place: Path, model: Path) -> table.Json:
    """One row with all its seeds, on one core."""
    torch.set_num_threads(1)
    simulate(settings_of(row, task, model), samples_of(task), place / row.name)
    return table.figures(row, place / row.name, task)


def samples_of(task: Task) -> DataSet:
    """Images of 3x32x32 numbers; of spoken digits, log-mel spectrograms, a third is tested."""
    data = load(task.data)
    if data.name in SPLIT_AGAIN:
        data = split_again(data)
    return like_cifar(data.limited(task.train_each, task.test_each))


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

"""What a model costs under MicroPython: `python -m examples.micropython_cost FOLDER -o result.json`.

FOLDER holds `model.pt` and `train.npz`, as `python -m examples.digits.train -o FOLDER` writes them;
$MICROPY_DIR names a checkout of MicroPython, as docs/micropython.md says.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from examples.micropython_cost.measure import CALLS, micropython_cost
from examples.micropython_cost.ports import BOARDS
from examples.stages import Json


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.micropython_cost", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    cores = [board.target.name for board in BOARDS]
    parser.add_argument("--core", action="append", choices=cores, help="default: all of them")
    chosen = parser.parse_args(arguments)
    checkout = os.environ.get("MICROPY_DIR")
    if not checkout:
        parser.error("MICROPY_DIR is not set: docs/micropython.md says what it has to name")
    boards = [board for board in BOARDS if board.target.name in (chosen.core or cores)]
    result = micropython_cost(chosen.folder, Path(checkout), boards)
    print(table(result))
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def table(result: Json) -> str:
    """In Markdown: instructions of each call, and by how much they are more than in plain C."""
    lines = [
        "| core | kind | " + " | ".join(CALLS) + " | heap of the module | flash |",
        "|---|---|" + "---:|" * (len(CALLS) + 2),
    ]
    for core, kinds in result.items():
        for kind, found in kinds.items():
            if kind == "plain":
                cells = [f"{found[what]:,}" for what in CALLS] + ["", ""]
            else:
                more = found["more_percent"]
                cells = [f"{found['instructions'][what]:,} ({more[what]:+.2f} %)" for what in CALLS]
                cells += [f"{found['heap_of_module']:,}", f"{found.get('flash_bytes', 0):,}"]
            lines.append(f"| {core} | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

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


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.micropython_cost", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    chosen = parser.parse_args(arguments)
    checkout = os.environ.get("MICROPY_DIR")
    if not checkout:
        parser.error("MICROPY_DIR is not set: docs/micropython.md says what it has to name")
    result = micropython_cost(chosen.folder, Path(checkout))
    for core, found in result.items():
        for kind, each in found.items():
            calls = each.get("instructions", each)
            print(
                f"{core} {kind}", *(f"{what} {calls[what]:,}" for what in CALLS), each.get("more_percent", "")
            )
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(chosen.out)


if __name__ == "__main__":
    main()

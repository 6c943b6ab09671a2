"""What learning costs on cores: `python -m examples.learning_cost FOLDER -o result.json`.

FOLDER holds `model.pt` and `train.npz`, as `python -m examples.digits.train -o FOLDER` writes them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bnncl.targets import TARGETS
from examples.learning_cost.measure import learning_cost

CORES = ("cortex-m7", "cortex-m0plus")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.learning_cost", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    result = learning_cost(chosen.folder, [TARGETS[name] for name in CORES])
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(chosen.out)


if __name__ == "__main__":
    main()

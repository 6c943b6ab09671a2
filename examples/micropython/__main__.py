"""Makes a project for MicroPython and samples to teach it: `python -m examples.micropython FOLDER -o OUT`.

FOLDER holds `model.pt` and `train.npz`, as `python -m examples.digits.train -o FOLDER` writes them. OUT gets
the project in `digits-<target>/`, and beside it `lessons.bin` and `test.bin`, records of 64 bytes of pixels
and one byte of label, and `teach.py`, which runs there in MicroPython and in CPython.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

import bnncl
from bnncl.driver.project import stored_inputs
from examples.data import Split, load_digits_split
from examples.digits.course import BASE_CLASSES, OPTIONS, ROOM

TEACH = Path(__file__).with_name("teach.py")


def make(folder: Path, out: Path, target: str = "cortex-m7") -> bnncl.Project:
    """The project, written to `out` with what `teach.py` reads."""
    project = bnncl.compile(
        folder / "model.pt",
        target=target,
        name="digits",
        replay_init=folder / "train.npz",
        emit=("micropython",),
        **OPTIONS,
    )
    data = load_digits_split()
    project.write(out / f"digits-{target}", force=True)
    (out / "lessons.bin").write_bytes(_records(data.train.of(list(range(BASE_CLASSES, ROOM))), project))
    (out / "test.bin").write_bytes(_records(data.test, project))
    shutil.copy(TEACH, out)
    return project


def _records(split: Split, project: bnncl.Project) -> bytes:
    """Samples in the order of their labels."""
    order = np.argsort(split.y, kind="stable")
    pixels = stored_inputs(split.x[order], project.spec.graph).astype(np.uint8).reshape(len(order), -1)
    return np.hstack([pixels, split.y[order, None].astype(np.uint8)]).tobytes()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.micropython", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--target", default="cortex-m7")
    chosen = parser.parse_args(arguments)
    make(chosen.folder, chosen.out, chosen.target)
    print(chosen.out)


if __name__ == "__main__":
    main()

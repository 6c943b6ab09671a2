"""Measures a trained example for the README: `python -m examples.measure FOLDER -o result.json`.

FOLDER holds `model.pt` and `test.npz`, as the examples' training scripts write them. Accuracy on all test
images in PyTorch, in the integer reference and in C on the host; agreement with PyTorch at 16 and 8 bits of
the first filter; accuracy on `--core-images` of them, instructions and sizes on emulated cores. Stops with
an error where C and reference differ anywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bnncl
from bnncl.driver.project import stored_inputs, to_map
from bnncl.frontend.model import ModelSource, open_model
from bnncl.targets import TARGETS, Target
from bnncl.verification.verify import Data, Verification, verify
from examples.stages import Json

CORES = ("cortex-m7", "cortex-m4", "cortex-m0plus")
CHUNK = 1000


@dataclass(frozen=True, eq=False)
class Test:
    """Images in torch's layout, their labels, and PyTorch's own answers."""

    x: NDArray[np.float32]
    labels: NDArray[np.int64]
    answers: NDArray[np.int64]


def read_test(folder: Path) -> Test:
    """The test set in `folder` with the answers of the model there."""
    with np.load(folder / "test.npz") as arrays:
        x, labels = arrays["x"], arrays["y"]
    model = open_model(ModelSource(folder / "model.pt"))
    type_ = model.graph.type_of(model.graph.inputs[0])
    parts = [model.torch_run(to_map(x[at : at + CHUNK], type_))[1] for at in range(0, len(x), CHUNK)]
    return Test(x, labels, np.concatenate(parts).argmax(1))


def answers(project: bnncl.Project, x: NDArray[np.float32]) -> NDArray[np.int64]:
    """The integer reference's top classes."""
    return np.concatenate([project.run(x[at : at + CHUNK]).argmax(1) for at in range(0, len(x), CHUNK)])


def in_c(folder: Path, target: Target, test: Test, images: int) -> Verification:
    """The result of the C code for `target` on the first `images` test images, every value compared."""
    project = bnncl.compile(folder / "model.pt", target.name)
    with tempfile.TemporaryDirectory() as there:
        written = project.write(Path(there) / "project")
        x = test.x[:images]
        data = Data(stored_inputs(x, project.spec.graph), test.labels[:images], f"{len(x)} test images")
        result = verify(written, target, data, measure=target.emulator is not None)
    if not result.passed:
        sys.exit("\n".join(result.findings))
    return result


def measure(folder: Path, core_images: int) -> Json:
    """Everything the README says of the model in `folder`."""
    test = read_test(folder)
    wide = answers(bnncl.compile(folder / "model.pt"), test.x)
    narrow = answers(bnncl.compile(folder / "model.pt", first_bits=8), test.x)
    results = {"native": in_c(folder, TARGETS["host"], test, len(test.x))}
    results |= {TARGETS[name].pio_env: in_c(folder, TARGETS[name], test, core_images) for name in CORES}
    accuracy = {"pytorch": _share(test.answers, test.labels), "reference": _share(wide, test.labels)}
    return {
        "test_images": len(test.x),
        "core_images": min(core_images, len(test.x)),
        "accuracy": accuracy | {name: result.accuracy for name, result in results.items()},
        "reference_on_core_images": _share(wide[:core_images], test.labels[:core_images]),
        "agreement_with_pytorch": _share(wide, test.answers),
        "agreement_first_bits_8": _share(narrow, test.answers),
        "values_compared": {name: result.comparison.elements for name, result in results.items()},
        "cores": {name: _core(results[TARGETS[name].pio_env]) for name in CORES},
    }


def _share(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
    return float((ours == theirs).mean())


def _core(result: Verification) -> Json:
    return {
        "instructions": round(sum(result.instructions) / len(result.instructions)),
        "flash_bytes": result.flash,
        "ram_bytes": result.ram,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.measure", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--core-images", type=int, default=100, help="images that run on each emulated core")
    chosen = parser.parse_args()
    result = measure(chosen.folder, chosen.core_images)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(chosen.out)


if __name__ == "__main__":
    main()

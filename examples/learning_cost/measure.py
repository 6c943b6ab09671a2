"""Counts what a learned sample costs on emulated cores, in bnncl's integers and in plain float32.

The head, its first weights, and the minibatches are the same for both: those of an experience of the digits 6
to 9 on the model of `examples.digits`. The float32 step is `float_head.c`.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.kernels.learned_head import parts
from bnncl.numerics.softmax import LOG_BITS
from bnncl.ops.learned_head import HeadConfig
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.elf import SectionSizes, section_sizes
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources, footprint, rows_of
from examples.data import Split, load_digits_split
from examples.digits.course import BASE_CLASSES, OPTIONS, ROOM
from examples.stages import Json

HERE = Path(__file__).parent
FLOAT_FLAGS = ("-ffp-contract=fast", "-lm")
_RUN_SECONDS = 600


@dataclass(frozen=True, eq=False)
class Case:
    """A project that learns, one of the same model that does not, and a minibatch for the same head in float.

    `weights` (ROOM, features) times `unit` are the first real weights, `rate` is the learning rate, `latents`
    (batch, latent_bytes) and `labels` (batch,) are a minibatch, new samples first.
    """

    project: bnncl.Project
    frozen: bnncl.Project
    config: HeadConfig
    images: NDArray[np.int64]
    latents: NDArray[np.uint8]
    labels: NDArray[np.int64]
    weights: NDArray[np.int64]
    unit: float
    rate: float


def case_of(folder: Path, target: str = "host") -> Case:
    """The case of the digits model in `folder`, which holds `model.pt` and `train.npz`, for `target`."""
    options = {**OPTIONS, "name": "model", "target": target}
    project = bnncl.compile(folder / "model.pt", replay_init=folder / "train.npz", **options)
    frozen = bnncl.compile(folder / "model.pt", name="model", target=target)
    op = parts(project.spec.graph).head
    config = op.config
    new = _lesson(config.new_per_step)
    images = stored_inputs(new.x, project.spec.graph)
    device = project.learner()
    replayed = device.head.replay
    latents = np.concatenate([device.latents(images), replayed.latents[: config.replay_per_step]])
    labels = np.concatenate([new.y, replayed.labels[: config.replay_per_step]]).astype(np.int64)
    weights = device.head.cw.copy()
    weights[:, -1] *= op.bias_feature
    factor = math.log(2) / 2**LOG_BITS / 2 ** (config.q_backward - config.q_forward)
    unit = config.softmax_multiplier / 2**config.softmax_shift * factor
    rate = unit * config.rate_multiplier / 2**config.rate_shift * 2 ** (config.q_backward - 1)
    return Case(
        project, frozen, config, images.reshape(len(images), -1), latents, labels, weights, unit, rate
    )


def _lesson(count: int) -> Split:
    """`count` training images, from each class that the model has not learned in turn."""
    train = load_digits_split().train
    order = [np.flatnonzero(train.y == c)[:count] for c in range(BASE_CLASSES, ROOM)]
    chosen = np.stack(order, axis=1).ravel()[:count]
    return Split(train.x[chosen], train.y[chosen])


def header(case: Case) -> str:
    """The header cost_case.h that the C programs include."""
    config = case.config
    words = np.ascontiguousarray(case.latents).view("<u4")
    numbers = {
        "INPUTS": config.features - 1,
        "CLASSES": config.max_classes,
        "NEW": config.new_per_step,
        "BATCH": config.batch,
        "BATCHES": config.epochs,
        "WORDS": words.shape[1],
        "IMAGE": case.images.shape[1],
    }
    lines = [
        "#include <stdint.h>",
        *(f"#define COST_{name} {number}u" for name, number in numbers.items()),
        f"#define COST_UNIT {case.unit:.9e}f",
        f"#define COST_RATE {case.rate:.9e}f",
        f"static const uint16_t cost_labels[COST_BATCH] = {{{', '.join(map(str, case.labels))}}};",
        "#ifdef COST_INTEGER",
        f"static const {_ctype(case)} cost_images[COST_NEW][COST_IMAGE] = {{{rows_of(case.images)}}};",
        "#else",
        f"static const uint32_t cost_latents[COST_BATCH][COST_WORDS] = {{{rows_of(words)}}};",
        "static const int32_t cost_weights[COST_CLASSES][COST_INPUTS + 1] = {",
        f"{rows_of(case.weights)}}};",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _ctype(case: Case) -> str:
    graph = case.project.spec.graph
    return graph.type_of(graph.inputs[0]).ctype


def counted_float(case: Case, target: Target) -> tuple[Mapping[str, list[int]], list[int]]:
    """Instructions of each sample and update on `target`, and the weights at the end in units / 256."""
    found = _run(case, target, ("count_float.c", "float_head.c"), None)
    return found, found.pop("weight")


def counted_integer(case: Case, target: Target, sources: Sources) -> Mapping[str, list[int]]:
    """Instructions of each sample, each sample forward and each row's update on `target`."""
    return _run(case, target, ("count_integer.c",), sources)


def _run(case: Case, target: Target, names: tuple[str, ...], sources: Sources | None) -> dict[str, list[int]]:
    counter = counter_files(target)
    model = () if sources is None else sources.c_files()
    include = () if sources is None else sources.include_dirs()
    defines = counter.defines if sources is None else {**counter.defines, "COST_INTEGER": 1}
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "cost_case.h").write_text(header(case))
        elf = compile_elf(
            target,
            (*(HERE / name for name in names), *model, *counter.sources),
            (Path(work), HERE, *include, *counter.include_dirs),
            defines,
            Path(work) / "cost.elf",
            extra=FLOAT_FLAGS,
        )
        said = run_elf(target, elf, _RUN_SECONDS, icount=target.emulator is not None).stdout
    found: dict[str, list[int]] = {}
    for line in said.splitlines():
        what, number = line.split()
        found.setdefault(what, []).append(int(number))
    return found


def cost_on(case: Case, target: Target) -> Json:
    """Instructions of a learned sample on `target`, in integers and in float32, and what learning takes."""
    with tempfile.TemporaryDirectory() as work:
        sources = Sources(case.project.write(Path(work) / "learning"), "model", 0)
        counts = counted_integer(case, target, sources)
        learning = _smallest(target, sources, Path(work) / "smallest.elf")
        plain = footprint(Sources(case.frozen.write(Path(work) / "frozen"), "model", 0), target)
    ours = _mean(counts, case)
    theirs = _mean(counted_float(case, target)[0], case)
    return {
        "instructions_to_take_in": round(float(np.mean(counts["sample"]))),
        "integer": ours,
        "float32": theirs,
        "integer_by_float32": round(ours["sample"] / theirs["sample"], 4),
        "flash_bytes": _sizes(plain.flash, learning.flash),
        "ram_bytes": _sizes(plain.ram, learning.ram),
    }


def _mean(counts: Mapping[str, list[int]], case: Case) -> Json:
    """Of one sample of a minibatch: forward, its share of the update, both."""
    samples = case.config.batch * case.config.epochs
    assert len(counts["forward"]) == samples
    forward, update = (round(sum(counts[what]) / samples) for what in ("forward", "update"))
    return {"forward": forward, "update": update, "sample": forward + update}


def _sizes(plain: int, learning: int) -> Json:
    return {"inference": plain, "learning": learning, "added": learning - plain}


def _smallest(target: Target, sources: Sources, out: Path) -> SectionSizes:
    files = (HERE / "smallest.c", *sources.c_files())
    return section_sizes(compile_elf(target, files, sources.include_dirs(), {}, out))


def learning_cost(folder: Path, targets: Iterable[Target]) -> Json:
    """All figures for the digits model in `folder`, by the names of `targets`."""
    cases = {target: case_of(folder, target.name) for target in targets}
    case = next(iter(cases.values()))
    report, config = case.project.report.learning, case.config
    assert report is not None
    return {
        "inputs": config.features - 1,
        "classes": config.max_classes,
        "minibatch": [config.new_per_step, config.replay_per_step],
        "epochs": config.epochs,
        "replay_slots": report.slots,
        "replay_bytes": report.replay_bytes,
        "replay_filled_bytes": report.replay_filled * report.slot_bytes,
        "state_bytes": report.state_bytes,
        "cores": {target.name: cost_on(case, target) for target, case in cases.items()},
    }

"""The demo's second half: a firmware learns the digits 6 to 9 on an emulated core, and keeps them.

The firmware is `main.c` beside this file. It is started twice with the same flash: first it learns and
saves, then, after that reset, it loads. Its answers and its flash must be those of the reference.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.interp.learner import Learner
from bnncl.state import arrays, expected_state, read_state
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_command
from bnncl.verification.harness import Sources, rows_of
from examples.data import Split, load_digits_split
from examples.digits.course import BASE_CLASSES, OPTIONS, ROOM, SEED
from examples.stages import Json

_RUN_SECONDS = 900
_FLASH = "flash.bin"


class LearningError(Exception):
    """The firmware did not do what it must."""


@dataclass(frozen=True, eq=False)
class Course:
    """What the firmware is given: `lessons`, one class each, and `test`, stored inputs (N, length) of all."""

    lessons: tuple[Split, ...]
    test: Split


def course(project: bnncl.Project) -> Course:
    """The digits from BASE_CLASSES on, class by class, and the test images of all."""
    data = load_digits_split()
    later = range(BASE_CLASSES, ROOM)
    return Course(
        tuple(_stored(data.train.of([each]), project) for each in later), _stored(data.test, project)
    )


def learn(folder: Path, project: Path, target: Target) -> Json:
    """Run the firmware of `project` on `target` twice; gives what it said, compared with the reference.

    `folder` holds model.pt and train.npz. Raises `LearningError`.
    """
    model = bnncl.compile(folder / "model.pt", replay_init=folder / "train.npz", **OPTIONS)
    given = course(model)
    with tempfile.TemporaryDirectory() as work:
        elf = build(Path(work), project, target, given)
        first, second = _start(target, elf), _start(target, elf)
        flash = (Path(work) / _FLASH).read_bytes()
    (folder / _FLASH).write_bytes(flash)
    reference = model.learner(SEED)
    wanted = _lessons(reference, given)
    _compare(first["right"] | second["right"], wanted)
    compare_flash(folder / _FLASH, project, reference)
    report = model.report.learning
    assert report is not None
    labels = report.slots * 2
    return {
        "environment": target.pio_env,
        "base_classes": BASE_CLASSES,
        "test_images": np.bincount(given.test.y, minlength=ROOM).tolist(),
        "accuracy": {when: _shares(counts, given.test.y) for when, counts in wanted.items()},
        "replay_slots": report.slots,
        "replay_bytes": report.replay_bytes,
        "replay_bytes_float32": report.slots * report.latent_bytes_float32 + labels,
        "state_bytes": report.state_bytes,
        "steps": len(first["steps"]),
        "instructions_per_step": round(float(np.mean(first["steps"]))),
    }


def build(work: Path, project: Path, target: Target, given: Course) -> Path:
    """The firmware, for `target`."""
    (work / "samples.h").write_text(_samples(given), encoding="utf-8")
    sources, counter = Sources(project, "model", 0), counter_files(target)
    port = project / "port" / "file"
    own = (Path(__file__).with_name("main.c"), port / "bnncl_storage_file.c")
    folders = (work, port, *sources.include_dirs(), *counter.include_dirs)
    files = (*own, *sources.c_files(), *counter.sources)
    return compile_elf(target, files, folders, counter.defines, work / "firmware.elf")


def _stored(split: Split, project: bnncl.Project) -> Split:
    stored = stored_inputs(split.x, project.spec.graph)
    return Split(stored, split.y)


def _samples(given: Course) -> str:
    """The header that main.c includes."""
    lines = ["typedef const model_input image[MODEL_INPUT_LEN];", _images("test_images", given.test.x)]
    labels = ",".join(map(str, given.test.y))
    lines += [
        f"enum {{ TEST_IMAGES = {len(given.test.y)}, LESSONS = {len(given.lessons)}, SEED = {SEED} }};",
        f"static const uint16_t test_labels[TEST_IMAGES] = {{{labels}}};",
        "typedef struct { uint16_t label; size_t count; image *images; } lesson;",
    ]
    rows = []
    for lesson in given.lessons:
        name = f"images_of_{lesson.y[0]}"
        lines.append(_images(name, lesson.x))
        rows.append(f"{{{lesson.y[0]}u, {len(lesson.y)}u, {name}}}")
    lines.append(f"static const lesson lessons[LESSONS] = {{{', '.join(rows)}}};")
    return "\n".join(lines) + "\n"


def _images(name: str, stored: NDArray[np.integer]) -> str:
    return f"static image {name}[{len(stored)}] = {{\n{rows_of(stored.reshape(len(stored), -1))}\n}};"


def _start(target: Target, elf: Path) -> Json:
    """Start the firmware, as after a reset: RAM holds nothing, flash what was saved."""
    command = run_command(target, elf, icount=True)
    done = subprocess.run(
        command, cwd=elf.parent, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
    )
    said = [line.split() for line in (done.stdout + done.stderr).splitlines()]
    if done.returncode != 0 or ["status", "0"] not in said:
        raise LearningError(
            f"the firmware ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}"
        )
    right = {line[1]: [int(word) for word in line[2:]] for line in said if line[:1] == ["right"]}
    return {"right": right, "steps": [int(line[1]) for line in said if line[:1] == ["step"]]}


def _lessons(device: Learner, given: Course) -> dict[str, list[int]]:
    """Right answers of each class at each time the firmware says them, by the reference."""
    right = {"factory": _right(device, given.test)}
    for lesson in given.lessons:
        device.learn(lesson.x, lesson.y)
        right[str(lesson.y[0])] = _right(device, given.test)
    return right | {"reloaded": _right(device, given.test)}


def _right(device: Learner, test: Split) -> list[int]:
    predicted = device.infer(test.x).argmax(1)
    return np.bincount(test.y[predicted == test.y], minlength=ROOM).tolist()


def _shares(right: list[int], labels: NDArray[np.int64]) -> list[float]:
    return (np.array(right) / np.bincount(labels, minlength=len(right))).tolist()


def _compare(said: dict[str, list[int]], wanted: dict[str, list[int]]) -> None:
    if said != wanted:
        raise LearningError(f"right answers on the core {said}, in the reference {wanted}")


def compare_flash(flash: Path, project: Path, device: Learner) -> None:
    """Every saved array must be the reference's."""
    expected = expected_state(project)
    held = arrays(read_state(flash, expected), expected.layout, str(flash))
    head = device.head
    memory = head.replay
    wanted = {
        "cw": head.cw,
        "past": head.past,
        "met": memory.met,
        "replay_labels": memory.labels,
        "replay_latents": memory.latents,
        "seed": SEED,
        "steps": head.steps,
        "stored": memory.stored,
    }
    differing = [
        name
        for name, values in wanted.items()
        if not np.array_equal(np.ravel(held[name]), np.ravel(np.asarray(values)))
    ]
    if differing:
        raise LearningError(f"saved otherwise than in the reference: {', '.join(differing)}")

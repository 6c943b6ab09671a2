"""What `make demo` runs: a small binary network from training to an emulated core, with every check.

Trains on scikit-learn's digits, runs `bnncl-compile model.pt --target cortex-m7`, builds and tests the
project with PlatformIO, runs the whole test set in C on the host and on emulated cores, and compares
every intermediate with the integer reference. Then a firmware learns further classes on the emulated core,
is reset and reloads them. Everything lands in `build/demo`; steps whose inputs did not change are not
repeated. Figures go to stdout and to `build/demo/result.json`, progress to stderr.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

import bnncl
from bnncl.diagnostics import BnnclError
from bnncl.resources import runtime_dir, templates_dir
from bnncl.targets import TARGETS, TOOLCHAINS
from bnncl.toolchain.platformio import run_pio
from examples.data import load_digits_split
from examples.digits.course import BASE_CLASSES, WORDS
from examples.digits.figures import Runs, as_text, assemble, differences
from examples.stages import Json, Stage, run_stage, say

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "demo"
SETUP_RECORD = ROOT / "build" / "setup.json"
TARGET = "cortex-m7"
OTHER_TARGETS = ("cortex-m4", "cortex-m0plus")
HOST, HOST_TARGET = "native", "host"
PACKAGES = ("torch", "numpy", "scikit-learn", "safetensors")


class DemoError(Exception):
    """A step did not do what it must; the message says which, and what it printed."""


@dataclass(frozen=True)
class Missing:
    """Targets that cannot be run here, and the command that installs what they need."""

    targets: tuple[str, ...]
    install: str


def missing_tools(record: Path = SETUP_RECORD) -> Missing:
    """What the set-up noted as not installed; nothing where there is no note."""
    if not record.is_file():
        return Missing((), "")
    entries = json.loads(record.read_text(encoding="utf-8"))["missing"]
    ours = [entry for entry in entries if set(entry["targets"]) & {TARGET, *OTHER_TARGETS}]
    targets = tuple(target for entry in ours for target in entry["targets"])
    return Missing(targets, " && ".join(entry["install"] for entry in ours))


def train(folder: Path) -> Json:
    """Train, or reuse a model of the same recipe; gives the accuracy and what PyTorch predicts."""
    package = runtime_dir().parent / "compiler" / "bnncl" / "frontend"
    sources = [
        ROOT / "examples" / name for name in ("data.py", "training.py", "digits/course.py", "digits/train.py")
    ]
    versions: str = " ".join(f"{name} {version(name)}" for name in PACKAGES)
    made = (folder / "model.pt", folder / "train.npz", folder / "test.npz")

    def work() -> Json:
        import torch  # noqa: PLC0415 - a second run needs neither torch nor the time it takes to load

        from examples.digits import train as recipe  # noqa: PLC0415
        from examples.training import predict  # noqa: PLC0415

        data = load_digits_split().below(BASE_CLASSES)
        model = recipe.train(data)
        recipe.save(model, data, folder)
        predictions = predict(model, torch.from_numpy(data.test.x))
        return {"accuracy": float((predictions == data.test.y).mean()), "predictions": predictions.tolist()}

    depends: tuple[str | Path, ...] = (*sources, package, versions, platform.machine())
    title = "Training on scikit-learn's digits, 0 to 5"
    return run_stage(Stage("train", title, depends, made, work), folder / "steps")


def compile_for(target: str, folder: Path, learns: bool = False) -> Json:
    """Run `bnncl-compile model.pt --target TARGET` in `folder`, perhaps with learning; gives the report."""
    words: tuple[str, ...] = ("bnncl-compile", "model.pt", "--target", target)
    project = folder / f"model-{target}"
    if learns:
        project = folder / f"learner-{target}"
        words = (*words, *WORDS, "-o", project.name)

    def work() -> Json:
        _show(_run(words, folder))
        report: Json = json.loads((project / "report" / "report.json").read_text(encoding="utf-8"))
        return report

    given = (folder / "model.pt", folder / "train.npz")
    depends: tuple[str | Path, ...] = (*given, *_compiler(), " ".join(words))
    stage = Stage(f"compile-{project.name}", f"$ {' '.join(words)}", depends, (project,), work)
    return run_stage(stage, folder / "steps")


def build_and_test(environment: str, folder: Path) -> None:
    """Build the project in a PlatformIO environment of its and run its tests there."""
    project = folder / f"model-{TARGET}"

    def work() -> Json:
        for command in ("run", "test"):
            done = run_pio(command, project, (environment,))
            if done.exit_code != 0:
                raise DemoError(f"pio {command} -e {environment} failed:\n{done.stdout[-3000:]}")
        return {"passed": True}

    title = f"$ pio run -e {environment} && pio test -e {environment}"
    stage = Stage(f"pio-{environment}", title, (project, *_tools()), (), work)
    run_stage(stage, folder / "steps")


def refer(folder: Path) -> Json:
    """What the integer reference, in Python, predicts for the test set."""
    model, data = folder / "model.pt", folder / "test.npz"

    def work() -> Json:
        with np.load(data) as arrays:
            predictions = bnncl.compile(model, target=TARGET).run(arrays["x"]).argmax(1)
            return {
                "accuracy": float((predictions == arrays["y"]).mean()),
                "predictions": predictions.tolist(),
            }

    depends: tuple[str | Path, ...] = (model, data, *_compiler())
    stage = Stage("reference", "The integer reference on the test set", depends, (), work)
    return run_stage(stage, folder / "steps")


def verify(target: str, environment: str, folder: Path) -> Json:
    """Run the whole test set in C and compare every intermediate; gives `bnncl verify`'s report.

    On the host no instructions are counted: that needs valgrind, which the demo does without.
    """
    project = f"model-{target}"
    extra = ("--no-count",) if environment == HOST else ()
    words = ("bnncl", "verify", project, "--env", environment, "--data", "test.npz", *extra)

    def work() -> Json:
        report: Json = json.loads(_run((*words, "--report", "json"), folder))["environments"][0]
        return report

    depends: tuple[str | Path, ...] = (
        folder / project,
        folder / "test.npz",
        *_compiler(),
        *_tools(),
        " ".join(words),
    )
    stage = Stage(f"verify-{environment}", f"$ {' '.join(words)}", depends, (), work)
    return run_stage(stage, folder / "steps")


def learn(target: str, folder: Path) -> Json:
    """Let the firmware learn the digits 6 to 9, reset it, and let it load what it learned."""
    project = folder / f"learner-{TARGET}"
    example = ROOT / "examples"

    def work() -> Json:
        from examples.digits import learning  # noqa: PLC0415 - a second run does without it

        return learning.learn(folder, project, TARGETS[target])

    own = [example / name for name in ("data.py", "digits/course.py", "digits/learning.py", "digits/main.c")]
    depends = (project, folder / "train.npz", *own, *_compiler(), *_tools())
    place = "the host" if target == HOST_TARGET else f"an emulated {TARGETS[target].title}"
    title = f"Learning 6, 7, 8 and 9 on {place}, reset, reload"
    stage = Stage(f"learn-{target}", title, depends, (folder / "flash.bin",), work)
    return run_stage(stage, folder / "steps")


def demo(folder: Path, missing: Missing) -> Json:
    """Every step; gives the content of `result.json`. Raises `DemoError` and `BnnclError`."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (TARGET, *OTHER_TARGETS)
    present = [target for target in wanted if target not in missing.targets]
    trained = train(folder)
    model = compile_for(TARGET, folder)
    emulated = (TARGETS[TARGET].pio_env,) if TARGET in present else ()
    for environment in (HOST, *emulated):
        build_and_test(environment, folder)
    reference = refer(folder)
    host = verify(TARGET, HOST, folder)
    cores = {}
    for target in present:
        if target != TARGET:
            compile_for(target, folder)
        cores[target] = verify(target, TARGETS[target].pio_env, folder)
    compile_for(TARGET, folder, learns=True)
    learned = learn(TARGET if TARGET in present else HOST_TARGET, folder)
    left_out = [target for target in wanted if target not in present]
    not_run = {"targets": left_out, "install": missing.install}
    return assemble(Runs(trained, model, reference, host, cores, not_run, learned))


def main() -> int:
    """Run the demo and print its figures; returns the exit code."""
    missing = missing_tools()
    try:
        result = demo(FOLDER, missing)
    except (BnnclError, DemoError) as error:
        say(f"the demo stopped: {error}")
        return error.exit_code if isinstance(error, BnnclError) else 1
    path = FOLDER / "result.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(as_text(result))
    found = differences(result)
    for line in found:
        say(f"differs: {line}")
    return 1 if found else 0


def _run(words: Sequence[str], folder: Path) -> str:
    """What a command prints on stdout; its stderr goes to ours. Raises `DemoError`."""
    beside = str(Path(sys.executable).parent)
    paths = os.pathsep.join([beside, os.environ.get("PATH", "")])
    program = shutil.which(words[0], path=paths) or words[0]
    try:
        done = subprocess.run(
            [program, *words[1:]],
            check=False,
            cwd=folder,
            env={**os.environ, "PATH": paths},
            stdout=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise DemoError(f"{words[0]} cannot be started: {error}") from error
    if done.returncode != 0:
        raise DemoError(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout[-3000:]}".rstrip())
    return done.stdout


def _show(text: str) -> None:
    for line in text.splitlines():
        say(f"  {line}")


def _compiler() -> tuple[Path, ...]:
    return (runtime_dir().parent / "compiler" / "bnncl", templates_dir(), runtime_dir())


def _tools() -> tuple[str, ...]:
    """The first lines that the compilers and the emulator say of themselves."""
    programs = [TOOLCHAINS["host"].cc, TOOLCHAINS["arm"].cc, "qemu-system-arm"]
    return tuple(_first_line(program) for program in programs)


def _first_line(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        return f"no {program}"
    said = subprocess.run([found, "--version"], check=False, capture_output=True, text=True).stdout
    return said.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())

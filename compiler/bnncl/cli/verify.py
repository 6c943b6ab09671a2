"""`bnncl verify`: whether the C computes what the model says."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnncl.cli import values
from bnncl.diagnostics import EXIT_OK, EXIT_VERIFICATION_FAILED, Collector, Problem, UsageError
from bnncl.targets import Target

if TYPE_CHECKING:
    from bnncl.ir.op import Array
    from bnncl.verification.train import TrainVerification
    from bnncl.verification.verify import Data, Verification

NAME = "verify"
HELP = "Build a generated project and compare every layer with the reference, bit for bit."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("project", type=Path, metavar="OUT", help="folder that bnncl-compile has written")
    parser.add_argument(
        "--env",
        action="append",
        metavar="NAME",
        help="native (default), qemu_cortex_m7, ...; may be repeated",
    )
    parser.add_argument("--data", type=Path, metavar="DATA.npz", help="arrays x (NCHW) and y; default: noise")
    parser.add_argument(
        "--samples", type=values.count, metavar="N", help="the first N of the data, or N of noise"
    )
    parser.add_argument(
        "--train", action="store_true", help="also learn, in C and in Python, and compare after every call"
    )
    parser.add_argument("--no-count", action="store_true", help="do not count instructions")


def run(args: argparse.Namespace) -> int:
    """Verify in each environment; returns the exit code."""
    from bnncl.verification.verify import verify

    targets = _environments(args.env or ["native"])
    data = _data(args)
    trained = _trained(args, targets, data)
    results = [verify(args.project, target, data, measure=not args.no_count) for target in targets]
    pairs = list(zip(results, trained, strict=True))
    if args.report == "json":
        print(json.dumps({"environments": [_as_json(*pair) for pair in pairs]}, indent=2))
    else:
        for pair in pairs:
            print(_as_text(*pair))
    passed = all(result.passed and (learned is None or learned.passed) for result, learned in pairs)
    return EXIT_OK if passed else EXIT_VERIFICATION_FAILED


def _trained(
    args: argparse.Namespace, targets: list[Target], data: Data
) -> Sequence[TrainVerification | None]:
    from bnncl.verification.train import rehearse

    if not args.train:
        return [None] * len(targets)
    rehearsal = rehearse(args.project, data.inputs, data.labels)
    return [rehearsal.on(target) for target in targets]


def _environments(names: list[str]) -> list[Target]:
    """Targets of the environments, each once; UsageError with everything that is unknown or missing."""
    from bnncl.verification.verify import environment, require_tools

    problems = Collector()
    found = []
    for name in dict.fromkeys(names):
        try:
            target = environment(name)
            require_tools(target)
            found.append(target)
        except UsageError as error:
            problems.extend(error.problems)
    problems.raise_as(UsageError)
    return found


def _data(args: argparse.Namespace) -> Data:
    from bnncl.driver.project import clipped_share, labelled
    from bnncl.frontend.calibration import read_npz
    from bnncl.verification.opened import open_project
    from bnncl.verification.verify import NOISE_SAMPLES, Data, noise

    project = open_project(args.project)
    if args.data is None:
        return noise(project, args.samples or NOISE_SAMPLES)
    arrays = read_npz(args.data)
    x = arrays["x"]
    inputs, labels = labelled(x, arrays.get("y"), project.graph, str(args.data))
    if labels is not None:
        _check_labels(labels, project.graph.type_of(project.graph.outputs[0]).elements, args.data)
        labels = labels[: args.samples]
    inputs = inputs[: args.samples]
    clipped = clipped_share(x[: args.samples], project.graph)
    return Data(inputs, labels, f"{len(inputs)} samples of {args.data}", clipped)


def _check_labels(labels: Array, classes: int, path: Path) -> None:
    if labels.min() < 0 or labels.max() >= classes:
        message = f"labels {labels.min()}..{labels.max()}, and the project has {classes} classes"
        hint = f"Number the classes 0..{classes - 1}, as for training, and leave other samples out."
        raise UsageError(Problem("labels-range", message, str(path), hint=hint))


def _as_json(result: Verification, learned: TrainVerification | None) -> dict[str, Any]:
    training = {} if learned is None else {"training": {**asdict(learned), "passed": learned.passed}}
    return {
        "environment": result.environment,
        "passed": result.passed,
        "findings": list(result.findings),
        "edited_files": list(result.edited),
        "notes": list(result.notes),
        "data": result.data,
        "samples": result.comparison.samples,
        "ops": result.comparison.ops,
        "elements_compared": result.comparison.elements,
        "inputs_clipped": result.clipped,
        "accuracy": result.accuracy,
        "instructions": list(result.instructions),
        "flash_bytes": result.flash,
        "ram_bytes": result.ram,
        **training,
    }


def _as_text(result: Verification, learned: TrainVerification | None) -> str:
    compared = result.comparison
    passed = result.passed and (learned is None or learned.passed)
    lines = [f"{result.environment}: {'passed' if passed else 'FAILED'}"]
    lines += [f"  differs: {finding}" for finding in result.findings]
    if learned is not None:
        lines += [f"  learning differs: {finding}" for finding in learned.findings]
        lines += [f"  {line}" for line in _counted(learned)]
    lines += [f"  edited since it was generated: {path}" for path in result.edited]
    lines += [f"  note: {note}" for note in result.notes]
    lines.append(
        f"  {compared.elements} elements of {compared.ops} ops compared, {compared.samples} samples "
        f"({result.data})"
    )
    if result.clipped:
        lines.append(
            f"  warning: {100 * result.clipped:.2f} % of the input numbers lie outside what the stored input "
            "can hold, and were clipped: scale them exactly as for training"
        )
    if result.accuracy is not None:
        lines.append(f"  accuracy {100 * result.accuracy:.2f} %")
    if result.instructions:
        mean = sum(result.instructions) // len(result.instructions)
        lines.append(f"  {mean} instructions an inference")
    lines.append(
        f"  smallest firmware: {result.flash} bytes of flash, {result.ram} bytes of RAM without stack"
    )
    return "\n".join(lines)


def _counted(learned: TrainVerification) -> tuple[str, ...]:
    return (
        f"{learned.calls} calls of learning compared, {learned.minibatches} minibatches, "
        f"{learned.commits} commits",
        f"{learned.new_classes} new classes, {learned.consolidations} consolidations of known ones, "
        f"{learned.saturations} saturations, {learned.round_ups} stochastic round-ups",
        f"{learned.replacements} replacements and {learned.evictions} evictions of replays, "
        f"{learned.changed_bytes} of {learned.head_bytes} bytes of the head changed",
        *_counted_of_tail(learned),
    )


def _counted_of_tail(learned: TrainVerification) -> tuple[str, ...]:
    if not learned.weight_bytes:
        return ()
    return (
        f"{learned.changed_weight_bytes} of {learned.weight_bytes} bytes of the tail changed, "
        f"{learned.flips} signs of filters flipped",
        f"{learned.weight_saturations} saturations, {learned.weight_round_ups} stochastic round-ups of it, "
        f"{learned.gradient_saturations} gradients cut off",
    )

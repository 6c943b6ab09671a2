"""The demo's figures: `result.json` (its keys are in this folder's README) and the table at the end."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bnncl.targets import TARGETS
from examples.stages import Json

FORMAT = 2
LEAST_AGREEMENT = 0.99


@dataclass(frozen=True)
class Runs:
    """What the demo's steps gave.

    `trained` and `reference` hold accuracy and predictions of PyTorch and of the integer reference,
    `model` is the compiler's report, `host` and `cores` (by target) are what `bnncl verify` reported,
    `not_run` holds the targets left out and the command that installs what they need, `learned` what
    learning on the device gave.
    """

    trained: Json
    model: Json
    reference: Json
    host: Json
    cores: dict[str, Json]
    not_run: Json
    learned: Json


def assemble(runs: Runs) -> Json:
    """The content of `result.json`."""
    predictions = zip(runs.trained["predictions"], runs.reference["predictions"], strict=True)
    same = [ours == theirs for ours, theirs in predictions]
    accuracy = {
        "pytorch": runs.trained["accuracy"],
        "reference": runs.reference["accuracy"],
        "native": runs.host["accuracy"],
    }
    accuracy |= {TARGETS[name].pio_env: report["accuracy"] for name, report in runs.cores.items()}
    return {
        "format": FORMAT,
        "test_images": len(same),
        "binary_macs": runs.model["totals"]["binary_macs"],
        "integer_macs": runs.model["totals"]["integer_macs"],
        "weight_bytes": runs.model["weight_bytes"],
        "accuracy": accuracy,
        "agreement_with_pytorch": sum(same) / len(same),
        "values_compared": {
            report["environment"]: report["elements_compared"] for report in (runs.host, *runs.cores.values())
        },
        "cores": {name: _core(report) for name, report in runs.cores.items()},
        "learning": runs.learned,
        "not_run": runs.not_run,
    }


def differences(result: Json) -> list[str]:
    """What is not as it must be: C that scores otherwise than the reference, too little agreement."""
    accuracy, agreement = result["accuracy"], result["agreement_with_pytorch"]
    found = [
        f"{place_title(place)}: accuracy {share:.4f}, in the integer reference {accuracy['reference']:.4f}"
        for place, share in accuracy.items()
        if place not in ("pytorch", "reference") and share != accuracy["reference"]
    ]
    if agreement < LEAST_AGREEMENT:
        found.append(f"only {agreement:.2%} of the test images get the same class as in PyTorch")
    return found


def _core(report: Json) -> Json:
    counts = report["instructions"]
    return {
        "flash_bytes": report["flash_bytes"],
        "ram_bytes": report["ram_bytes"],
        "instructions": round(sum(counts) / len(counts)),
        "inferences_counted": len(counts),
    }


def as_text(result: Json) -> str:
    """The table, and as the last line what was not run and how to install what that needs."""
    shown = io.StringIO()
    console = Console(file=shown, width=100, color_system=None)
    console.print(_accuracy_table(result))
    if result["cores"]:
        console.print()
        console.print(_cores_table(result))
    console.print()
    console.print(_learning_table(result["learning"]))
    lines = [line.rstrip() for line in shown.getvalue().rstrip().splitlines()]
    lines += ["", learning_line(result["learning"])]
    left_out = result["not_run"]
    if left_out["targets"]:
        names = ", ".join(TARGETS[name].title for name in left_out["targets"])
        lines += ["", f"Not run: {names}. To install what they need: {left_out['install']}"]
    return "\n".join(lines)


def group(learning: Json, when: str, classes: range) -> float:
    """Accuracy over all test images of `classes` at the time `when`, a key of `learning["accuracy"]`."""
    images, shares = learning["test_images"], learning["accuracy"][when]
    return float(sum(images[c] * shares[c] for c in classes) / sum(images[c] for c in classes))


def learning_line(learning: Json) -> str:
    """What learning on the device brought and what it took, in one line."""
    base, room = learning["base_classes"], len(learning["test_images"])
    later, old = (
        f"{group(learning, 'factory', classes):.1%} -> {group(learning, 'reloaded', classes):.1%}"
        for classes in (range(base, room), range(base))
    )
    parts = [
        f"classes {base}-{room - 1}: {later}",
        f"old classes: {old}",
        f"replay {learning['replay_bytes']:,} bytes (float32: {learning['replay_bytes_float32']:,})",
    ]
    if learning["instructions_per_step"]:
        parts.append(f"{learning['instructions_per_step']:,} instructions a step")
    return " · ".join(parts)


def _learning_table(learning: Json) -> Table:
    base, room = learning["base_classes"], len(learning["test_images"])
    place = place_title(learning["environment"])
    table = Table(f"after learning, {place}", box=None, pad_edge=False)
    for title in (f"0-{base - 1}", f"{base}-{room - 1}", "all"):
        table.add_column(title, justify="right")
    for when in learning["accuracy"]:
        title = {"factory": "nothing yet", "reloaded": "reset and reloaded"}.get(when, f"class {when}")
        shares = (group(learning, when, part) for part in (range(base), range(base, room), range(room)))
        table.add_row(title, *(f"{share:.1%}" for share in shares))
    return table


def _accuracy_table(result: Json) -> Table:
    table = Table("accuracy on the test set", box=None, pad_edge=False)
    table.add_column(f"{result['test_images']} images", justify="right")
    for place, share in result["accuracy"].items():
        table.add_row(place_title(place), f"{share:.2%}")
    return table


def place_title(place: str) -> str:
    """How a key of `result["accuracy"]` is called in tables and pictures."""
    fixed = {"pytorch": "PyTorch", "reference": "integer reference in Python", "native": "C on the host"}
    if place in fixed:
        return fixed[place]
    return next(f"C on an emulated {t.title}" for t in TARGETS.values() if t.pio_env == place)


def _cores_table(result: Json) -> Table:
    table = Table("core", box=None, pad_edge=False)
    for title in ("flash bytes", "RAM bytes", "instructions per inference"):
        table.add_column(title, justify="right")
    for name, core in result["cores"].items():
        numbers = (core["flash_bytes"], core["ram_bytes"], core["instructions"])
        table.add_row(TARGETS[name].title, *(f"{number:,}" for number in numbers))
    return table

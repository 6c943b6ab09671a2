"""The study's figures: `study.json`, and the table in Markdown."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from bnncl.learn.results import read
from examples.study.plan import BASE, COLUMNS, DEVICE, EQUAL_BYTES, FLOAT, NAIVE, SEEDS, SLOTS, Column, Task

Json = dict[str, Any]
LEAST_GAIN = 15.0
MEAN_LOSS, SEED_LOSS = 1.0, 2.0
FORMAT = 1


def figures(column: Column, folder: Path, settings: str, validation: float) -> Json:
    """What one column of one task came to; accuracies in percent, by seed."""
    results = read(folder / "results.json")
    runs = [run for seed in SEEDS if (run := results.find(column.method, seed)) is not None]
    shares = [100 * (run.rows[-1].seen or 0.0) for run in runs]
    return {
        "title": column.title,
        "settings": settings,
        "validation": round(validation, 2),
        "slots": runs[0].slots,
        "latent_bits": runs[0].latent_bits,
        "replay_bytes": runs[0].replay_bytes,
        "accuracy": [round(share, 2) for share in shares],
    }


def verdict(columns: Json) -> Json:
    """Whether the goal is met, and by how much (points)."""
    device, floats = columns[DEVICE]["accuracy"], columns[FLOAT]["accuracy"]
    losses = [reference - ours for ours, reference in zip(device, floats, strict=True)]
    gain = fmean(floats) - fmean(columns[NAIVE]["accuracy"])
    more = fmean(device) - fmean(columns[EQUAL_BYTES]["accuracy"])
    return {
        "float_above_naive": round(gain, 2),
        "counts": gain >= LEAST_GAIN,
        "loss_mean": round(fmean(losses), 2),
        "loss_worst_seed": round(max(losses), 2),
        "above_float_latents_at_equal_bytes": round(more, 2),
        "met": gain >= LEAST_GAIN and fmean(losses) <= MEAN_LOSS and max(losses) <= SEED_LOSS and more > 0,
    }


def markdown(tasks: list[Task], study: Json) -> str:
    """One table for all tasks, then what was chosen and whether the goal is met."""
    done = [task for task in tasks if task.name in study["tasks"]]
    lines = [
        "Accuracy in percent over all classes after the last experience, "
        f"mean ± standard deviation (each seed); {SLOTS} slots.",
        "",
        "| | " + " | ".join(task.title for task in done) + " |",
        "|---|" + "---|" * len(done),
    ]
    for column in COLUMNS:
        cells = [_cell(study["tasks"][task.name]["columns"][column.name]) for task in done]
        lines.append(f"| {column.title} | {' | '.join(cells)} |")
    names = {
        "float_above_naive": "float CWR\\* above fine-tuning, points",
        "loss_mean": "device (8, 16) below float, mean",
        "loss_worst_seed": "the same, worst seed",
        "above_float_latents_at_equal_bytes": "device (8, 16) above float latents at equal bytes",
        "met": "goal met",
    }
    for name, title in names.items():
        found = [study["tasks"][task.name]["verdict"][name] for task in done]
        lines.append(f"| *{title}* | {' | '.join(_plain(each) for each in found)} |")
    lines += [
        "",
        "Chosen on validation samples: rate, new:replayed samples of a step, epochs; and accuracy there:",
        "",
    ]
    lines += ["| | " + " | ".join(task.title for task in done) + " |", "|---|" + "---|" * len(done)]
    for column in COLUMNS:
        if column.like is None:
            cells = [_chosen(study["tasks"][task.name]["columns"][column.name]) for task in done]
            lines.append(f"| {column.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(found: Json) -> str:
    shares = found["accuracy"]
    each = ", ".join(f"{share:.1f}" for share in shares)
    memory = f"; {found['slots']} slots, {found['replay_bytes']:,} bytes" if found["slots"] else ""
    spread = f" ± {stdev(shares):.1f}" if len(shares) > 1 else ""
    return f"**{fmean(shares):.1f}**{spread} ({each}{memory})"


def _plain(value: float | bool) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:.1f}"


def _chosen(found: Json) -> str:
    return f"{found['settings'].replace('_', ', ')}: {found['validation']:.1f}"


def new(tasks: Json) -> Json:
    """The content of study.json."""
    return {"format": FORMAT, "base_classes": BASE, "seeds": list(SEEDS), "tasks": tasks}

"""The study's figures: `study.json`, and its table in Markdown."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from bnncl.learn.results import read
from examples.tail_study.plan import ALL, DEVICE, EQUAL_BYTES, FLOAT, NAIVE, ONLY_HEAD, Row, Task

Json = dict[str, Any]
MEAN_LOSS, SEED_LOSS, HEAD_GAIN, NAIVE_GAIN = 1.0, 2.0, 3.0, 15.0
"""The goal, in points: see `verdict`."""


def figures(row: Row, folder: Path, task: Task) -> Json:
    """What a row came to: accuracies in percent over all classes after the last experience, by seed."""
    results = read(folder / "results.json")
    runs = [run for seed in task.seeds if (run := results.find(row.method, seed)) is not None]
    speeds = [run.trained_per_second for run in runs if run.trained_per_second is not None]
    return {
        "title": row.title,
        "accuracy": [round(100 * (run.rows[-1].seen or 0.0), 2) for run in runs],
        "slots": runs[0].slots,
        "latent_bits": runs[0].latent_bits,
        "replay_bytes": runs[0].replay_bytes,
        "seconds": round(fmean(run.seconds for run in runs), 1),
        "trained_per_second": round(fmean(speeds)) if speeds else None,
    }


def verdict(rows: Json) -> Json:
    """How far the device is from the goal, as far as there are rows to tell; gains and losses in points.

    It may lose 1 point to the float tail with float latents on average and 2 with any seed, and gains 3 on
    a head that learns alone. That counts where the float tail gains 15 on fine-tuning.
    """
    if DEVICE not in rows or FLOAT not in rows:
        return {}
    device, floats = rows[DEVICE]["accuracy"], rows[FLOAT]["accuracy"]
    losses = [reference - ours for ours, reference in zip(device, floats, strict=True)]
    found: Json = {
        "loss to the float tail with float latents, mean": round(fmean(losses), 2),
        "the same, worst seed": round(max(losses), 2),
    }
    for name, title in (
        (ONLY_HEAD, "gain on the head alone"),
        (EQUAL_BYTES, "gain on float latents in equal bytes"),
    ):
        if name in rows:
            found[title] = round(fmean(device) - fmean(rows[name]["accuracy"]), 2)
    if NAIVE in rows:
        found["gain of the float tail on fine-tuning"] = round(
            fmean(floats) - fmean(rows[NAIVE]["accuracy"]), 2
        )
    return found


def markdown(rows: Json) -> str:
    """The table of all rows there are, then the verdict."""
    lines = [
        "| | accuracy, % | by seed | replay memory, bytes | samples trained a second |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(rows[row.name]) for row in ALL if row.name in rows]
    found = verdict(rows)
    if found:
        lines += ["", "| device (8, 16, 16), 1-bit latents | points |", "|---|---|"]
        lines += [f"| {title} | {points:.1f} |" for title, points in found.items()]
    return "\n".join(lines) + "\n"


def _line(found: Json) -> str:
    shares, speed = found["accuracy"], found["trained_per_second"]
    spread = f" ± {stdev(shares):.1f}" if len(shares) > 1 else ""
    each = ", ".join(f"{share:.1f}" for share in shares)
    memory = (
        f"{found['slots']} x {found['latent_bits']} bit, {found['replay_bytes']:,}" if found["slots"] else "0"
    )
    return f"| {found['title']} | {fmean(shares):.1f}{spread} | {each} | {memory} | {speed or ''} |"

"""Keeps the README's tables equal to the measured figures in docs/figures.json.

`python scripts/readme.py` writes the tables again between their markers; `--digits result.json` first takes
over the figures that `python -m examples.measure` gave for the digits, `--fashion result.json` for
Fashion-MNIST, `--learning-cost result.json` what `python -m examples.learning_cost` gave, `--tail-cost
result.json` what `python -m examples.tail_cost` gave, `--micropython result.json` what `python -m
examples.micropython_cost` gave, `--int8 result.json` what `python -m examples.int8_cost` gave of both models,
`--tail-study folder` what `python -m
examples.tail_study` and `python -m examples.tail_study.choices` left there. The test
`tests/rules/test_readme.py` holds that nothing is left to write.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "figures.json"
STUDY = ROOT / "docs" / "learning_results.json"
TAIL_STUDY = ROOT / "docs" / "tail_results.json"
Figures = dict[str, Any]

SETS = {"digits 0-5 (scikit-learn)": "digits", "Fashion-MNIST": "fashion_mnist"}
INT8_FOLDERS = {"digits 0-5 (scikit-learn)": "demo", "Fashion-MNIST": "fashion_mnist"}
CORES = {"cortex-m7": "Cortex-M7", "cortex-m4": "Cortex-M4", "cortex-m0plus": "Cortex-M0+"}
ENVIRONMENTS = ("qemu_cortex_m7", "qemu_cortex_m4", "qemu_cortex_m0plus")


def percent(share: float) -> str:
    """A share as the tables write it."""
    return f"{100 * share:.2f} %"


def accuracy_table(figures: Figures) -> str:
    """Accuracy by place of computation, for each data set."""
    lines = [
        "| test set | PyTorch | integer reference | C on the host | C on emulated M7, M4, M0+ |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, key in SETS.items():
        held = figures[key]
        cells = [percent(held["accuracy"][place]) for place in ("pytorch", "reference", "native")]
        lines.append(f"| {name}, {held['test_images']:,} images | {' | '.join(cells)} | {_on_cores(held)} |")
    return "\n".join(lines)


def _on_cores(held: Figures) -> str:
    shares = sorted({percent(held["accuracy"][name]) for name in ENVIRONMENTS})
    if held["core_images"] == held["test_images"]:
        return ", ".join(shares)
    reference = percent(held["reference_on_core_images"])
    return f"{', '.join(shares)} of the first {held['core_images']} (reference: {reference})"


def cores_table(figures: Figures) -> str:
    """Instructions, flash and RAM by core, for each data set."""
    lines = [
        "| model | core | instructions an inference | flash bytes | RAM bytes |",
        "|---|---|---:|---:|---:|",
    ]
    for name, key in SETS.items():
        for core, held in figures[key]["cores"].items():
            numbers = (held["instructions"], held["flash_bytes"], held["ram_bytes"])
            lines.append(
                f"| {name} | {CORES[core]} | " + " | ".join(f"{number:,}" for number in numbers) + " |"
            )
    return "\n".join(lines)


def int8_table(figures: Figures) -> str:
    """Instructions beside int8 in plain C, and which layers take them, for each model and core."""
    lines = [
        "| model | core | bnncl | int8, plain C | times fewer | first layer | binary layers | the rest |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, folder in INT8_FOLDERS.items():
        for core, held in figures["int8"][folder].items():
            layers = held["layers"]
            first = layers[0]["bnncl"]
            binary = sum(each["bnncl"] for each in layers if "_bconv_" in each["kernel"])
            parts = (first, binary, held["bnncl"] - first - binary)
            shares = " | ".join(f"{100 * part / held['bnncl']:.0f} %" for part in parts)
            numbers = f"{held['bnncl']:,} | {held['int8']:,} | {held['int8'] / held['bnncl']:.1f}"
            lines.append(f"| {name} | {CORES[core]} | {numbers} | {shares} |")
    return "\n".join(lines)


def agreement_table(figures: Figures) -> str:
    """Top-1 agreement with PyTorch at 16 and 8 bits of the first filter."""
    lines = ["| test set | first filter 16 bits | first filter 8 bits |", "|---|---:|---:|"]
    for name, key in SETS.items():
        held = figures[key]
        wide, narrow = held["agreement_with_pytorch"], held["agreement_first_bits_8"]
        lines.append(f"| {name} | {percent(wide)} | {percent(narrow)} |")
    return "\n".join(lines)


def learning_table(figures: Figures) -> str:
    """What a learned sample costs in integers and in float32, and what learning adds, by core."""
    lines = [
        "| core | instructions a learned sample | float32 | integers : float32 | flash added | RAM added |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for core, held in figures["learning_cost"]["cores"].items():
        integer, real = held["integer"]["sample"], held["float32"]["sample"]
        added = [held[f"{kind}_bytes"]["added"] for kind in ("flash", "ram")]
        cells = (f"{integer:,}", f"{real:,}", f"{integer / real:.2f}", *(f"{count:,}" for count in added))
        lines.append(f"| {CORES[core]} | {' | '.join(cells)} |")
    return "\n".join(lines)


TAIL_PARTS = {"sample": "one sample, forward and backward", "step": "a step of 16 samples"}


def tail_table(figures: Figures) -> str:
    """What learning costs a tail in integers and in float32, for each core."""
    steps = figures["tail_cost"]["step"].values()
    lines = [
        "| core | instructions of | integers | float32 | times fewer | float32, tiled | times fewer |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for core, found in (each for cores in steps for each in cores.items()):
        for part, title in TAIL_PARTS.items():
            cost = found["costs"][part]
            reals = [cost["float32"], cost["float32_tiled"]]
            cells = " | ".join(f"{real:,} | {real / cost['integer']:.2f}" for real in reals)
            lines.append(f"| {CORES[core]} | {title} | {cost['integer']:,} | {cells} |")
    return "\n".join(lines)


STUDY_COLUMNS = {
    "naive": "fine-tuning, float32",
    "float-32-bytes": "CWR*, float32, replays of float32 in the same bytes",
    "float": "CWR*, float32, 200 replays",
    "device-8-16": "**the device's integers, 200 replays of 1 bit a value**",
    "joint": "all data at once, float32",
}


def study_table(figures: Figures) -> str:
    """Mean accuracy after learning class by class, for each data set of the study."""
    tasks = figures["study"]["tasks"].values()
    lines = [f"| | {' | '.join(task['title'] for task in tasks)} |", "|---|" + "---:|" * len(tasks)]
    for key, title in STUDY_COLUMNS.items():
        shares = [task["columns"][key]["accuracy"] for task in tasks]
        cells = [f"{sum(share) / len(share):.1f} %" for share in shares]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


TAIL_ROWS = {
    "naive": "fine-tuning, float32",
    "head": "head only, CWR*, float32",
    "equal-bytes": "tail in float32, replays of float32 in the same bytes",
    "tail-32": "tail in float32, 300 replays of float32",
    "device": "**the device's integers, 300 replays of 1 bit a value**",
}


def tail_study_table(figures: Figures) -> str:
    """Mean accuracy after learning two classes at a time, for each data set of the study of tails."""
    tasks = figures["tail_study"]["tasks"]
    lines = [f"| | {' | '.join(TASKS[name] for name in tasks)} |", "|---|" + "---:|" * len(tasks)]
    for key, title in TAIL_ROWS.items():
        shares = [task["rows"][key]["accuracy"] for task in tasks.values()]
        cells = [f"{sum(share) / len(share):.1f} %" for share in shares]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


MODULES = {"module": "user C module", "native": "native module"}
BOARDS = {"cortex-m7": "Cortex-M7", "rv32imac": "RV32IMAC"}


def micropython_table(figures: Figures) -> str:
    """Instructions of the calls under MicroPython and in plain C, and where module and model lie."""
    lines = [
        "| core | | `predict` | in C | | `step()`, a minibatch | in C | | module | model |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for core, board in BOARDS.items():
        held = figures["micropython"][core]
        for kind, title in MODULES.items():
            cells = [_beside(held, kind, call) for call in ("predict", "step")]
            size = (
                f"{held[kind]['mpy_bytes']:,} heap"
                if kind == "native"
                else f"{held[kind]['flash_bytes']:,} flash"
            )
            lines.append(
                f"| {board} | {title} | {' | '.join(cells)} | {size} | {held[kind]['heap_of_model']:,} heap |"
            )
    return "\n".join(lines)


def _beside(held: Figures, kind: str, call: str) -> str:
    found, plain = held[kind]["instructions"][call], held["plain"][call]
    return f"{found:,} | {plain:,} | {100 * (found / plain - 1):+.1f} %"


TASKS = {"spoken_digits": "Spoken digits", "fashion_mnist": "Fashion-MNIST"}
TABLES = {
    "tails": tail_study_table,
    "accuracy": accuracy_table,
    "cores": cores_table,
    "int8": int8_table,
    "agreement": agreement_table,
    "learning": learning_table,
    "tail": tail_table,
    "study": study_table,
    "micropython": micropython_table,
}


def all_figures() -> Figures:
    """What the tables are written from: docs/figures.json, and the studies of learning."""
    figures: Figures = json.loads(FIGURES.read_text())
    return figures | {
        "study": json.loads(STUDY.read_text()),
        "tail_study": json.loads(TAIL_STUDY.read_text()),
    }


def collected(folder: Path) -> Figures:
    """What `python -m examples.tail_study` and its `choices` have left in `folder`."""
    tasks = {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("*/study.json"))}
    return {"tasks": tasks, "choices": list(json.loads((folder / "floats.json").read_text()).values())}


def filled(text: str, figures: Figures) -> str:
    """The README `text` with every marked table written from `figures`."""
    for name, make in TABLES.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        table = make(figures) + "\n"
        text, count = re.subn(
            pattern, lambda match, table=table: match[1] + table + match[2], text, flags=re.S
        )
        if count != 1:
            raise SystemExit(f"README.md must hold the markers of the table '{name}' once, not {count} times")
    return text


def main() -> None:
    """Take over figures, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=Path, metavar="RESULT.json")
    parser.add_argument("--fashion", type=Path, metavar="RESULT.json")
    parser.add_argument("--learning-cost", type=Path, metavar="RESULT.json")
    parser.add_argument("--tail-cost", type=Path, metavar="RESULT.json")
    parser.add_argument("--micropython", type=Path, metavar="RESULT.json")
    parser.add_argument("--int8", type=Path, metavar="RESULT.json")
    parser.add_argument("--tail-study", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    if args.tail_study is not None:
        TAIL_STUDY.write_text(json.dumps(collected(args.tail_study), indent=1) + "\n")
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    given = {
        "digits": args.digits,
        "fashion_mnist": args.fashion,
        "learning_cost": args.learning_cost,
        "tail_cost": args.tail_cost,
        "micropython": args.micropython,
        "int8": args.int8,
    }
    for key, path in given.items():
        if path is not None:
            figures[key] = json.loads(path.read_text())
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")
    README.write_text(filled(README.read_text(), all_figures()))


if __name__ == "__main__":
    main()

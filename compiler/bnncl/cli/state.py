"""`bnncl state`: learned state from the field, on the desk."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnncl.cli import values
from bnncl.cli.common import add_common
from bnncl.diagnostics import EXIT_OK, Collector, UsageError

if TYPE_CHECKING:
    from bnncl.state import Blob, Expected

NAME = "state"
HELP = "Show what a device has learned, from a dump of its storage, and bring it back into PyTorch."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    show = actions.add_parser("show", help="what a dump holds")
    show.add_argument("dumps", type=Path, nargs=1, metavar="DUMP", help="the bytes of the storage region")
    diff = actions.add_parser("diff", help="how two dumps differ")
    diff.add_argument("dumps", type=Path, nargs=2, metavar="DUMP", help="an older dump, and a newer one")
    load = actions.add_parser("load", help="write the PyTorch model with the head that a dump holds")
    load.add_argument("dumps", type=Path, nargs=1, metavar="DUMP", help="the bytes of the storage region")
    for action in (show, diff, load):
        action.add_argument(
            "--project", type=Path, required=True, metavar="OUT", help="folder that the firmware came from"
        )
        add_common(action, again=True)
    _load_options(load)


def _load_options(load: argparse.ArgumentParser) -> None:
    load.add_argument(
        "--model", type=Path, required=True, metavar="MODEL.pt", help="file that the project came from"
    )
    load.add_argument("-o", "--output", type=Path, required=True, metavar="LEARNED.pt", help="file to write")
    load.add_argument(
        "--weights",
        choices=("forward", "stored"),
        default="forward",
        help="those the device scores with (default), or those with all bits, which learning goes on from",
    )
    group = load.add_argument_group("model files that hold no graph")
    group.add_argument(
        "--factory", metavar="PKG.MOD:FACTORY", help="function that makes the module of a state_dict"
    )
    group.add_argument("--input-shape", type=values.shape, metavar="C,H,W", help="shape of one sample")
    group.add_argument("--trust-pickle", action="store_true", help="load pickles, which run code")


def run(args: argparse.Namespace) -> int:
    """Print one state or the difference of two, or write the model that has learned."""
    text, held = _load(args) if args.action == "load" else _show(args)
    print(json.dumps(held, indent=2) if args.report == "json" else text)
    return EXIT_OK


def _show(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """One state, or the difference of two, as text and as JSON."""
    from bnncl import state

    expected = state.expected_state(args.project)
    blobs = _read(args.dumps, expected)
    held: dict[str, Any] = {"states": [_as_json(blob) for blob in blobs]}
    first, last = blobs[0], blobs[-1]
    if args.action == "show":
        held["arrays"] = [dataclasses.asdict(each) for each in state.summarize(first, expected.layout)]
        return state.describe(first, expected.layout, str(args.dumps[0])), held
    held["changes"] = [dataclasses.asdict(each) for each in state.changes(first, last, expected.layout)]
    return state.diff(first, last, expected.layout), held


def _load(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Write the model that has learned; what became of it, as text and as JSON."""
    from bnncl.driver.bring_back import bring_back
    from bnncl.frontend.model import ModelSource

    source = ModelSource(
        args.model, factory=args.factory, input_shape=args.input_shape, trust_pickle=args.trust_pickle
    )
    done = bring_back(args.dumps[0], args.project, source, args.output, args.weights)
    lines = [f"{done.module or 'head'}: {done.classes} classes, as of save {done.sequence}"]
    if done.unknown:
        lines.append(f"not learned: {', '.join(map(str, done.unknown))}; their logits are below all others")
    if done.agreement is not None:
        percent = 100 * done.agreement
        lines.append(
            f"torch has the device's answer for {percent:.2f} % of {done.samples} calibration samples"
        )
    return "\n".join([*lines, f"written to {done.path}"]), dataclasses.asdict(done)


def _read(dumps: list[Path], expected: Expected) -> list[Blob]:
    """The newest state of every dump; UsageError with what is wrong with any of them."""
    from bnncl import state

    problems = Collector()
    found = []
    for dump in dumps:
        try:
            found.append(state.read_state(dump, expected))
        except UsageError as error:
            problems.extend(error.problems)
    problems.raise_as(UsageError)
    return found


def _as_json(blob: Blob) -> dict[str, Any]:
    return {
        "sequence": blob.sequence,
        "slot": "AB"[blob.slot],
        "fingerprint": blob.fingerprint.hex(),
        "layout": blob.layout,
        "bytes": len(blob.payload),
    }

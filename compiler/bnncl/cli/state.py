"""`bnncl state`: learned state from the field, on the desk."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnncl.diagnostics import EXIT_OK, Collector, UsageError

if TYPE_CHECKING:
    from bnncl.state import Blob, Expected

NAME = "state"
HELP = "Show what a device has learned, from a dump of its storage."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    show = actions.add_parser("show", help="what a dump holds")
    show.add_argument("dumps", type=Path, nargs=1, metavar="DUMP", help="the bytes of the storage region")
    diff = actions.add_parser("diff", help="how two dumps differ")
    diff.add_argument("dumps", type=Path, nargs=2, metavar="DUMP", help="an older dump, and a newer one")
    for action in (show, diff):
        action.add_argument(
            "--project", type=Path, required=True, metavar="OUT", help="folder that the firmware came from"
        )


def run(args: argparse.Namespace) -> int:
    """Print one state, or the difference of two."""
    from bnncl import state

    expected = state.expected_state(args.project)
    blobs = _read(args.dumps, expected)
    held: dict[str, Any] = {"states": [_as_json(blob) for blob in blobs]}
    first, last = blobs[0], blobs[-1]
    if args.action == "show":
        text = state.describe(first, expected.layout, str(args.dumps[0]))
        held["arrays"] = [dataclasses.asdict(each) for each in state.summarize(first, expected.layout)]
    else:
        text = state.diff(first, last, expected.layout)
        held["changes"] = [dataclasses.asdict(each) for each in state.changes(first, last, expected.layout)]
    print(json.dumps(held, indent=2) if args.report == "json" else text)
    return EXIT_OK


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

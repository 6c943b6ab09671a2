"""`bnncl targets`: what can be compiled for."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from bnncl.targets import BOARDS, TARGETS

NAME = "targets"
HELP = "List cores and boards."
_PIPED_WIDTH = 120


def configure(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    """Print the lists."""
    if args.report == "json":
        targets = [
            {
                "name": each.name,
                "title": each.title,
                "features": list(each.features),
                "environment": each.pio_env,
            }
            for each in TARGETS.values()
        ]
        boards = [
            {
                "id": each.id,
                "target": each.target,
                "flash_bytes": each.flash_bytes,
                "ram_bytes": each.ram_bytes,
            }
            for each in BOARDS.values()
        ]
        print(json.dumps({"targets": targets, "boards": boards}, indent=2))
        return 0
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    table = Table("target", "core", "features", "PlatformIO environment", box=None)
    for target in TARGETS.values():
        table.add_row(target.name, target.title, " ".join(target.features), target.pio_env)
    console.print(table)
    table = Table("board", "target", "flash", "RAM", box=None)
    for board in BOARDS.values():
        table.add_row(
            board.id, board.target, f"{board.flash_bytes >> 10} KiB", f"{board.ram_bytes >> 10} KiB"
        )
    console.print()
    console.print(table)
    return 0

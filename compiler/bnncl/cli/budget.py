"""`bnncl compile --budget RAM`: what could learn in so many bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bnncl.driver.allowance import Allowance

_PIPED_WIDTH = 140
_COLUMNS = ("inference", "weights", "kept", "gradients", "caches", "arena", "head", "experience", "other")


def show(found: Sequence[Allowance], ram: int, form: str) -> None:
    """Print the table, or JSON."""
    if form == "json":
        print(json.dumps({"ram": ram, "cuts": [each.as_json() for each in found]}, indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    table = Table("--train", "learned", *_COLUMNS, "total", "a slot", "slots", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for each in found:
        parts = (
            each.inference_bytes,
            each.weight_bytes,
            each.kept_bytes,
            each.gradient_bytes,
            each.cache_bytes,
            each.arena_bytes,
            each.head_bytes,
            each.experience_bytes,
            each.other_bytes,
            each.total_bytes,
            each.slot_bytes,
        )
        slots = str(each.slots) if each.slots >= 0 else f"{-each.slots} bytes short"
        table.add_row(each.train, str(each.learned), *map(str, parts), slots)
    console.print(f"bytes of RAM without replays, and slots of the replay memory in the rest of {ram}:")
    console.print(table)
    others = [f"{each.train} {each.other_total}" for each in found if each.learned]
    if others:
        other = next(each.other_accumulate for each in found if each.learned)
        console.print(f"totals with --accumulate {other or 'full'}: {', '.join(others)}")

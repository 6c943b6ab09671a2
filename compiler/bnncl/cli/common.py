"""The options that every verb has."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

TEXT_FORMS: Final = ("text", "json")


def add_common(
    parser: argparse.ArgumentParser, *, again: bool = False, forms: Sequence[str] = TEXT_FORMS
) -> None:
    """Declare them; `again` for the actions of a verb, where what was given to the verb stays the default.

    `forms` are those that the verb's result has.
    """
    default = argparse.SUPPRESS if again else None
    parser.add_argument(
        "--report", choices=forms, default=default or "text", help="form of the result on stdout"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", default=default or False, help="errors only on stderr"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", default=default or False, help="what is done, on stderr"
    )

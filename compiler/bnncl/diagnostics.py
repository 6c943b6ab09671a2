"""Errors that a user can cause: each says what is wrong, where, why, and how to fix it.

Every problem carries a stable `slug`; `tests/rules` holds that each slug used in the package
is asserted by a test. The exit codes are those of the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXIT_OK = 0
EXIT_VERIFICATION_FAILED = 1
EXIT_USAGE = 2
EXIT_UNSUPPORTED_MODEL = 3
EXIT_DOES_NOT_FIT = 4


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave.

    `slug` is stable and lower-case-with-dashes; `where` is a torch module path, a file or an
    option; `why` and `hint` are whole sentences, and may be empty where `message` says it all.
    """

    slug: str
    message: str
    where: str = ""
    why: str = ""
    hint: str = ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        lines = [f"{head} [{self.slug}]"]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.hint:
            lines.append(f"  fix: {self.hint}")
        return "\n".join(lines)


class BnnclError(Exception):
    """Base of every error that a user can cause; holds one or more problems."""

    exit_code = EXIT_USAGE

    def __init__(self, *problems: Problem) -> None:
        assert problems, "an error without a problem"
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class VerificationFailed(BnnclError):
    """Two things that must be equal are not."""

    exit_code = EXIT_VERIFICATION_FAILED


class UsageError(BnnclError):
    """An option, a file or an array is not what it should be."""

    exit_code = EXIT_USAGE


class UnsupportedModel(BnnclError):
    """The model holds something that has no integer meaning here."""

    exit_code = EXIT_UNSUPPORTED_MODEL


class DoesNotFit(BnnclError):
    """The result is larger than the memory it was given."""

    exit_code = EXIT_DOES_NOT_FIT


class Collector:
    """Gathers problems, so that all of a model's are reported at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Remember `problem` once."""
        if problem not in self._problems:
            self._problems.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Remember each of `problems` once."""
        for problem in problems:
            self.add(problem)

    def raise_as(self, error: type[BnnclError]) -> None:
        """Raise `error` with everything gathered, or do nothing if nothing was."""
        if self._problems:
            raise error(*self._problems)

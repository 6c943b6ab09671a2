"""Whether a project fits the memory of a board."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.diagnostics import Collector, DoesNotFit, Problem


@dataclass(frozen=True)
class Limits:
    """Bytes that the project may take of each memory; None where there is no limit.

    `where` names who set them: a board, or the options that gave the numbers.
    """

    flash: int | None
    ram: int | None
    where: str


@dataclass(frozen=True)
class Advice:
    """What would make the project smaller, one sentence for each memory."""

    flash: str = "Make the largest layers narrower."
    ram: str = "Make the largest feature maps smaller: pool earlier, or use a larger stride."


def check_budget(flash: int, ram: int, limits: Limits, advice: Advice | None = None) -> None:
    """Raise DoesNotFit (`does-not-fit`, exit code 4) where `flash` or `ram` bytes exceed `limits`."""
    advice = advice or Advice()
    problems = Collector()
    for memory, needed, limit, hint in (
        ("flash", flash, limits.flash, advice.flash),
        ("RAM", ram, limits.ram, advice.ram),
    ):
        if limit is not None and needed > limit:
            problems.add(
                Problem(
                    slug="does-not-fit",
                    message=f"the model needs {needed} bytes of {memory}: {needed - limit} too many",
                    where=limits.where,
                    why=f"The limit is {limit} bytes of {memory}.",
                    hint=hint,
                )
            )
    problems.raise_as(DoesNotFit)

"""Float32 references in torch, on features that the integer backbone has computed once."""

from bnncl.learn.baselines.cwr import CwrStar
from bnncl.learn.baselines.joint import Joint
from bnncl.learn.baselines.naive import FineTuning
from bnncl.learn.baselines.recipe import Recipe, Start

__all__ = ["CwrStar", "FineTuning", "Joint", "Recipe", "Start"]

"""How a tail learns: what `--train <module>` and the options beside it ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnncl.ir.values import Role
from bnncl.ops.tail.parameters import Rule

Ste = Literal["clip", "approxsign", "identity"]
GradientScale = Literal["block", "static"]


@dataclass(frozen=True)
class TailSettings:
    """Widths in bits, the learning rate of all that is no head, and what gradients are rounded to.

    Values have `q_forward` bits, gradients and parameters of channels `q_backward`, latent weights and what
    is summed up for them `q_latent` (8 or 16). `samples` are those of a full minibatch; with `accumulate` an
    update follows so many of them, and gradients of filters are summed up in 16 bits till then, else in 32.
    `rate` is the learning rate, of latent weights `filter_rate` where there is one. `keep_latents`: an abort
    goes back to a copy of the latent weights, not to storage.
    """

    q_forward: int = 8
    q_backward: int = 16
    q_latent: int = 16
    ste: Ste = "clip"
    rule: Rule = "accumulate"
    gradient_scale: GradientScale = "block"
    rate: float = 0.01
    filter_rate: float | None = None
    samples: int = 16
    accumulate: int = 0
    stochastic: bool = False
    keep_latents: bool = True

    def rate_of(self, role: Role) -> tuple[float, str]:
        """The learning rate of a state, and the option that it is from."""
        if role == "latent" and self.filter_rate is not None:
            return self.filter_rate, "--filter-rate"
        return self.rate, "--tail-rate"

    @property
    def top(self) -> int:
        """The largest number of a value."""
        return (1 << (self.q_forward - 1)) - 1

    @property
    def parameter_limit(self) -> int:
        """The largest magnitude of a parameter of channels."""
        return (1 << (self.q_backward - 1)) - 1

    @property
    def latent_limit(self) -> int:
        """The largest magnitude of a latent weight."""
        return (1 << (self.q_latent - 1)) - 1

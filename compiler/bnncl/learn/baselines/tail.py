"""Tails in float32 that learn: binary blocks behind a replay cut with a head of consolidated rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from bnncl.learn.baselines.cwr import consolidated, minibatches
from bnncl.learn.baselines.memory import Codec, Memory
from bnncl.learn.baselines.recipe import Recipe, Start, labels_of, masked_scores
from bnncl.learn.baselines.traced_tail import TracedTail
from bnncl.learn.samples import Features, Samples

Rule = Literal["accumulate", "sign"]
_AT_ONCE = 250


@dataclass(frozen=True)
class TailRecipe(Recipe):
    """A `Recipe` whose `rate` is that of the head; the tail's parameters learn at `tail_rate`.

    A kind of parameter may have a rate of its own, `tail_rate` times its factor: latent weights of binary
    `filter`s, `scale` and offset behind them, `slope`s, offsets of a `sign`. `rule` says what of a latent
    weight lasts from step to step: its value within -limit..limit, or its sign alone, as +limit or -limit.
    """

    tail_rate: float = 0.01
    filter: float = 1.0
    scale: float = 1.0
    slope: float = 1.0
    sign: float = 1.0
    rule: Rule = "accumulate"
    limit: float = 1.0


@dataclass(frozen=True, eq=False)
class Parameters:
    """The trainable parameters of a tail by their kind."""

    filters: tuple[nn.Parameter, ...]
    scales: tuple[nn.Parameter, ...]
    slopes: tuple[nn.Parameter, ...]
    signs: tuple[nn.Parameter, ...]

    @classmethod
    def of(cls, module: nn.Module) -> Parameters:
        """Those of ordinary modules.

        Weights of convolutions and linear layers are filters, what a batch norm has is scales, a PReLU
        slopes; what is left are offsets of signs.
        """
        filters, scales, slopes, signs = [], [], [], []
        for part in module.modules():
            own = [each for each in part.parameters(recurse=False) if each.requires_grad]
            for each in own:
                if isinstance(part, nn.Conv2d | nn.Linear) and each is part.weight:
                    filters.append(each)
                elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                    scales.append(each)
                elif isinstance(part, nn.PReLU):
                    slopes.append(each)
                else:
                    signs.append(each)
        return cls(tuple(filters), tuple(scales), tuple(slopes), tuple(signs))

    @classmethod
    def of_traced(cls, tail: TracedTail) -> Parameters:
        """Those of a traced tail."""
        return cls(
            tuple(tail.filters.values()),
            (*tail.scales.values(), *tail.offsets.values()),
            (*tail.slopes.values(), *tail.positives.values()),
            tuple(tail.signs.values()),
        )

    def rates(self, recipe: TailRecipe) -> list[tuple[nn.Parameter, float]]:
        """Every parameter with its learning rate."""
        kinds = (
            (self.filters, recipe.filter),
            (self.scales, recipe.scale),
            (self.slopes, recipe.slope),
            (self.signs, recipe.sign),
        )
        return [(each, recipe.tail_rate * factor) for kind, factor in kinds for each in kind]


class Trainer:
    """Plain SGD on a tail, in place, and on the rows of a head.

    The tail maps latents (N, ...) to features (N, F). It runs in eval mode: the statistics of its batch
    norms stay what they are, and a sample's features depend on no other sample.
    """

    def __init__(self, tail: nn.Module, parameters: Parameters, recipe: TailRecipe) -> None:
        self._tail, self._filters, self._recipe = tail.eval(), parameters.filters, recipe
        self._rates = parameters.rates(recipe)

    def step(self, rows: Tensor, latents: Tensor, labels: Tensor, active: Tensor) -> None:
        """One step on the mean cross-entropy of a minibatch; `rows` (classes, F) change in place."""
        steps = [(rows, self._recipe.rate), *self._rates]
        for parameter, _ in steps:
            parameter.grad = None
        scores = masked_scores(self._tail(latents), rows, active)
        torch.autograd.backward(nn.functional.cross_entropy(scores, labels))
        with torch.no_grad():
            for parameter, rate in steps:
                assert parameter.grad is not None, "a parameter that no score depends on"
                parameter.sub_(parameter.grad, alpha=rate)
            for each in self._filters:
                self._keep(each)

    def _keep(self, latent: Tensor) -> None:
        limit = self._recipe.limit
        if self._recipe.rule == "sign":
            latent.copy_(torch.where(latent >= 0, limit, -limit))
        else:
            latent.clamp_(-limit, limit)

    def features(self, latents: Tensor) -> Tensor:
        """Features (N, F) of latents (N, ...)."""
        with torch.no_grad():
            return torch.cat([self._tail(part.float()) for part in torch.split(latents, _AT_ONCE)])


class TailBaseline:
    """CWR* with a tail that learns, and latent replay (PAPERS 4); without slots, AR1*free without replay.

    `samples.features` (N, ...) are latents, as the tail reads them: of new samples, of replayed ones and at
    inference alike. The memory stores them with `recipe.latent_bits` a value. `tail` changes in place.
    """

    def __init__(
        self, tail: nn.Module, parameters: Parameters, start: Start, recipe: TailRecipe, seed: int
    ) -> None:
        self._trainer, self._recipe = Trainer(tail, parameters, recipe), recipe
        self._generator = torch.Generator().manual_seed(seed)
        self._rows, self._past = start.rows.clone(), start.past.clone()
        self._memory: Memory | None = None
        self._codec: Codec | None = None
        if len(start.known):
            self._remember(latents_of(start.known), labels_of(start.known))

    @property
    def held(self) -> Tensor:
        """Labels of the replay memory (at most `recipe.slots`,)."""
        return torch.zeros(0, dtype=torch.int64) if self._memory is None else self._memory.labels

    def learn(self, samples: Samples) -> None:
        """Train on one experience, consolidate, and offer its samples to the memory."""
        latents, labels = latents_of(samples), labels_of(samples)
        held = self.held
        current = torch.bincount(torch.cat([labels, held]), minlength=len(self._past)).float()
        known, present = self._past > 0, current > 0
        working = torch.where((known & present)[:, None], self._rows, 0.0).requires_grad_()
        for new, replayed in minibatches(len(labels), len(held), self._recipe, self._generator):
            batch, targets = latents[new].float(), labels[new]
            if self._memory is not None and len(replayed):
                again = self._memory.features[replayed].reshape(-1, *batch.shape[1:])
                batch, targets = torch.cat([batch, again]), torch.cat([targets, held[replayed]])
            self._trainer.step(working, batch, targets, known | present)
        self._rows = consolidated(self._rows, working.detach(), self._past, current)
        self._past = self._past + current
        self._remember(latents, labels)

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        features = self._trainer.features(latents_of(samples))
        return masked_scores(features, self._rows, self._past > 0).numpy()

    def _remember(self, latents: Tensor, labels: Tensor) -> None:
        if not self._recipe.slots:
            return
        flat = latents.flatten(1).float()
        if self._memory is None or self._codec is None:
            self._memory = Memory(self._recipe.slots, flat.shape[1], self._generator)
            self._codec = Codec(self._recipe.latent_bits, flat, exact=self._recipe.exact)
        self._memory.offer(self._codec(flat), labels)


class TailFineTuning:
    """Tail and head trained on each experience alone; neither replay nor consolidation."""

    def __init__(
        self, tail: nn.Module, parameters: Parameters, start: Start, recipe: TailRecipe, seed: int
    ) -> None:
        self._trainer, self._recipe = Trainer(tail, parameters, recipe), recipe
        self._generator = torch.Generator().manual_seed(seed)
        self._rows = start.rows.clone().requires_grad_()
        self._known = start.past > 0

    def learn(self, samples: Samples) -> None:
        """Train on one experience."""
        latents, labels = latents_of(samples), labels_of(samples)
        self._known = self._known.clone()
        self._known[labels] = True
        for new, _ in minibatches(len(labels), 0, self._recipe, self._generator):
            self._trainer.step(self._rows, latents[new].float(), labels[new], self._known)

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        features = self._trainer.features(latents_of(samples))
        return masked_scores(features, self._rows.detach(), self._known).numpy()


class TailJoint:
    """Tail and head trained from their start on everything that ever came: the upper bound.

    Trains when scores are asked for, with minibatches of new and replayed samples' size together.
    """

    def __init__(
        self, tail: nn.Module, parameters: Parameters, start: Start, recipe: TailRecipe, seed: int
    ) -> None:
        self._tail, self._parameters, self._start, self._recipe = tail, parameters, start, recipe
        self._seed = seed
        self._first = {name: value.clone() for name, value in tail.state_dict().items()}
        self._seen = [start.known] if len(start.known) else []
        self._made: TailFineTuning | None = None

    def learn(self, samples: Samples) -> None:
        """Keep the samples of one experience."""
        self._seen.append(samples)
        self._made = None

    def scores(self, samples: Samples) -> Features:
        """Scores (N, classes); minus infinity for a class not known."""
        if self._made is None:
            self._tail.load_state_dict(self._first)
            self._made = TailFineTuning(self._tail, self._parameters, self._start, self._recipe, self._seed)
            if self._seen:
                self._made.learn(joined(self._seen))
        return self._made.scores(samples)


def latents_of(samples: Samples) -> Tensor:
    """Latents (N, ...), of whatever type they are stored in."""
    return torch.from_numpy(samples.features)


def conditional_means(values: Tensor, bits: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers m and s (C,) for which m + s * bit is nearest to `values` (N, C, H, W).

    That is what a cut of one bit leaves of a shortcut's value: m + s is the mean where `bits` are +1, m - s
    where they are -1. A channel whose bits are all equal has s = 0.
    """
    total = values.new_tensor(values.numel() / values.shape[1])
    above = (bits > 0).to(values.dtype)
    count = above.sum((0, 2, 3))
    upper, whole = (values * above).sum((0, 2, 3)), values.sum((0, 2, 3))
    mean = whole / total
    high = torch.where(count > 0, upper / count.clamp(min=1), mean)
    low = torch.where(count < total, (whole - upper) / (total - count).clamp(min=1), mean)
    constant = (count == 0) | (count == total)
    return torch.where(constant, mean, (high + low) / 2), torch.where(constant, 0.0, (high - low) / 2)


def joined(parts: Sequence[Samples]) -> Samples:
    """All samples of `parts`, in their order."""
    return Samples(
        np.concatenate([each.inputs for each in parts]),
        np.concatenate([each.features for each in parts]),
        np.concatenate([each.labels for each in parts]),
    )


__all__ = [
    "Parameters",
    "Rule",
    "TailBaseline",
    "TailFineTuning",
    "TailJoint",
    "TailRecipe",
    "Trainer",
    "conditional_means",
    "joined",
    "latents_of",
]

"""The training loop that the examples share: Adam, cross-entropy, a progress bar on a terminal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to train; the rate falls to 0 along a half cosine.

    `threads` is fixed because float sums depend on how they are split over threads: the same recipe
    gives the same model wherever torch computes with the same instructions. `density_penalty` is added to
    the loss for each share of -1 that binary layers read, 1 being all of it: a core adds a row of weights for
    each -1.
    """

    epochs: int
    batch_size: int = 64
    rate: float = 5e-3
    seed: int = 0
    threads: int = 2
    density_penalty: float = 0.0


class BinaryModel(nn.Module):
    """A model that says which of its parameters are used by their sign."""

    def latent_weights(self) -> list[Tensor]:
        """The real-valued parameters behind binary weights."""
        raise NotImplementedError

    def readers_of_signs(self) -> list[nn.Module]:
        """The layers of binary weights whose parameters are `latent_weights`: each is given +1 and -1."""
        held = {id(weight) for weight in self.latent_weights()}
        return [module for module in self.modules() if id(getattr(module, "weight", None)) in held]


class Density:
    """The share of -1 in what the binary layers of `model` read, in the forward pass that came last.

    Use it as a context: it listens to the layers inside. Of several layers, each counts alike.
    """

    def __init__(self, model: BinaryModel) -> None:
        self._model = model
        self._shares: dict[nn.Module, Tensor] = {}
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> Density:
        self._hooks = [
            each.register_forward_pre_hook(self._listen) for each in self._model.readers_of_signs()
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _listen(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._shares[module] = (1 - inputs[0].mean()) / 2

    def mean(self) -> Tensor:
        """The mean share over the layers, with the gradient that the signs let through."""
        return torch.stack(list(self._shares.values())).mean()


def density_option(parser: argparse.ArgumentParser) -> None:
    """Declare `--density-penalty`, `Recipe.density_penalty`."""
    parser.add_argument(
        "--density-penalty",
        type=float,
        default=0.0,
        metavar="P",
        help="add P times the share of -1 that binary layers read to the loss (default 0)",
    )


def prepare(recipe: Recipe) -> None:
    """Make what follows repeatable: call it before the model is built."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(True)


def fit(model: BinaryModel, x: Tensor, y: Tensor, recipe: Recipe, augment: Augment | None = None) -> None:
    """Train `model` on images x (N, C, H, W) float32 and labels y (N,) int64; leaves it in eval mode.

    The latent weights are kept within -1..1: further out a straight-through estimator passes no
    gradient, and they would never return.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    model.train()
    with _progress(recipe.epochs) as report, Density(model) as density:
        for _ in range(recipe.epochs):
            total = 0.0
            for batch in _batches(torch.randperm(len(x), generator=generator), recipe.batch_size):
                images = x[batch] if augment is None else augment(x[batch], generator)
                loss = F.cross_entropy(model(images), y[batch])
                if recipe.density_penalty:
                    loss = loss + recipe.density_penalty * density.mean()
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
                _clamp(model.latent_weights())
                total += float(loss.detach()) * len(batch)
            schedule.step()
            report(total / len(x))
    model.eval()


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of images whose largest score belongs to their label, 0..1."""
    return float(np.mean(predict(model, x) == y.numpy()))


def predict(model: nn.Module, x: Tensor) -> np.ndarray:
    """The class with the largest score for each image of x (N, C, H, W); int64 (N,)."""
    with torch.inference_mode():
        return np.concatenate([model(part).argmax(1).numpy() for part in _batches(x, 500)])


def _batches(x: Tensor, size: int) -> Iterator[Tensor]:
    return (x[start : start + size] for start in range(0, len(x), size))


def _clamp(parameters: list[Tensor]) -> None:
    with torch.no_grad():
        for parameter in parameters:
            parameter.clamp_(-1.0, 1.0)


@contextmanager
def _progress(epochs: int) -> Iterator[Callable[[float], None]]:
    """Yield what to call with the mean loss after each epoch; draws on stderr."""
    if sys.stderr.isatty():
        columns = (TextColumn("training"), BarColumn(), TextColumn("{task.completed}/{task.total} epochs"))
        loss_column = TextColumn("loss {task.fields[loss]:.3f}")
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        with Progress(*columns, loss_column, *times, console=Console(stderr=True)) as bar:
            task = bar.add_task("training", total=epochs, loss=float("nan"))
            yield lambda loss: bar.update(task, advance=1, loss=loss)
        return
    start = time.monotonic()
    done = 0

    def report(loss: float) -> None:
        nonlocal done
        done += 1
        if done % max(1, epochs // 5) == 0 or done == epochs:
            seconds = time.monotonic() - start
            print(f"epoch {done}/{epochs}: loss {loss:.3f}, {seconds:.0f} s", file=sys.stderr, flush=True)

    yield report

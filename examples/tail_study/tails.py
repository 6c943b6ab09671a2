"""The last blocks of the study's network as a tail that learns, and what it reads of a replay cut."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from bnncl.ir.op import Array
from bnncl.learn.baselines.tail import conditional_means
from bnncl.learn.baselines.traced_tail import Ste, sign
from bnncl.learn.data import DataSet
from bnncl.learn.samples import Features, Samples
from bnncl.learn.scenarios import Labels
from examples.tail_study.model import Block, ResidualNet

Cut = Literal["float", "byte", "bits", "bits, no shortcut", "bits, +-1 shortcut"]
"""What a latent is: the stream in float32, or in 255 steps, or the signs that the first block's convolution
reads, with m + s * bit, nothing, or the bit itself in its shortcut."""

_BATCH = 250
_LEVELS = 255


class BlockTail(nn.Module):
    """`blocks` with the straight-through estimator `ste`, then the mean of each channel: (N, C).

    With `shortcut`, m and s (C,), latents are the signs (N, C, H, W) that the first block's convolution
    reads, and m + s * sign is what its shortcut does. Without, they are the stream. With `batch_norms`,
    a minibatch that is learned from is normalised by its own statistics, and those for inference move along.
    """

    def __init__(
        self,
        blocks: list[Block],
        ste: Ste,
        shortcut: tuple[Tensor, Tensor] | None,
        *,
        batch_norms: bool = False,
    ) -> None:
        super().__init__()
        self._ste, self._order = ste, [copy.deepcopy(block) for block in blocks]
        self._moving = [block.norm for block in self._order] if batch_norms else []
        self.blocks = nn.ModuleList(self._order)
        self._shortcut = None if shortcut is None else [each[None, :, None, None] for each in shortcut]
        if shortcut is not None:
            self._order[0].sign.offset.requires_grad_(False)

    def forward(self, latents: Tensor) -> Tensor:
        x = latents
        for norm in self._moving:
            norm.train(torch.is_grad_enabled())
        for at, block in enumerate(self._order):
            bits = sign(x + block.sign.offset, self._ste)
            if at == 0 and self._shortcut is not None:
                bits, x = latents, self._shortcut[0] + self._shortcut[1] * latents
            x = block.after_sign(bits, x)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)


@dataclass(frozen=True, eq=False)
class Behind:
    """A network cut before its last `depth` blocks: streams (N, C, H, W) of all images that are needed.

    `seen` are those of the classes it was trained on, from which a cut's numbers come.
    """

    model: ResidualNet
    depth: int
    seen: Features
    train: Samples
    test: Samples

    @classmethod
    def of(cls, model: ResidualNet, depth: int, pretrained_on: DataSet, data: DataSet) -> Behind:
        """Run the frozen part on everything."""
        seen = encoded(model, depth, pretrained_on.x_train)
        train = _samples(encoded(model, depth, data.x_train), data.y_train)
        return cls(model, depth, seen, train, _samples(encoded(model, depth, data.x_test), data.y_test))

    def samples(self, cut: Cut) -> tuple[Samples, Samples]:
        """What a tail is given to learn and to be tested with."""
        return self._cut(self.train, cut), self._cut(self.test, cut)

    def tail(self, cut: Cut, ste: Ste = "approxsign", *, batch_norms: bool = False) -> BlockTail:
        """A tail as it was trained before, in eval mode."""
        blocks = [block for block in self.model.blocks if isinstance(block, Block)][-self.depth :]
        return BlockTail(blocks, ste, self._shortcut(cut), batch_norms=batch_norms).eval()

    def _bits(self, stream: Features) -> Array:
        first = self.model.blocks[len(self.model.blocks) - self.depth]
        assert isinstance(first, Block)
        return np.where(stream + first.sign.offset.detach().numpy() >= 0, 1, -1).astype(np.int8)

    def _cut(self, samples: Samples, cut: Cut) -> Samples:
        stream = samples.features
        if cut == "float":
            return samples
        if cut == "byte":
            low, high = self.seen.min(), self.seen.max()
            step = (high - low) / _LEVELS
            made = np.clip(np.round((stream - low) / step), 0, _LEVELS) * step + low
            return Samples(samples.inputs, made.astype(np.float32), samples.labels)
        return Samples(samples.inputs, self._bits(stream), samples.labels)

    def _shortcut(self, cut: Cut) -> tuple[Tensor, Tensor] | None:
        if not cut.startswith("bits"):
            return None
        channels = self.seen.shape[1]
        if cut != "bits":
            return torch.zeros(channels), torch.full((channels,), float(cut == "bits, +-1 shortcut"))
        return conditional_means(torch.from_numpy(self.seen), torch.from_numpy(self._bits(self.seen)))


def like_cifar(data: DataSet) -> DataSet:
    """Images padded with zeros to 32x32, grey ones with three equal colours."""

    def shaped(x: Array) -> Array:
        height, width = 32 - x.shape[2], 32 - x.shape[3]
        sides = [(height // 2, height - height // 2), (width // 2, width - width // 2)]
        padded = np.pad(x, [(0, 0), (0, 0), *sides])
        return padded if x.shape[1] == 3 else np.repeat(padded, 3, 1)

    return replace(data, x_train=shaped(data.x_train), x_test=shaped(data.x_test))


def split_again(data: DataSet) -> DataSet:
    """The same samples, every third one of each class a test sample.

    For sets whose own test samples are too few to tell methods apart by a point or two.
    """
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    held = np.zeros(len(y), np.bool_)
    for label in np.unique(y):
        held[np.flatnonzero(y == label)[::3]] = True
    return DataSet(data.name, x[~held], y[~held], x[held], y[held])


def encoded(model: ResidualNet, depth: int, images: Array) -> Features:
    """Streams (N, C, H, W) before the last `depth` blocks."""
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(images), _BATCH)
        made: Features = torch.cat([model.encode(part, depth) for part in parts]).numpy()
    return made


def _samples(stream: Features, labels: Labels) -> Samples:
    return Samples(np.zeros((len(labels), 0), np.uint8), stream, labels)

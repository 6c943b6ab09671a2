"""The network whose last blocks are counted, and one minibatch of digits for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

import bnncl
from bnncl.driver.project import stored_inputs
from bnncl.driver.real_head import separate
from bnncl.driver.tail import statistics_samples
from bnncl.driver.tail_cut import CutModel, cut_before, taken_off
from bnncl.frontend.model import ModelSource, open_model
from bnncl.interp import run
from bnncl.learn.baselines.traced_tail import TracedTail
from examples.data import Split, load_digits_split
from examples.tail_study.model import Block

CLASSES = 10
MINIBATCH = (8, 8)
HEAD_RATE, TAIL_RATE = 0.05, 0.05
_CUT = "blocks.1"
_PIXELS = 8


class TailNet(nn.Module):
    """Digits (N, 1, 8, 8) to scores: a real stem, a frozen Bi-Real block, `blocks` that can learn, a head."""

    def __init__(self, channels: int, size: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3, stride=_PIXELS // size, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential(*(Block(channels, channels) for _ in range(1 + blocks)))
        self.head = nn.Linear(channels, CLASSES, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.norm(self.stem(x)))
        scores: Tensor = self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))
        return scores


@dataclass(frozen=True)
class Shape:
    """A tail of `blocks` Bi-Real blocks of `channels` on a map of size x size, and a head of 10 classes."""

    channels: int
    size: int
    blocks: int = 2

    @property
    def name(self) -> str:
        return f"{self.blocks} x {self.channels}, {self.size}x{self.size}"


@dataclass(frozen=True, eq=False)
class Case:
    """A tail of `shape` as the compiler made it, the same one in float32, and a minibatch.

    `rows` (CLASSES, channels) are the head's weights, `latents` (batch, H, W, C) of ±1 with `labels` (batch,)
    the minibatch, its new samples first; `images` are those as the C takes them.
    """

    shape: Shape
    project: bnncl.Project
    cut: CutModel
    statistics_of: NDArray[np.int64]
    rows: NDArray[np.float32]
    images: NDArray[np.int64]
    latents: NDArray[np.int64]
    labels: NDArray[np.int64]

    def tail(self) -> TracedTail:
        """The tail in PyTorch, in float32, as it is at first."""
        return TracedTail(self.cut.tail, self.statistics_of, "clip")

    @cached_property
    def shortcut(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the first block's shortcut makes of a bit, by channel: m and s of m + s * bit."""
        (name,) = self.cut.shortcuts
        op = next(op for op in self.cut.tail.ops if op.output == name)
        made = [run(self.cut.tail.with_ops((op,)), {self.cut.cut: each})[name] for each in self._constants()]
        above, below = (each.reshape(-1, self.shape.channels)[0] for each in made)
        return ((above + below) / 2).astype(np.float32), ((above - below) / 2).astype(np.float32)

    def _constants(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        up = np.ones((1, *self.latents.shape[1:]), np.int8)
        return up, -up


def settled(shape: Shape, x: Tensor) -> TailNet:
    """A network with drawn weights whose norms have the statistics of images (N, 1, 8, 8)."""
    torch.manual_seed(7)
    net = TailNet(shape.channels, shape.size, shape.blocks)
    for part in net.modules():
        if isinstance(part, Block):
            nn.init.normal_(part.sign.offset, std=0.2)
            nn.init.uniform_(part.slopes.weight, 0.1, 0.4)
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None
            nn.init.uniform_(part.weight, 0.5, 1.0)
            nn.init.normal_(part.bias, std=0.2)
    with torch.no_grad():
        net.train()(x)
    return net.eval()


def case_of(shape: Shape, targets: tuple[str, ...]) -> Case:
    """The case of `shape`, its project compiled for `targets`."""
    digits = load_digits_split()
    net = settled(shape, torch.from_numpy(digits.calibration.x))
    seen, labels = digits.calibration.x, digits.calibration.y
    example = torch.from_numpy(seen[:1])
    new, replayed = MINIBATCH
    project = bnncl.compile(
        net,
        targets,
        example=example,
        calibration=seen,
        labels=labels,
        name="model",
        train=_CUT,
        replay=replayed,
        replay_init=(digits.train.x, digits.train.y),
        experience=new,
        minibatch=MINIBATCH,
        epochs=1,
        rate=HEAD_RATE,
        tail_rate=TAIL_RATE,
    )
    model = open_model(ModelSource(net, example=example, calibration=seen, labels=labels), unfold=_CUT)
    assert model.calibration is not None
    before, _ = separate(model.graph)
    cut = cut_before(
        before, _CUT, model.calibration, head=taken_off(model.graph, before), modules=model.modules
    )
    batch = Split(digits.test.x[: new + replayed], digits.test.y[: new + replayed])
    return Case(
        shape,
        project,
        cut,
        _latents(cut, statistics_samples(model.calibration)),
        net.head.weight.detach().numpy().copy(),
        stored_inputs(batch.x, project.spec.graph).reshape(new + replayed, -1),
        _latents(cut, batch.x.transpose(0, 2, 3, 1)),
        batch.y,
    )


def _latents(cut: CutModel, x: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.asarray(run(cut.encode, {cut.encode.inputs[0]: x})[cut.cut], np.int64)

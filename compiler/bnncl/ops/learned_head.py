"""The head of a model that goes on learning: a linear layer in the fixed-point arithmetic of CWR*."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bnncl.ir.op import INTEGER_ONLY, Array, UnaryOp
from bnncl.ir.types import Int, TensorType, element_range
from bnncl.ir.values import Constant
from bnncl.numerics.heads import forward_copy, scores16


@dataclass(frozen=True)
class HeadConfig:
    """Sizes and integers of one learnable head, all fixed at compile time.

    `features` counts the inputs of the head, a constant one for the bias included. Weights stand for
    W * 2**-weight_exponent. `q_forward` and `q_backward` are bits of forward copies and of masters and
    gradients, 2..8 and q_forward..16. A gradient sum G changes a weight by
    G * (rate_multiplier / samples) / 2**rate_shift, 1 <= rate_shift <= 32. Scores are accumulators /
    2**score_shift. With `accumulate`, less than a minibatch, there is an update after so many samples; 0:
    after a minibatch.
    """

    features: int
    max_classes: int
    latent_bytes: int
    slots: int
    experience: int
    q_forward: int
    q_backward: int
    weight_exponent: int
    softmax_multiplier: int
    softmax_shift: int
    rate_multiplier: int
    rate_shift: int
    stochastic: bool
    new_per_step: int
    replay_per_step: int
    epochs: int
    score_shift: int = 0
    accumulate: int = 0

    @property
    def batch(self) -> int:
        """Samples of a full minibatch."""
        return self.new_per_step + self.replay_per_step

    @property
    def between_updates(self) -> int:
        """Samples between two updates, at most."""
        return self.accumulate or self.batch

    @property
    def weight_limit(self) -> int:
        """Largest magnitude of a master weight: the largest one whose forward copy needs no saturation."""
        return (1 << (self.q_backward - 1)) - 1 - (1 << (self.q_backward - self.q_forward) >> 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedHead(UnaryOp):
    """Scores of the features `x` by the weights the model was compiled with; where learning starts from.

    `x` is a vector of bits or of 8-bit integers; a last feature that is always `bias_feature` comes on top.
    `cut` names the value, binary or packed, whose words are stored as latents; what stands between it and
    `x` is computed again for each. `weights` (max_classes, features) int16 are consolidated rows, `past`
    (max_classes,) uint32 the samples each was learned from, 0 for a class not known. The replay memory
    begins with `replay_latents` (stored, latent_bytes) uint8, `replay_labels` (stored,) uint16, and has met
    `met` (max_classes,) uint32 samples of each class.
    """

    stages = INTEGER_ONLY
    config: HeadConfig
    bias_feature: int
    cut: str
    weights: Constant
    past: Constant
    met: Constant
    replay_latents: Constant
    replay_labels: Constant

    def infer(self, *types: TensorType) -> TensorType:
        """One int16 score for each class there is room for."""
        assert types[0].shape == (1, 1, self.config.features - 1), types[0]
        return TensorType((1, 1, self.config.max_classes), Int(-(2**15), 2**15 - 1, 16))

    def evaluate(self, *arrays: Array) -> Array:
        """Scores (N, 1, 1, max_classes) of features (N, 1, 1, I)."""
        config = self.config
        copy = forward_copy(self.weights.data.astype(np.int64), config.q_backward, config.q_forward)
        return scores16(self.with_bias(arrays[0]) @ copy.T, config.score_shift, self.past.data > 0)

    def accumulator(self, x: TensorType) -> Int:
        """The sums that a row can give, whatever its weights."""
        top = (1 << (self.config.q_forward - 1)) - 1
        bound = top * (max(map(abs, element_range(x.domain))) * x.channels + abs(self.bias_feature))
        return Int(-bound, bound, 32)

    def with_bias(self, features: Array) -> Array:
        """Features (..., I) as int64 with the constant one behind them, (..., I + 1)."""
        wide = np.full((*features.shape[:-1], self.config.features), self.bias_feature, np.int64)
        wide[..., :-1] = features
        return wide

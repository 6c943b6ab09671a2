"""The proof that no sum of learning overflows: an interval for every variable that one is built in."""

from __future__ import annotations

from bnncl.interp.head import HeadConfig

Proof = tuple[str, int, int, int]
"""A name, the least and the greatest number, partial sums included, and the bits of the C variable; negative
bits: unsigned."""

_ONE = 1 << 15


def proofs(config: HeadConfig, largest_input: int = 128, bias_feature: int = 0) -> tuple[Proof, ...]:
    """Intervals of what `bnncl_learn_*` computes with `config`.

    `largest_input` bounds the magnitude of the inputs: 1 for binary ones, at most 255. `bias_feature` is
    the constant last feature, 0 where there is none.
    """
    assert 1 <= largest_input <= 255
    return (
        *_picks(config),
        *_forward(config, largest_input, bias_feature),
        *_update(config, largest_input, bias_feature),
        *_commit(config),
    )


def overflowing(config: HeadConfig, largest_input: int = 128, bias_feature: int = 0) -> tuple[str, ...]:
    """Names of the proofs that fail, in order; empty where `config` is safe."""
    return failing(proofs(config, largest_input, bias_feature))


def failing(found: tuple[Proof, ...]) -> tuple[str, ...]:
    """Names of those of `found` whose interval the variable does not hold."""
    return tuple(
        name
        for name, lo, hi, bits in found
        if (lo < 0 or hi >> -bits > 0 if bits < 0 else lo < -(1 << bits - 1) or hi >> bits - 1 > 0)
    )


def _around(name: str, reach: int, bits: int) -> Proof:
    return name, -reach, reach, bits


def _picks(config: HeadConfig) -> tuple[Proof, ...]:
    """Of the order of samples: where a minibatch begins in its epoch, and replays drawn so far."""
    draws = (2**32 - 1) * config.replay_per_step + config.batch
    return (
        ("minibatch", 1, config.batch, -32),
        ("first_of_minibatch", 0, config.experience - 1 + config.new_per_step, -32),
        ("replay_draws", 0, draws, -64),
        ("experience_bytes", 0, config.experience * config.latent_bytes, 32),
        ("replay_bytes", 0, config.slots * config.latent_bytes, 32),
    )


def _forward(config: HeadConfig, largest_input: int, bias_feature: int) -> tuple[Proof, ...]:
    """Of one sample: accumulators, and what the softmax makes of the distance of two of them."""
    top = (1 << (config.q_forward - 1)) - 1
    drop = config.q_backward - config.q_forward
    inputs = config.features - (bias_feature != 0)
    logit = top * (largest_input * inputs + abs(bias_feature))
    from_base = inputs * ((2 * _ONE + (1 << drop >> 1)) >> drop) + inputs
    correction = inputs * (_ONE >> drop)
    scaled = 2 * logit * config.softmax_multiplier + (1 << (config.softmax_shift - 1))
    return (
        _around("logits", logit, 32),
        _around("logits_from_base", from_base + correction if largest_input == 1 else logit, 32),
        ("logit_distance", 0, 2 * logit, -32),
        ("softmax_products", 0, scaled, 64),
        ("softmax_sum", 0, config.max_classes * _ONE, -32),
        ("softmax_quotients", 0, _ONE * _ONE + config.max_classes * _ONE // 2, -32),
    )


def _update(config: HeadConfig, largest_input: int, bias_feature: int) -> tuple[Proof, ...]:
    """Of one minibatch: sums over its samples, and what the rate makes of them.

    A minibatch of n samples has the rate r = floor((m + floor(n / 2)) / n), and n * r <= m + floor(n / 2).
    """
    delta = 1 << (config.q_backward - 1)
    feature = max(largest_input, abs(bias_feature))
    products = delta * feature * (config.rate_multiplier + config.batch // 2)
    change = (products >> config.rate_shift) + 1
    return (
        ("deltas", -delta, delta - 1, 16),
        _around("delta_sum", config.batch * delta, 32),
        _around("gradient_sums", config.batch * delta * feature, 32),
        _around("rate", config.rate_multiplier, 32),
        ("rate_to_be_divided", 0, config.rate_multiplier + config.batch // 2, -32),
        ("rate_products", -products, products + (1 << config.rate_shift), 64),
        _around("changed_weights", config.weight_limit + change, 64),
        ("random_index", 0, config.max_classes * config.features - 1, -32),
    )


def _commit(config: HeadConfig) -> tuple[Proof, ...]:
    """Of one consolidation: the mean of the rows, and a row's old and new weights with theirs."""
    limit = config.weight_limit
    weights = config.max_classes * config.features
    heaviest = (1 << 16) - 1
    return (
        _around("weights", limit, 16),
        _around("mean_sum", weights * limit, 64),
        ("mean_count", 1, weights, 32),
        ("consolidated", 0, limit * heaviest + 2 * limit * 256, -32),
        ("consolidation_weight", 256, heaviest + 256, 32),
        ("class_counts", 0, config.experience + config.slots, -32),
        ("slots", 0, config.slots, -16),
        ("labels", 0, config.max_classes - 1, -16),
        ("work_units", 0, config.epochs * config.experience * (config.batch + config.max_classes), -32),
    )

"""Heads and their programs as C text, for run.c and measure.c."""

from __future__ import annotations

from collections.abc import Sequence

from tests.learning.program import Call, Case

_CODES = {"begin": 0, "sample": 1, "step": 2, "commit": 3, "abort": 4}

_HEAD = """
static bnncl_learn_state state_{id} = {{.seed = {seed}u}};
static int16_t cw_{id}[{weights}], tw_{id}[{weights}], deltas_{id}[{deltas}];
static uint32_t past_{id}[{classes}], met_{id}[{classes}], current_{id}[{classes}], active_{id}[{classes}];
static int32_t logits_{id}[{classes}];
static uint16_t replay_labels_{id}[{slots}], labels_{id}[{experience}];
static uint8_t replay_latents_{id}[{slots} * {latent}], latents_{id}[{experience} * {latent}];
static uint32_t inputs_{id}[({inputs_bytes} + 3) / 4];
static stimulus_sizes sizes_{id} = {{{inputs}u, {latent}u}};
static const bnncl_head_config config_{id} = {{
{fields}
    .row = bnncl_learn_row_{kind},
    .update = bnncl_learn_update_{kind},
    .features_of = stimulus_{kind},
}};
static const bnncl_head head_{id} = {{
    &state_{id}, cw_{id}, past_{id}, met_{id}, replay_labels_{id}, replay_latents_{id}, tw_{id},
    current_{id}, labels_{id}, latents_{id}, deltas_{id}, inputs_{id}, logits_{id}, active_{id}, &sizes_{id},
    NULL,
}};
"""

_FIELDS = (
    *("features", "max_classes", "latent_bytes", "slots", "experience", "new_per_step", "replay_per_step"),
    *("epochs", "softmax_multiplier", "rate_multiplier", "softmax_shift", "rate_shift", "q_forward"),
    *("q_backward", "score_shift", "stochastic"),
)


def head_text(case: Case, at: int) -> str:
    """The configuration and the memory of a head, all names ending in `at`."""
    config = case.config
    fields = {name: int(getattr(config, name)) for name in _FIELDS}
    fields |= {"inputs": case.inputs, "input_bytes": case.input_bytes, "bias_feature": case.bias}
    return _HEAD.format(
        id=at,
        seed=case.seed,
        kind=case.kind,
        weights=config.max_classes * config.features,
        deltas=config.max_classes * config.batch,
        classes=config.max_classes,
        slots=max(config.slots, 1),
        experience=config.experience,
        latent=config.latent_bytes,
        inputs=case.inputs,
        inputs_bytes=config.batch * case.input_bytes,
        fields="\n".join(f"    .{name} = {value}," for name, value in fields.items()),
    )


def cases_text(cases: Sequence[Case], programs: Sequence[Sequence[Call]]) -> str:
    """cases.h: heads with their programs."""
    parts, rows = [], []
    for at, (case, calls) in enumerate(zip(cases, programs, strict=True)):
        assert all(0 <= first < 1 << 13 for _, first, _ in calls)
        words = ", ".join(str(_CODES[what] << 13 | first) for what, first, _ in calls)
        parts.append(head_text(case, at))
        parts.append(f"static uint8_t latent_{at}[{case.config.latent_bytes}];\n")
        parts.append(f"static const uint16_t calls_{at}[] = {{{words}}};\n")
        rows.append(f"    {{&config_{at}, &head_{at}, calls_{at}, {len(calls)}u, latent_{at}}},\n")
    return "".join([*parts, "static const test_case cases[] = {\n", *rows, "};\n"])

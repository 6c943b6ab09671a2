"""JSON schemas of what the command line prints and writes; docs/formats.md says the same in words."""

from __future__ import annotations

from typing import Any

_COUNT = {"type": "integer", "minimum": 0}
_SHAPE = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3, "maxItems": 3}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1}
_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_BOUND = {
    "anyOf": [
        {"type": "null"},
        {"type": "object", "required": ["headroom"], "additionalProperties": {"type": "integer"}},
    ]
}

_REPORT: dict[str, Any] = {
    "format": {"const": 1},
    "name": {"type": "string"},
    "targets": {**_TEXTS, "minItems": 1},
    "input": _object(
        shape=_SHAPE, domain={"type": "string"}, scale=_NUMBERS, offset=_NUMBERS, source={"type": "string"}
    ),
    "ops": {
        "type": "array",
        "minItems": 1,
        "items": _object(
            index=_COUNT,
            module={"type": "string"},
            op={"type": "string"},
            kernel={"type": "string"},
            output={"type": "string"},
            in_shapes={"type": "array", "items": _SHAPE},
            out_shape=_SHAPE,
            domain={"type": "string"},
            binary_macs=_COUNT,
            integer_macs=_COUNT,
            parameter_bytes=_COUNT,
            scratch_bytes=_COUNT,
            output_bytes=_COUNT,
            place={"enum": ["input", "arena", "scores"]},
            offset=_COUNT,
            accumulator=_BOUND,
            product=_BOUND,
            density=_SHARE,
            negated=_COUNT,
            instructions=_COUNT,
            worst_instructions=_COUNT,
            agreement=_SHARE,
        ),
    },
    "weight_bytes": _COUNT,
    "context_bytes": _COUNT,
    "arena_bytes": _COUNT,
    "least_arena_bytes": _COUNT,
    "scratch_bytes": _COUNT,
    "workspace_bytes": _COUNT,
    "calibrated": {"type": "boolean"},
    "agreement": _SHARE,
    "notes": _TEXTS,
    "warnings": _TEXTS,
    "totals": _object(
        binary_macs=_COUNT,
        integer_macs=_COUNT,
        instructions=_COUNT,
        worst_instructions=_COUNT,
        ram_bytes=_COUNT,
    ),
}

LEARNING = {
    "type": "object",
    "properties": {"module": {"type": "string"}, "cut": {"type": "string"}},
    "additionalProperties": _COUNT,
    "required": ["slots", "state_bytes", "latent_bytes", "latent_bytes_int8", "latent_bytes_float32"],
}
"""`learning` in a report of a model whose head learns."""

TRAINING = _object(
    environment={"type": "string"},
    findings=_TEXTS,
    passed={"type": "boolean"},
    calls=_COUNT,
    minibatches=_COUNT,
    commits=_COUNT,
    new_classes=_COUNT,
    consolidations=_COUNT,
    saturations=_COUNT,
    round_ups=_COUNT,
    replacements=_COUNT,
    evictions=_COUNT,
    changed_bytes=_COUNT,
    head_bytes=_COUNT,
    flips=_COUNT,
    weight_saturations=_COUNT,
    weight_round_ups=_COUNT,
    gradient_saturations=_COUNT,
    changed_weight_bytes=_COUNT,
    weight_bytes=_COUNT,
)
"""`training` of `bnncl verify --train`."""

_SAVED = _object(
    sequence=_COUNT,
    slot={"enum": ["A", "B"]},
    fingerprint={"type": "string", "pattern": "^[0-9a-f]{32}$"},
    layout=_COUNT,
    bytes=_COUNT,
)
_ARRAY = {
    "name": {"type": "string"},
    "dtype": {"type": "string"},
    "shape": {"type": "array", "items": _COUNT},
}
SEGMENTS = {"type": "array", "items": _object(**_ARRAY)}
"""`segments` of the object `state` in a manifest."""

STATE_SHOWN = _object(
    states={"type": "array", "items": _SAVED, "minItems": 1, "maxItems": 1},
    arrays={
        "type": "array",
        "items": _object(
            **_ARRAY, size=_COUNT, nonzero=_COUNT, lowest={"type": "integer"}, highest={"type": "integer"}
        ),
    },
)
"""`bnncl state show --report json`."""

STATE_DIFFERENCE = _object(
    states={"type": "array", "items": _SAVED, "minItems": 2, "maxItems": 2},
    changes={
        "type": "array",
        "items": _object(name={"type": "string"}, changed=_COUNT, elements=_COUNT, largest=_COUNT),
    },
)
"""`bnncl state diff --report json`."""

STATE_LOADED = _object(
    path={"type": "string"},
    module={"type": "string"},
    sequence=_COUNT,
    classes=_COUNT,
    unknown={"type": "array", "items": _COUNT},
    samples=_COUNT,
    agreement=_SHARE,
)
"""`bnncl state load --report json`."""

COMPILED = _object(folder={"type": "string"}, **_REPORT)
"""`bnncl compile --report json`."""

_CHOICE = _object(
    kernel={"type": "string"},
    chosen={"type": "boolean"},
    instructions=_COUNT,
    worst_instructions=_COUNT,
    scratch_bytes=_COUNT,
    constant_bytes=_COUNT,
    why={"type": "string", "minLength": 1},
)

EXPLAINED = _object(
    folder={"type": "string"},
    **_REPORT,
    explanation={
        "type": "array",
        "items": _object(
            index=_COUNT,
            module={"type": "string"},
            op={"type": "string"},
            out_shape=_SHAPE,
            density=_SHARE,
            kernels={"type": "array", "minItems": 1, "items": _CHOICE},
        ),
    },
)
"""The same with `--explain`."""

REPORT = _object(
    **_REPORT,
    model_sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    tool_version={"type": "string"},
    settings={"type": "object", "additionalProperties": {"type": "string"}},
)
"""`report/report.json`."""

VERIFIED = _object(
    environments={
        "type": "array",
        "minItems": 1,
        "items": _object(
            environment={"type": "string"},
            passed={"type": "boolean"},
            findings=_TEXTS,
            edited_files=_TEXTS,
            notes=_TEXTS,
            data={"type": "string"},
            samples=_COUNT,
            ops=_COUNT,
            elements_compared=_COUNT,
            inputs_clipped=_SHARE,
            accuracy=_SHARE,
            instructions={"type": "array", "items": _COUNT},
            flash_bytes=_COUNT,
            ram_bytes=_COUNT,
        ),
    }
)
"""`bnncl verify --report json`."""

TARGETS = _object(
    targets={
        "type": "array",
        "items": _object(
            name={"type": "string"},
            title={"type": "string"},
            features=_TEXTS,
            environment={"type": "string"},
        ),
    },
    boards={
        "type": "array",
        "items": _object(
            id={"type": "string"}, target={"type": "string"}, flash_bytes=_COUNT, ram_bytes=_COUNT
        ),
    },
)
"""`bnncl targets --report json`."""

_OPTIONAL_COUNT = {"type": ["integer", "null"], "minimum": 0}
_OPTIONAL_NUMBER = {"type": ["number", "null"]}
BENCH = _object(
    format={"const": 1},
    tool_version={"type": "string"},
    compilers={"type": "object", "additionalProperties": {"type": "string"}},
    rows={
        "type": "array",
        "items": _object(
            shape={"type": "string"},
            target={"type": "string"},
            density=_OPTIONAL_NUMBER,
            kernels={"enum": ["auto", "xnor", "vertical", "worst-case", "constant-time"]},
            kernel={"type": "string"},
            instructions=_COUNT,
            resolution=_COUNT,
            flash_bytes=_COUNT,
            constant_bytes=_COUNT,
            ram_bytes=_COUNT,
            scratch_bytes=_COUNT,
            macs=_COUNT,
            binary={"type": "boolean"},
            bound=_OPTIONAL_COUNT,
            bound_cycles=_OPTIONAL_COUNT,
            predicted=_OPTIONAL_COUNT,
            error=_OPTIONAL_NUMBER,
        ),
    },
)
"""`bnncl bench --report json`, without a baseline."""

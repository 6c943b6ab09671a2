"""A small program whose tail learns, built by hand: two binary convolutions with what stands between them."""

from __future__ import annotations

import numpy as np

from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Array, Op
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant, Meaning, StateArray, Storage, Value
from bnncl.ir.verify import verify
from bnncl.ops.conv import BinaryConv
from bnncl.ops.epilogue import Steps
from bnncl.ops.learned_head import HeadConfig, LearnedHead
from bnncl.ops.tail.parameters import (
    CURSOR,
    Clear,
    Copy,
    SignBits,
    Update,
)
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window
from tests.e2e.tail_maker import (
    CHANNELS,
    CLASSES,
    FEATURES,
    HELD,
    HIDDEN,
    SIZE,
    SUM,
    WEIGHT,
    Maker,
    rescale,
)

CONFIG = HeadConfig(
    features=FEATURES + 1,
    max_classes=CLASSES,
    latent_bytes=4 * SIZE * SIZE,
    slots=8,
    experience=13,
    q_forward=8,
    q_backward=16,
    weight_exponent=12,
    softmax_multiplier=3000,
    softmax_shift=16,
    rate_multiplier=1 << 20,
    rate_shift=24,
    stochastic=True,
    new_per_step=4,
    replay_per_step=2,
    epochs=2,
)


def tail_program(*, storage: bool = False, accumulate: int = 0) -> Program:
    """The INTEGER program; with `storage` nothing keeps a copy of the filters."""
    rng = np.random.default_rng(4)
    trained = tuple(_trained(rng))
    states = tuple(_with_caches(trained, storage))
    return Program("tail", tuple(map(verify, _graphs(rng, trained, states, storage, accumulate))), states)


def _trained(rng: np.random.Generator) -> list[StateArray]:
    found = []
    for name, shape in (("conv_w", (HIDDEN, 9, CHANNELS)), ("conv2_w", (FEATURES, 9, HIDDEN))):
        numbers = rng.integers(-300, 300, shape)
        found.append(
            StateArray(name, TensorType(shape, WEIGHT), "latent", Constant(numbers), module=name[:-2])
        )
    domain = Int(-4095, 4095, 16)
    for name, low, high in (("scale", 500, 900), ("offset", -300, 300), ("at", -20, 20)):
        numbers = rng.integers(low, high, (1, 1, HIDDEN))
        found.append(StateArray(name, TensorType((1, 1, HIDDEN), domain), "parameter", Constant(numbers)))
    return found


def _with_caches(trained: tuple[StateArray, ...], storage: bool) -> list[StateArray]:
    found = list(trained)
    for each in trained:
        found.append(StateArray(f"{each.name}_g", TensorType(each.type.shape, SUM), "gradient", of=each.name))
    for each in trained:
        if each.role == "parameter" or not storage:
            found.append(StateArray(f"{each.name}_kept", each.type, "kept", of=each.name))
        if each.role == "latent":
            kept = each.name if storage else f"{each.name}_kept"
            signs = TensorType(each.type.shape, Binary())
            found.append(StateArray(f"{each.name}_s", signs, "signs", of=each.name))
            found.append(StateArray(f"{each.name}_ks", signs, "signs", of=kept))
    out, taps, channels = trained[1].type.shape
    turned = TensorType((taps, channels, out), Binary())
    found.append(StateArray("conv2_w_t", turned, "signs", of="conv2_w"))
    return found


def _graphs(
    rng: np.random.Generator,
    trained: tuple[StateArray, ...],
    states: tuple[StateArray, ...],
    storage: bool,
    accumulate: int,
) -> list[Graph]:
    by_name = {state.name: state for state in states}
    rescales = [rescale(HIDDEN, 90, HELD), rescale(FEATURES, 60, HELD), rescale(FEATURES, 16 * 40, HELD)]
    infer = Maker("infer", by_name, rescales, kept=True)
    source = TensorType((SIZE, SIZE, 3), Int(0, 255, 8))
    infer.begin(Value("input", source, Storage.INPUT, Meaning.of(1 / 255)))
    infer.states("conv_w_ks", "conv2_w_ks", "scale_kept", "offset_kept", "at_kept")
    infer.add(Threshold(x="input", output="bits", module="input", steps=_steps(rng, 3, 100, 160)))
    infer.add(_encode(rng))
    infer.forward()
    infer.add(_head(rng, accumulate))
    sample = Maker("sample", by_name, rescales, kept=False)
    sample.begin(Value("cut", TensorType((SIZE, SIZE, CHANNELS), Binary()), Storage.INPUT))
    sample.begin(Value("delta", TensorType((1, 1, CLASSES), Int(-(2**15), 2**15 - 1, 16)), Storage.INPUT))
    limit = CONFIG.weight_limit
    rows = TensorType((1, CLASSES, FEATURES + 1), Int(-limit, limit, 16))
    sample.begin(Value("tw", rows, Storage.STATE))
    sample.states("conv_w_s", "conv2_w_s", "scale", "offset", "at", "conv2_w_t")
    sample.states(*(f"{each.name}_g" for each in trained))
    sample.forward(masked=True)
    sample.backward()
    return [
        infer.finish("scores"),
        sample.finish("features"),
        _update(by_name, trained),
        _commit(by_name, trained, storage),
        _abort(by_name, trained, storage),
        _rebuild(by_name),
    ]


def _steps(rng: np.random.Generator, channels: int, low: int, high: int) -> Steps:
    at = rng.integers(low, high, (1, channels)).astype(np.int32)
    first = np.where(rng.random(channels) < 0.5, -1, 1).astype(np.int8)
    return Steps(Constant(at), Constant(first))


def _encode(rng: np.random.Generator) -> Op:
    signs = np.where(rng.random((CHANNELS, 1, 1, 3)) < 0.5, -1, 1).astype(np.int8)
    steps = _steps(rng, CHANNELS, -1, 2)
    return BinaryConv(
        x="bits",
        output="cut",
        module="encoder",
        filter=Constant(signs),
        window=Window(),
        epilogue=steps,
        pad_value=0,
    )


def _head(rng: np.random.Generator, accumulate: int) -> Op:
    weights = np.zeros((CLASSES, FEATURES + 1), np.int16)
    weights[:2] = rng.integers(-3000, 3000, (2, FEATURES + 1))
    return LearnedHead(
        x="features",
        output="scores",
        module="head",
        config=CONFIG if not accumulate else HeadConfig(**{**vars(CONFIG), "accumulate": accumulate}),
        bias_feature=64,
        cut="cut",
        weights=Constant(weights),
        past=Constant(np.array([9, 7, 0, 0], np.uint32)),
        met=Constant(np.array([2, 1, 0, 0], np.uint32)),
        replay_latents=Constant(_latents(rng)),
        replay_labels=Constant(np.array([0, 1, 0], np.uint16)),
    )


def _latents(rng: np.random.Generator) -> Array:
    words = rng.integers(0, 1 << CHANNELS, (3, SIZE * SIZE)).astype("<u4")
    return words.view(np.uint8).reshape(3, -1)


def _maker(name: str, by_name: dict[str, StateArray], *inputs: str) -> Maker:
    made = Maker(name, by_name, [], kept=False)
    made.states(*inputs)
    return made


def _update(by_name: dict[str, StateArray], trained: tuple[StateArray, ...]) -> Graph:
    made = Maker("update", by_name, [], kept=False)
    made.begin(Value("cursor", CURSOR, Storage.INPUT))
    made.states(
        *(each.name for each in trained),
        *(f"{each.name}_g" for each in trained),
        "conv_w_s",
        "conv2_w_s",
        "conv2_w_t",
    )
    for at, each in enumerate(trained):
        domain = each.type.domain
        assert isinstance(domain, Int)
        op = Update(
            x=each.name,
            acc=f"{each.name}_g",
            cursor="cursor",
            output=f"{each.name}_new",
            module=each.module,
            multiplier=1 << 20,
            shift=28 if each.role == "parameter" else 26,
            limit=domain.hi,
            stochastic=True,
            stream=16 + at,
        )
        made.add(op)
    for cache in ("conv_w_s", "conv2_w_s", "conv2_w_t"):
        made.add(
            SignBits(
                x=cache, y=f"{by_name[cache].of}_new", output=f"{cache}_new", transposed=cache.endswith("_t")
            )
        )
    for each in trained:
        made.add(Clear(x=f"{each.name}_g", output=f"{each.name}_g_new"))
    return made.finish()


def _commit(by_name: dict[str, StateArray], trained: tuple[StateArray, ...], storage: bool) -> Graph:
    kept = [each.name for each in trained if each.role == "parameter" or not storage]
    names = [each.name for each in trained if each.name in kept or each.role == "latent"]
    made = _maker("commit", by_name, *names, *(f"{name}_kept" for name in kept), "conv_w_ks", "conv2_w_ks")
    for name in kept:
        made.add(Copy(x=f"{name}_kept", y=name, output=f"{name}_kept_new"))
    for name in ("conv_w", "conv2_w"):
        made.add(SignBits(x=f"{name}_ks", y=name, output=f"{name}_ks_new"))
    return made.finish()


def _abort(by_name: dict[str, StateArray], trained: tuple[StateArray, ...], storage: bool) -> Graph:
    kept = [each.name for each in trained if each.role == "parameter" or not storage]
    caches = () if storage else ("conv_w_s", "conv2_w_s", "conv2_w_t")
    gradients = [f"{each.name}_g" for each in trained]
    made = _maker("abort", by_name, *kept, *(f"{name}_kept" for name in kept), *caches, *gradients)
    for name in kept:
        made.add(Copy(x=name, y=f"{name}_kept", output=f"{name}_new"))
    for cache in caches:
        turned = cache.endswith("_t")
        made.add(SignBits(x=cache, y=f"{by_name[cache].of}_new", output=f"{cache}_new", transposed=turned))
    for name in gradients:
        made.add(Clear(x=name, output=f"{name}_new"))
    return made.finish()


def _rebuild(by_name: dict[str, StateArray]) -> Graph:
    caches = [state for state in by_name.values() if state.role == "signs"]
    sources = dict.fromkeys(state.of for state in caches)
    made = _maker("rebuild", by_name, *sources, *(state.name for state in caches))
    for state in caches:
        turned = state.name.endswith("_t")
        made.add(SignBits(x=state.name, y=state.of, output=f"{state.name}_new", transposed=turned))
    return made.finish()

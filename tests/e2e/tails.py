"""A small program whose tail learns, built by hand: two binary convolutions with what stands between them."""

from __future__ import annotations

import numpy as np

from bnncl.ir.graph import Graph, GraphBuilder, Program
from bnncl.ir.op import Array, Op, Stage
from bnncl.ir.types import Binary, Int, TensorType
from bnncl.ir.values import Constant, Meaning, StateArray, Storage, Value
from bnncl.ir.verify import verify
from bnncl.ops.conv import BinaryConv
from bnncl.ops.elementwise import Requantize
from bnncl.ops.epilogue import Rescale, Steps
from bnncl.ops.learned_head import HeadConfig, LearnedHead
from bnncl.ops.pool import SumPool
from bnncl.ops.tail.backward import (
    ChannelProduct,
    FilterInputGradient,
    HeadInputGradient,
    Masked,
    SumPoolGradient,
)
from bnncl.ops.tail.exponents import BlockExponent, FixedExponent, Normalise
from bnncl.ops.tail.forward import ChannelAffine, FilterConv, PassMask, SignAt
from bnncl.ops.tail.parameters import (
    CURSOR,
    Accumulate,
    AccumulateFilter,
    ChannelDot,
    ChannelSum,
    Clear,
    Copy,
    SignBits,
    Update,
)
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import Window

PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
HELD = Int(-127, 127, 8)
WEIGHT = Int(-2047, 2047, 16)
SUM = Int(-(2**31) + 2, 2**31 - 2, 32)
CHANNELS, HIDDEN, FEATURES, SIZE, CLASSES = 8, 6, 5, 4, 4
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
    rescales = [_rescale(HIDDEN, 90, HELD), _rescale(FEATURES, 60, HELD), _rescale(FEATURES, 16 * 40, HELD)]
    infer = _Maker("infer", by_name, rescales, kept=True)
    source = TensorType((SIZE, SIZE, 3), Int(0, 255, 8))
    infer.begin(Value("input", source, Storage.INPUT, Meaning.of(1 / 255)))
    infer.states("conv_w_ks", "conv2_w_ks", "scale_kept", "offset_kept", "at_kept")
    infer.add(Threshold(x="input", output="bits", module="input", steps=_steps(rng, 3, 100, 160)))
    infer.add(_encode(rng))
    infer.forward()
    infer.add(_head(rng, accumulate))
    sample = _Maker("sample", by_name, rescales, kept=False)
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


def _rescale(channels: int, bound: int, domain: Int) -> Rescale:
    multiplier = ((domain.hi - domain.lo) << 20) // (2 * bound)
    return Rescale(
        Constant(np.full(channels, multiplier, np.int32)),
        Constant(np.full(channels, 1 << 19, np.int64)),
        Constant(np.full(channels, 20, np.uint8)),
        domain.lo,
        domain.hi,
        domain.bits,
    )


class _Maker:
    """Builds one graph."""

    def __init__(
        self, name: str, states: dict[str, StateArray], rescales: list[Rescale], *, kept: bool
    ) -> None:
        self._name, self._by_name, self._rescales, self._kept = name, states, rescales, kept
        self._inputs: list[Value] = []
        self._builder: GraphBuilder | None = None

    def begin(self, value: Value) -> None:
        self._inputs.append(value)

    def states(self, *names: str) -> None:
        self._inputs += [Value(name, self._by_name[name].type, Storage.STATE) for name in names]
        self._builder = GraphBuilder(self._name, Stage.INTEGER, *self._inputs)

    def add(self, op: Op) -> str:
        if self._builder is None or self._inputs[-1].name not in self._builder._values:
            self._builder = GraphBuilder(self._name, Stage.INTEGER, *self._inputs)
        more = {"storage": Storage.STATE} if op.changes_state else {}
        return self._builder.add(op, **more)

    def finish(self, *outputs: str) -> Graph:
        assert self._builder is not None
        return self._builder.finish(*outputs)

    def forward(self, *, masked: bool = False) -> None:
        signs, of = ("_ks", "_kept") if self._kept else ("_s", "")
        self.add(FilterConv(x="cut", y=f"conv_w{signs}", output="sums", module="conv", window=PADDED))
        self.add(Requantize(x="sums", output="normed", module="norm", rescale=self._rescales[0]))
        self.add(
            ChannelAffine(
                x="normed",
                scale=f"scale{of}",
                offset=f"offset{of}",
                output="shifted",
                module="scale",
                shift=9,
                offset_shift=3,
                lo=-127,
                hi=127,
                bits=8,
            )
        )
        if masked:
            self.add(PassMask(x="shifted", offset=f"at{of}", output="passes", module="sign", lo=-60, hi=60))
        self.add(SignAt(x="shifted", y=f"at{of}", output="signs", module="sign"))
        self.add(FilterConv(x="signs", y=f"conv2_w{signs}", output="sums2", module="conv2", window=PADDED))
        self.add(Requantize(x="sums2", output="normed2", module="norm2", rescale=self._rescales[1]))
        self.add(SumPool(x="normed2", output="pooled", module="pool", window=Window(SIZE, SIZE)))
        self.add(Requantize(x="pooled", output="features", module="pool", rescale=self._rescales[2]))

    def _normalised(self, x: str, exponent: str, name: str, bias: int) -> tuple[str, str]:
        made = self.add(BlockExponent(x=x, y=exponent, output=f"{name}_e", bias=bias, bits=16))
        mantissas = Normalise(x=x, x_exponent=exponent, exponent=made, output=f"{name}_m", bias=bias, bits=16)
        return self.add(mantissas), made

    def backward(self) -> None:
        self.add(
            HeadInputGradient(
                x="delta",
                y="tw",
                output="d_features",
                module="head",
                q_forward=8,
                q_backward=16,
                bias_features=1,
            )
        )
        start = self.add(FixedExponent(output="delta_e", module="head", value=0))
        m, e = self._normalised("d_features", start, "d_features", -7)
        self.add(
            SumPoolGradient(
                x=m, output="d_pool", module="pool", window=Window(SIZE, SIZE), in_h=SIZE, in_w=SIZE
            )
        )
        m, e = self._normalised("d_pool", e, "d_pool", 0)
        self.add(
            AccumulateFilter(
                acc="conv2_w_g",
                x="signs",
                gradient=m,
                gradient_exponent=e,
                output="conv2_w_g_new",
                module="conv2",
                bias=0,
                exponent=2,
                limit=1 << 14,
                window=PADDED,
            )
        )
        self.add(
            FilterInputGradient(
                x=m, y="conv2_w_t", output="d_signs", module="conv2", window=PADDED, in_h=SIZE, in_w=SIZE
            )
        )
        m, e = self._normalised("d_signs", e, "d_signs", 0)
        self.add(Masked(x=m, y="passes", output="d_shifted", module="sign"))
        self.add(ChannelSum(x="d_shifted", output="d_at", module="sign"))
        for name in ("at", "offset"):
            self._accumulated(name, "d_at", e)
        self.add(ChannelDot(x="d_shifted", y="normed", output="d_scale", module="scale", shift=3))
        self._accumulated("scale", "d_scale", e)
        self.add(ChannelProduct(x="d_shifted", y="scale", output="d_normed", module="scale"))
        m, e = self._normalised("d_normed", e, "d_normed", -9)
        self.add(
            AccumulateFilter(
                acc="conv_w_g",
                x="cut",
                gradient=m,
                gradient_exponent=e,
                output="conv_w_g_new",
                module="conv",
                bias=0,
                exponent=2,
                limit=1 << 14,
                window=PADDED,
            )
        )

    def _accumulated(self, name: str, x: str, exponent: str) -> None:
        self.add(
            Accumulate(
                acc=f"{name}_g",
                x=x,
                x_exponent=exponent,
                output=f"{name}_g_new",
                module=name,
                bias=0,
                exponent=3,
                limit=1 << 20,
            )
        )


def _maker(name: str, by_name: dict[str, StateArray], *inputs: str) -> _Maker:
    made = _Maker(name, by_name, [], kept=False)
    made.states(*inputs)
    return made


def _update(by_name: dict[str, StateArray], trained: tuple[StateArray, ...]) -> Graph:
    made = _Maker("update", by_name, [], kept=False)
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

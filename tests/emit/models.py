"""Small INTEGER graphs, built by hand with seeded parameters, and the projects made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from bnncl.emit import Golden, ProjectSpec
from bnncl.interp import given, run
from bnncl.ir.graph import Graph, GraphBuilder, Program
from bnncl.ir.op import Array, Stage
from bnncl.ir.types import Binary, Int, Shape, TensorType
from bnncl.ir.values import Constant, Meaning, Storage, Value
from bnncl.ir.verify import verify
from bnncl.kernels.selection import Preference
from bnncl.ops.conv import BinaryConv, FixedConv
from bnncl.ops.elementwise import PRelu, Requantize
from bnncl.ops.epilogue import Rescale, Steps
from bnncl.ops.flatten import Flatten
from bnncl.ops.pool import MaxPool, SumPool
from bnncl.ops.threshold import Threshold
from bnncl.ops.window import BorderClasses, Window
from bnncl.passes.select_kernels import SelectKernels
from bnncl.plan import Measured, build_report, plan_program
from bnncl.targets import board, target

SHA = "0123456789abcdef" * 4
PADDED = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
HALVED = Window(2, 2, stride_h=2, stride_w=2)


class Maker:
    """Builds a graph op by op from seeded random parameters."""

    def __init__(self, seed: int, shape: Shape, domain: Binary | Int) -> None:
        self.rng = np.random.default_rng(seed)
        meaning = None if isinstance(domain, Binary) else Meaning.of(1 / 255, 0.0)
        source = Value("input", TensorType(shape, domain), Storage.INPUT, meaning)
        self.builder = GraphBuilder("infer", Stage.INTEGER, source)
        self.last = "input"

    @property
    def type(self) -> TensorType:
        return self.builder.value(self.last).type

    def signs(self, *shape: int) -> Array:
        return np.where(self.rng.random(shape) < 0.5, -1, 1).astype(np.int8)

    def steps(self, channels: int, spread: int) -> Steps:
        at = self.rng.integers(-spread, spread, (1, channels), endpoint=True).astype(np.int32)
        return Steps(Constant(at), Constant(self.signs(channels)))

    def rescale(self, channels: int, bound: int, domain: Int) -> Rescale:
        shift = 24
        multiplier = max(1, ((domain.hi - domain.lo) << shift) // (2 * bound))
        return Rescale(
            Constant(
                self.rng.integers(max(1, multiplier // 2), multiplier, channels, endpoint=True).astype(
                    np.int32
                )
            ),
            Constant(np.full(channels, (domain.lo + domain.hi + 1) << (shift - 1), np.int64)),
            Constant(np.full(channels, shift, np.uint8)),
            domain.lo,
            domain.hi,
            domain.bits,
        )

    def add(self, make: Callable[[str, str], object], module: str) -> Maker:
        name = module.replace(".", "_")
        self.last = self.builder.add(make(self.last, name))  # type: ignore[arg-type]
        return self

    def binary(
        self, module: str, out: int, window: Window | None = None, *, to: Int | None = None, pad: int = 0
    ) -> Maker:
        window = window or Window()
        channels = self.type.channels
        bound = window.taps * channels
        filter_ = Constant(self.signs(out, window.filter_h, window.filter_w, channels), (f"{module}.weight",))
        how = self.rescale(out, int(4 * bound**0.5), to) if to else self.steps(out, int(bound**0.5))
        return self.add(
            lambda x, y: BinaryConv(
                x=x, output=y, module=module, filter=filter_, window=window, epilogue=how, pad_value=pad
            ),
            module,
        )

    def fixed(self, module: str, out: int, window: Window | None = None, *, to: Int | None = None) -> Maker:
        window = window or Window()
        domain = self.type.domain
        size = (out, window.filter_h, window.filter_w, self.type.channels)
        weights = self.rng.integers(-300, 300, size).astype(np.int16)
        worst = 1 if isinstance(domain, Binary) else max(-domain.lo, domain.hi)
        likely = int(worst * 170 * (window.taps * self.type.channels) ** 0.5)
        bias = self.rng.integers(-likely, likely, (*BorderClasses.of(window, self.type.shape).count, out))
        how = self.rescale(out, 3 * likely, to) if to else self.steps(out, likely)
        return self.add(
            lambda x, y: FixedConv(
                x=x, output=y, module=module, filter=Constant(weights), window=window, epilogue=how,
                bias=Constant(bias.astype(np.int32)),
            ),
            module,
        )  # fmt: skip

    def max_pool(self, module: str, window: Window = HALVED) -> Maker:
        minimum = Constant(self.rng.random(self.type.channels) < 0.3)
        return self.add(
            lambda x, y: MaxPool(x=x, output=y, module=module, window=window, minimum=minimum), module
        )

    def sum_pool(self, module: str, window: Window) -> Maker:
        return self.add(lambda x, y: SumPool(x=x, output=y, module=module, window=window), module)

    def flatten(self, module: str) -> Maker:
        return self.add(lambda x, y: Flatten(x=x, output=y, module=module), module)

    def threshold(self, module: str, spread: int) -> Maker:
        steps = self.steps(self.type.channels, spread)
        return self.add(lambda x, y: Threshold(x=x, output=y, module=module, steps=steps), module)

    def requantize(self, module: str, domain: Int, bound: int) -> Maker:
        how = self.rescale(self.type.channels, bound, domain)
        return self.add(lambda x, y: Requantize(x=x, output=y, module=module, rescale=how), module)

    def prelu(self, module: str) -> Maker:
        domain = self.type.domain
        assert isinstance(domain, Int)
        slope = Constant(self.rng.integers(-40, 90, self.type.channels).astype(np.int16))
        return self.add(
            lambda x, y: PRelu(
                x=x, output=y, module=module, slope=slope, shift=7, lo=domain.lo, hi=domain.hi
            ),
            module,
        )

    def finish(self) -> Graph:
        return verify(self.builder.finish(self.last))


SCORES = Int(-32768, 32767, 16)


def mlp() -> Graph:
    """Binary input, binary layers, odd channel counts."""
    made = Maker(1, (1, 1, 70), Binary()).binary("fc1", 33).binary("fc2", 64)
    return made.binary("fc3", 5, to=SCORES).finish()


def cnn() -> Graph:
    """8-bit input, fixed first and last layer, binary middle, both paddings."""
    made = Maker(2, (12, 10, 1), Int(0, 255, 8)).fixed("features.0", 32, PADDED).max_pool("features.2")
    made.binary("features.3", 40, PADDED).binary("features.5", 64, PADDED, pad=1).max_pool("features.7")
    return made.binary("classifier.0", 48, Window(3, 2)).fixed("classifier.2", 10, to=SCORES).finish()


def flattened() -> Graph:
    """A map of whole words, flattened without code, then one with gaps, flattened by a kernel."""
    made = Maker(3, (6, 6, 2), Int(-128, 127, 8)).fixed("stem", 64, PADDED).max_pool("pool")
    made.flatten("flat").binary("fc1", 90).binary("fc2", 31)
    return made.fixed("head", 7, to=SCORES).finish()


def gapped() -> Graph:
    """Flattening of a binary map with tail bits between its pixels."""
    made = Maker(4, (4, 5, 3), Binary()).binary("stem", 33, PADDED).flatten("flat")
    return made.binary("head", 4, to=SCORES).finish()


def quantised() -> Graph:
    """Integers between layers: rescales, parametric ReLUs in place, pools over integers, lone thresholds."""
    made = Maker(5, (8, 8, 3), Int(-128, 127, 8)).fixed("stem", 8, PADDED, to=Int(-128, 127, 8))
    made.prelu("act").max_pool("pool").threshold("sign", 60).binary("body", 37, PADDED, to=Int(-128, 127, 8))
    made.prelu("act2").fixed("mix", 24, to=Int(-32768, 32767, 16)).sum_pool("mean", Window(4, 4))
    made.requantize("scale", Int(0, 255, 8), 16 * 20000).fixed("head", 3, to=SCORES)
    return made.prelu("last").flatten("out").finish()


GRAPHS: dict[str, Callable[[], Graph]] = {
    "mlp": mlp,
    "cnn": cnn,
    "flattened": flattened,
    "gapped": gapped,
    "quantised": quantised,
}


def samples(graph: Graph, count: int, seed: int = 5) -> Array:
    rng = np.random.default_rng(seed)
    source = graph.type_of(graph.inputs[0])
    if isinstance(source.domain, Binary):
        return np.where(rng.random((count, *source.shape)) < 0.5, -1, 1).astype(np.int8)
    assert isinstance(source.domain, Int)
    return rng.integers(source.domain.lo, source.domain.hi, (count, *source.shape), endpoint=True)


@cache
def spec(
    kind: str, *targets: str, boards: tuple[str, ...] = (), kernels: Preference = "xnor", name: str = ""
) -> ProjectSpec:
    """The project of one of GRAPHS for `targets` (the host if none is given)."""
    return spec_of(GRAPHS[kind](), name or kind, targets or ("host",), boards, kernels)


def spec_of(
    integer: Graph | Program,
    name: str,
    targets: tuple[str, ...] = ("host",),
    boards: tuple[str, ...] = (),
    kernels: Preference = "xnor",
) -> ProjectSpec:
    chosen = tuple(target(each) for each in targets)
    lowered = Program(name, (integer,)) if isinstance(integer, Graph) else integer
    program = lowered.map(lambda graph: verify(SelectKernels(chosen[0], kernels).run(graph)))
    graph, plans = program.graphs[0], plan_program(program)
    inputs = samples(graph, 3)
    report = build_report(
        name,
        program,
        plans,
        chosen,
        calibrated=True,
        input_source="grid of the calibration data",
        measured=Measured({graph.ops[0].output: 1.0}, 0.9975),
        notes=("Everything was folded exactly.",),
    )
    return ProjectSpec(
        name=name,
        program=program,
        plan=plans.main,
        plans=plans.learning,
        targets=chosen,
        boards=tuple(board(each) for each in boards),
        model_sha256=SHA,
        version="0.1.0",
        settings=(("target", ",".join(targets)), ("first-bits", "16")),
        labels=tuple(f"class {index}" for index in range(graph.type_of(graph.outputs[0]).channels)),
        calibrated=True,
        golden=Golden(inputs, run(graph, given(program, inputs))),
        report=report,
    )

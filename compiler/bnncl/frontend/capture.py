"""Captures a torch module: runs a copy of it once on one sample, and keeps what depends on the input."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from bnncl.diagnostics import BnnclError, Collector, Problem, UnsupportedModel
from bnncl.frontend.aliases import Memory
from bnncl.frontend.captured import Captured, TracerFacts, Value, dtype_name
from bnncl.frontend.copying import copy_module, unwrapped
from bnncl.frontend.graph_builder import RANDOM, GraphBuilder, Live
from bnncl.frontend.inputs import example_tensor
from bnncl.frontend.location import Location
from bnncl.frontend.tracer import Scalar, ScalarRead, Tracer

_MAX_SCALAR_READS = 24


@dataclass(frozen=True)
class _Run:
    live: Live
    reads: tuple[ScalarRead, ...]
    output_shape: tuple[int, ...]


def capture(module: nn.Module, example: object) -> Captured:
    """What `module` computes in eval mode for the first sample of `example` (N, ...), as pure aten calls.

    `example` is a float32, uint8 or int8 tensor, or a tuple, list or dict holding just that one. `module`
    and `example` are left exactly as they were: the run is on copies. Raises UsageError for an unusable
    example and UnsupportedModel for a module that has no graph of its own: several inputs or outputs,
    non-finite weights, branches on the input, randomness, writes that cannot be followed.
    """
    module = unwrapped(module)
    batch = example_tensor(example)
    sample = batch[:1].clone()
    _check_signature(module)
    _check_finite(module)
    run = _run(module, sample, {})
    unused = _check_scalar_reads(module, sample, run)
    _check_live(run.live)
    low, high = float(batch.min()), float(batch.max())
    return Captured(
        input=0,
        output=run.live.output,
        input_shape=tuple(sample.shape),
        output_shape=run.output_shape,
        nodes=run.live.nodes,
        constants=run.live.constants,
        parameters=tuple((name, tensor.detach().clone()) for name, tensor in _named_tensors(module)),
        input_dtype=dtype_name(sample.dtype),
        facts=TracerFacts(torch.__version__, unused, low, high),
    )


def run_eagerly(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The output of `module` on the batch `x`, with no gradient; `module` is run as it is.

    Whatever the module's own code raises comes as UnsupportedModel, slug `forward-failed`.
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]), _user_code(None):
        result = module(x)
    return only_tensor(result)


def only_tensor(result: object) -> torch.Tensor:
    """The one tensor that a forward pass returned, also out of a tuple, list or dict of one."""
    items = [result]
    while len(items) == 1 and isinstance(items[0], tuple | list | Mapping):
        nested = items[0]
        items = list(nested.values()) if isinstance(nested, Mapping) else list(nested)
    if len(items) == 1 and isinstance(items[0], torch.Tensor):
        return items[0]
    if len(items) == 1:
        what = type(items[0]).__name__
        raise UnsupportedModel(Problem("output-not-a-tensor", f"forward returns a {what}, not a tensor"))
    raise UnsupportedModel(
        Problem(
            "several-outputs",
            f"forward returns {len(items)} things, a model must return exactly one tensor",
            hint="wrap the model in a module whose forward returns only the scores",
        )
    )


def _run(module: nn.Module, sample: torch.Tensor, answers: dict[int, Scalar]) -> _Run:
    duplicate = copy_module(module)
    counts = {name: p.numel() for name, p in module.named_parameters() if p.is_floating_point()}
    builder = GraphBuilder(counts)
    memory = Memory(builder)
    for name, tensor in _named_tensors(duplicate):
        if not memory.is_known(tensor):
            memory.set_origins(tensor, frozenset({name}))
    location = Location()
    for name, part in duplicate.named_modules():
        _follow(part, name, location)
    x = sample.clone()
    memory.bind(x, Value(0))
    tracer = Tracer(builder, memory, location, answers)
    with torch.no_grad(), torch.random.fork_rng(devices=[]), _user_code(location), tracer:
        result = duplicate(x)
    output = only_tensor(result)
    value = memory.read(output)
    if value is None:
        raise UnsupportedModel(
            Problem(
                "output-ignores-input",
                "the output does not depend on the input, so there is nothing to compile",
            )
        )
    return _Run(builder.finish(value), tuple(tracer.scalar_reads), tuple(output.shape))


def _follow(part: nn.Module, name: str, location: Location) -> None:
    def enter(_module: nn.Module, _args: object) -> None:
        location.enter(name)

    def leave(_module: nn.Module, _args: object, _result: object) -> None:
        location.leave()

    if isinstance(part, torch.jit.ScriptModule):
        return
    part.register_forward_pre_hook(enter)
    part.register_forward_hook(leave, always_call=True)


@contextmanager
def _user_code(location: Location | None) -> Iterator[None]:
    """Turn whatever the user's forward pass raises into an error that names the place."""
    try:
        yield
    except BnnclError:
        raise
    except Exception as error:
        raise UnsupportedModel(
            Problem(
                "forward-failed",
                f"the forward pass raised {type(error).__name__}: {error}",
                location.failed if location else "",
                hint="check that the example has the shape and the type that the model expects",
            )
        ) from error


def _check_signature(module: nn.Module) -> None:
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    if len(needed) > 1:
        raise UnsupportedModel(
            Problem(
                "several-inputs",
                f"forward takes {len(needed)} inputs: {', '.join(needed)}",
                hint="wrap the model in a module whose forward takes one tensor",
            )
        )


def _named_tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _check_finite(module: nn.Module) -> None:
    problems = Collector()
    for name, tensor in _named_tensors(module):
        bad = int((~torch.isfinite(tensor)).sum())
        if bad:
            message = f"{bad} of {tensor.numel()} elements are NaN or infinite"
            problems.add(
                Problem("non-finite-weights", message, name, hint="train again with a lower learning rate")
            )
    problems.raise_as(UnsupportedModel)


def _check_live(live: Live) -> None:
    """Refuse constants and nodes, of those that the output needs, that have no fixed meaning."""
    problems = Collector()
    for constant in live.constants:
        lines = [name.removeprefix(RANDOM) for name in constant.origins if name.startswith(RANDOM)]
        for line in lines:
            problems.add(_random_problem(constant.module, line))
        if not lines and constant.origins and not bool(torch.isfinite(constant.tensor).all()):
            origins = ", ".join(constant.origins)
            message = f"what is computed from {origins} is NaN or infinite"
            problems.add(Problem("non-finite-weights", message, constant.module))
    for node in live.nodes:
        if is_random(node.op):
            problems.add(_random_problem(node.module, node.line))
    problems.raise_as(UnsupportedModel)


def is_random(op: str) -> bool:
    """True if the aten operator `op` draws random numbers."""
    namespace, name, overload = op.split(".")
    func = getattr(getattr(getattr(torch.ops, namespace), name), overload)
    return torch.Tag.nondeterministic_seeded in func.tags


def _random_problem(module: str, line: str) -> Problem:
    return Problem(
        "random-in-forward",
        f"the forward pass draws random numbers ({line or 'line unknown'})",
        module,
        "in eval mode the same input must always give the same output",
        "draw random numbers only while self.training is true",
    )


def _check_scalar_reads(module: nn.Module, sample: torch.Tensor, run: _Run) -> tuple[str, ...]:
    """The lines of scalar reads whose value does not matter; all that do matter are an error.

    A read matters if the recorded graph changes when the read is answered differently. Runs that end in
    an AssertionError do not count: a guard keeps the graph as it is.
    """
    problems = Collector()
    for number, read in enumerate(run.reads):
        where = read.place
        if number >= _MAX_SCALAR_READS or _matters(module, sample, run, number):
            problems.add(
                Problem(
                    "input-dependent-branch",
                    f"the graph depends on a number read from the input ({where.line or 'line unknown'})",
                    where.module,
                    "a branch or a Python number that changes with the input has no fixed graph",
                    "write it with torch.where or with tensor arithmetic",
                )
            )
    problems.raise_as(UnsupportedModel)
    return tuple(dict.fromkeys(read.place.line for read in run.reads))


def _matters(module: nn.Module, sample: torch.Tensor, run: _Run, number: int) -> bool:
    value = run.reads[number].value
    far = (abs(value) + 1) * 1000
    others: tuple[Scalar, ...] = (not value,) if isinstance(value, bool) else (far, -far, 0)
    for other in others:
        try:
            again = _run(module, sample, {number: other})
        except UnsupportedModel as error:
            if isinstance(error.__cause__, AssertionError):
                continue
            return True
        if not _same(run.live, again.live):
            return True
    return False


def _same(one: Live, other: Live) -> bool:
    if one.nodes != other.nodes or one.output != other.output or len(one.constants) != len(other.constants):
        return False
    pairs = zip(one.constants, other.constants, strict=True)
    return all(a.tensor.dtype == b.tensor.dtype and torch.equal(a.tensor, b.tensor) for a, b in pairs)

"""THE list of passes, and everything around them: from a model to a `Project`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bnncl.diagnostics import Collector, DoesNotFit
from bnncl.driver.agreement import Agreement, measure
from bnncl.driver.calibration import Calibration, choose_format, golden_inputs, require
from bnncl.driver.cuts import cut_notes, latent_bits
from bnncl.driver.fitting import Fitted, fit
from bnncl.driver.learning import missing_notes, with_head
from bnncl.driver.options import Options
from bnncl.driver.project import Project
from bnncl.driver.real_head import to_learn
from bnncl.driver.samples import spread
from bnncl.driver.tail import tail_program
from bnncl.emit import Golden, ProjectSpec
from bnncl.frontend.model import ModelSource, TracedModel, open_model
from bnncl.interp import given, run
from bnncl.ir.graph import Graph, Program
from bnncl.ir.verify import verify
from bnncl.kernels.selection import Policy
from bnncl.passes.base import Pass, run_passes
from bnncl.passes.choose_polarity import ChoosePolarity, negated_channels
from bnncl.passes.fold_flatten import FoldFlatten
from bnncl.passes.fuse_epilogues import FuseEpilogues
from bnncl.passes.input_format import InputFormat
from bnncl.passes.lower_real import LowerReal, RealWidths
from bnncl.passes.pack_latents import PackLatents
from bnncl.passes.ranges import Ranges, interval_ranges, observed_ranges
from bnncl.passes.split_groups import SplitGroups
from bnncl.plan import Limits, Measured, check_budget
from bnncl.plan.op_report import UNMEASURED
from bnncl.plan.report import build_report
from bnncl.targets import Board, Target
from bnncl.version import VERSION

_LOG = logging.getLogger(__name__)
_RANGE_SAMPLES = 4096
_RANGE_WORK = 16e9
_MOST_BITS = 16


def passes(
    options: Options,
    input_format: InputFormat,
    ranges: Ranges,
    latents: int | None = None,
    step: float | None = None,
) -> tuple[Pass, ...]:
    """The passes in order, TRACED to INTEGER; `fit` then selects kernels.

    Latents of numbers are of `latents` bits each. With `step` they are signed numbers of that unit, packed
    for a tail; without, they are packed for a head.
    """
    widths = RealWidths(options.first_bits, options.real_bits, options.real_bits)
    features = (latents or options.qf) if options.train else None
    return (
        LowerReal(
            input_format,
            ranges,
            widths,
            features,
            unsigned_features=latents is not None and step is None,
            feature_step=step,
        ),
        PackLatents(latents, options.qf if latents is None or step is None else latents),
        FoldFlatten(),
        FuseEpilogues(),
        SplitGroups(),
    )


def compile_model(source: ModelSource, options: Options) -> Project:
    """Compile a model; raises the BnnclError that says everything wrong with model or options."""
    targets, boards = options.resolve()
    _LOG.info("loading and recognising the model")
    model = open_model(source, options.tail)
    options.check_labels(model.graph.type_of(model.graph.outputs[0]).elements)
    calibration = None if model.calibration is None else Calibration(model.calibration, model.labels)
    require(calibration, options)
    input_format = choose_format(model.graph, options, calibration)
    _LOG.info("lowering to integers")
    ranges = _ranges(model.graph, input_format, calibration)
    integer = _integer(model, options, input_format, ranges, calibration)
    agreement = wider = None
    chosen = integer
    if calibration is not None:
        _LOG.info("comparing with PyTorch")
        agreement = measure(model, integer, input_format, calibration.x)
        if options.first_bits < _MOST_BITS:
            wide = replace(options, first_bits=_MOST_BITS)
            exact = _integer(model, wide, input_format, ranges, calibration)
            wider = measure(model, exact, input_format, calibration.x)
        chosen = _with_polarity(integer, agreement)
    limits = _limits(options, boards)
    ram = min((limit.ram for limit in limits if limit.ram is not None), default=None)
    fitted = fit(chosen, targets[0], options, ram)
    negated = negated_channels(integer.graphs[0], chosen.graphs[0])
    context = _Context(targets, boards, input_format, calibration, agreement, wider, negated)
    spec = _spec(options, model, fitted, context)
    _check_budgets(spec, limits)
    policy = Policy(options.kernels, fitted.scratch_limit, options.timing)
    return Project(spec, input_format, agreement, policy, fitted.scratch_limit != options.scratch_limit)


def _integer(
    model: TracedModel,
    options: Options,
    input_format: InputFormat,
    ranges: Ranges,
    calibration: Calibration | None,
) -> Program:
    """The model in integers; where it is to learn, with a head that can, or a tail."""
    lowering = passes(options, input_format, ranges)
    if options.train is None or calibration is None:
        return Program(options.name, (run_passes(model.graph, lowering),))
    if options.tail is not None:

        def lower(bits: int | None, step: float | None) -> tuple[Pass, ...]:
            return passes(options, input_format, ranges, bits, step)

        return tail_program(model, options, input_format, lower, calibration)
    before, head = to_learn(model.graph, calibration.x, new=options.new_head)
    graph = run_passes(before, lowering)
    latents = latent_bits(graph, options)
    if latents is not None:
        graph = run_passes(before, passes(options, input_format, ranges, latents))
    return Program(options.name, (verify(with_head(graph, head, options, calibration)),))


def _with_polarity(integer: Program, seen: Agreement) -> Program:
    """The program whose inference adds few rows on what was `seen`; learning stays as it is."""
    infer, *learning = integer.graphs
    chosen = run_passes(infer, (ChoosePolarity(seen.densities),))
    return replace(integer, graphs=(chosen, *learning))


@dataclass(frozen=True, eq=False)
class _Context:
    targets: tuple[Target, ...]
    boards: tuple[Board, ...]
    input_format: InputFormat
    calibration: Calibration | None
    agreement: Agreement | None
    wider: Agreement | None
    negated: dict[str, int]


def _ranges(graph: Graph, input_format: InputFormat, calibration: Calibration | None) -> Ranges:
    if calibration is not None:
        return observed_ranges(graph, spread(calibration.x, graph, most=_RANGE_SAMPLES, work=_RANGE_WORK))
    domain = input_format.domain
    ends = [input_format.meaning.scale * q + input_format.meaning.offset for q in (domain.lo, domain.hi)]
    return interval_ranges(graph, (float(ends[0].min()), float(ends[1].max())))


def _spec(options: Options, model: TracedModel, fitted: Fitted, context: _Context) -> ProjectSpec:
    graph = fitted.graph
    inputs = golden_inputs(graph, context.input_format, context.calibration)
    measured = UNMEASURED
    if context.agreement is not None:
        measured = Measured(context.agreement.by_value, context.agreement.top_class, context.negated)
    report = build_report(
        options.name,
        fitted.program,
        fitted.plans,
        context.targets,
        calibrated=context.calibration is not None,
        measured=measured,
        input_source=context.input_format.source,
        notes=[f"{note.where}: {note.message}" for note in model.notes],
        warnings=_warnings(options, fitted, context),
    )
    return ProjectSpec(
        name=options.name,
        program=fitted.program,
        plan=fitted.plan,
        plans=fitted.plans.learning,
        targets=context.targets,
        boards=context.boards,
        model_sha256=model.sha256,
        version=VERSION,
        settings=replace(options, scratch_limit=fitted.scratch_limit).settings(),
        labels=options.labels,
        emit=options.emit,
        calibrated=context.calibration is not None,
        golden=Golden(inputs, run(graph, given(fitted.program, inputs))),
        report=report,
    )


def _warnings(options: Options, fitted: Fitted, context: _Context) -> list[str]:
    found = [*cut_notes(fitted.graph, options), *missing_notes(fitted.graph)]
    if fitted.scratch_limit != options.scratch_limit:
        found.append(
            f"RAM is short: kernels were chosen that need at most {fitted.scratch_limit} bytes of scratch, "
            "faster ones passed over."
        )
    if context.calibration is None:
        found.append(
            "No calibration data: ranges are interval bounds, half of all bits are taken to be -1, and "
            "agreement with PyTorch is not measured."
        )
    elif not context.input_format.exact:
        found.append(
            f"The 8-bit input is rounded ({context.input_format.source}): the calibration data do not lie on "
            "its grid."
        )
    if context.agreement is not None and context.wider is not None:
        found.append(
            f"First filters of {options.first_bits} bits: {100 * context.agreement.top_class:.2f} % of "
            f"{context.agreement.samples} calibration samples have PyTorch's top class; with {_MOST_BITS} "
            f"bits it would be {100 * context.wider.top_class:.2f} %."
        )
    if context.agreement is not None:
        found += [
            f"{near.value}: {near.bits} of {near.of} bits differ from PyTorch next to their threshold, where "
            "PyTorch's float sum of weights ±a depends on its order."
            for near in context.agreement.near_threshold
        ]
    return found


def _limits(options: Options, boards: tuple[Board, ...]) -> list[Limits]:
    limits = [Limits(board.flash_bytes, board.ram_bytes, f"board {board.id}") for board in boards]
    if options.flash is not None or options.ram is not None:
        limits.append(Limits(options.flash, options.ram, "--flash/--ram"))
    return limits


def _check_budgets(spec: ProjectSpec, limits: list[Limits]) -> None:
    problems = Collector()
    for limit in limits:
        try:
            check_budget(
                spec.report.weight_bytes, spec.report.ram_bytes, limit, spec.report.advice(limit.ram)
            )
        except DoesNotFit as error:
            problems.extend(error.problems)
    problems.raise_as(DoesNotFit)

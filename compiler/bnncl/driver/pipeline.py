"""THE list of passes, and everything around them: from a model to a `Project`."""

from __future__ import annotations

from dataclasses import dataclass

from bnncl.driver.agreement import Agreement, measure
from bnncl.driver.calibration import Calibration, choose_format, golden_inputs, require
from bnncl.driver.options import Options
from bnncl.driver.project import Project
from bnncl.emit import Golden, ProjectSpec
from bnncl.frontend.model import ModelSource, TracedModel, open_model
from bnncl.interp import run
from bnncl.ir.graph import Graph, Program
from bnncl.passes.base import Pass, run_passes
from bnncl.passes.fold_flatten import FoldFlatten
from bnncl.passes.fuse_epilogues import FuseEpilogues
from bnncl.passes.input_format import InputFormat
from bnncl.passes.lower_real import LowerReal, RealWidths
from bnncl.passes.ranges import Ranges, interval_ranges, observed_ranges
from bnncl.passes.select_kernels import SelectKernels
from bnncl.plan import Limits, Measured, check_budget, plan_memory
from bnncl.plan.report import UNMEASURED, build_report
from bnncl.targets import Board, Target
from bnncl.version import VERSION


def passes(options: Options, target: Target, input_format: InputFormat, ranges: Ranges) -> tuple[Pass, ...]:
    """The passes in order: TRACED to INTEGER, then to SELECTED for `target`."""
    widths = RealWidths(options.first_bits, options.real_bits, options.real_bits)
    return (
        LowerReal(input_format, ranges, widths),
        FoldFlatten(),
        FuseEpilogues(),
        SelectKernels(target, options.kernels),
    )


def compile_model(source: ModelSource, options: Options) -> Project:
    """Compile a model; raises the BnnclError that says everything wrong with model or options."""
    targets, boards = options.resolve()
    model = open_model(source)
    calibration = None if model.calibration is None else Calibration(model.calibration, model.labels)
    require(calibration, required=options.require_calibration)
    input_format = choose_format(model.graph, options, calibration)
    ranges = _ranges(model.graph, input_format, calibration)
    graph = run_passes(model.graph, passes(options, targets[0], input_format, ranges))
    agreement = None
    if calibration is not None:
        agreement = measure(model, graph, input_format, calibration.x)
    spec = _spec(options, model, graph, _Context(targets, boards, input_format, calibration, agreement))
    _check_budgets(spec, options)
    return Project(spec, input_format, agreement)


@dataclass(frozen=True, eq=False)
class _Context:
    targets: tuple[Target, ...]
    boards: tuple[Board, ...]
    input_format: InputFormat
    calibration: Calibration | None
    agreement: Agreement | None


def _ranges(graph: Graph, input_format: InputFormat, calibration: Calibration | None) -> Ranges:
    if calibration is not None:
        return observed_ranges(graph, calibration.x)
    domain = input_format.domain
    ends = [input_format.meaning.scale * q + input_format.meaning.offset for q in (domain.lo, domain.hi)]
    return interval_ranges(graph, (float(ends[0].min()), float(ends[1].max())))


def _spec(options: Options, model: TracedModel, graph: Graph, context: _Context) -> ProjectSpec:
    plan = plan_memory(graph)
    inputs = golden_inputs(graph, context.input_format, context.calibration)
    measured = UNMEASURED
    if context.agreement is not None:
        measured = Measured(context.agreement.by_value, context.agreement.top_class)
    report = build_report(
        options.name,
        graph,
        plan,
        context.targets,
        calibrated=context.calibration is not None,
        measured=measured,
        input_source=context.input_format.source,
        notes=[f"{note.where}: {note.message}" for note in model.notes],
        warnings=_warnings(context),
    )
    return ProjectSpec(
        name=options.name,
        program=Program(options.name, (graph,)),
        plan=plan,
        targets=context.targets,
        boards=context.boards,
        model_sha256=model.sha256,
        version=VERSION,
        settings=options.settings(),
        labels=options.labels,
        calibrated=context.calibration is not None,
        golden=Golden(inputs, run(graph, {graph.inputs[0]: inputs})),
        report=report,
    )


def _warnings(context: _Context) -> list[str]:
    found = []
    if context.calibration is None:
        found.append(
            "No calibration data: ranges are interval bounds, and agreement with PyTorch is not measured."
        )
    elif not context.input_format.exact:
        found.append(
            f"The 8-bit input is rounded ({context.input_format.source}): the calibration data do not lie on "
            "its grid."
        )
    if context.agreement is not None:
        found += [
            f"{near.value}: {near.bits} of {near.of} bits differ from PyTorch next to their threshold, where "
            "PyTorch's float sum of weights ±a depends on its order."
            for near in context.agreement.near_threshold
        ]
    return found


def _check_budgets(spec: ProjectSpec, options: Options) -> None:
    flash, ram = spec.report.weight_bytes, spec.report.ram_bytes
    limits = [Limits(board.flash_bytes, board.ram_bytes, f"board {board.id}") for board in spec.boards]
    if options.flash is not None or options.ram is not None:
        limits.append(Limits(options.flash, options.ram, "--flash/--ram"))
    for limit in limits:
        check_budget(flash, ram, limit, spec.report.advice())

"""`bnncl compile`: a model file to a C project."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bnncl.cli import budget, explain, train, values
from bnncl.diagnostics import Problem, VerificationFailed
from bnncl.driver.options import Options, as_identifier
from bnncl.driver.train_options import HEAD

if TYPE_CHECKING:
    from bnncl.driver.project import Project
    from bnncl.frontend.model import ModelSource

NAME = "compile"
HELP = "Compile a trained PyTorch binary neural network to a C project."
_LOG = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "file", type=Path, metavar="model.pt", help="what bnncl.save wrote, or another model file"
    )
    parser.add_argument("--target", type=values.names, default=("cortex-m7",), help="core, or several: a,b")
    parser.add_argument("-o", "--output", type=Path, help="folder of the project (default ./<stem>-<target>)")
    parser.add_argument(
        "--class-names", type=values.names, default=(), metavar="A,B,...", help="one for each class, in order"
    )
    parser.add_argument("--name", help="name of the model in C (default: the file's stem)")
    parser.add_argument(
        "--emit", type=values.names, default=(), metavar="FORM,...", help="add files for: micropython"
    )
    parser.add_argument("--force", action="store_true", help="overwrite generated files edited by hand")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the project differs")
    parser.add_argument("--explain", action="store_true", help="show the kernels each op could have, and why")
    _data_options(parser)
    _loading_options(parser)
    _size_options(parser)
    train.configure(parser)


def _data_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data")
    group.add_argument("--calibration", type=Path, metavar="DATA.npz", help="arrays x (NCHW) and y")
    group.add_argument("--require-calibration", action="store_true", help="exit 2 where there is none")
    group.add_argument(
        "--input-range",
        type=values.interval,
        default=(-1.0, 1.0),
        metavar="LO:HI",
        help="real inputs, where there is no calibration (default -1:1)",
    )
    group.add_argument(
        "--input-map",
        type=values.input_map,
        metavar="TYPE:SCALE:OFFSET",
        help="real = scale * stored + offset",
    )


def _loading_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model files that hold no graph")
    group.add_argument(
        "--model", metavar="PKG.MOD:FACTORY", help="function that makes the module of a state_dict"
    )
    group.add_argument("--input-shape", type=values.shape, metavar="C,H,W", help="shape of one sample")
    group.add_argument("--trust-pickle", action="store_true", help="load pickles, which run code")


def _size_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("size and speed")
    group.add_argument(
        "--board", type=values.names, default=(), help="boards to build for, whose memory is the limit"
    )
    group.add_argument("--ram", type=values.size, help="limit in bytes, such as 128K")
    group.add_argument(
        "--budget",
        type=values.size,
        metavar="RAM",
        help="write nothing; list what could learn in so much RAM",
    )
    group.add_argument("--flash", type=values.size, help="limit in bytes, such as 1M")
    group.add_argument(
        "--first-bits", type=int, choices=(8, 16), default=16, help="filters of the first layer"
    )
    group.add_argument("--real-bits", type=int, choices=(8, 16), default=16, help="other real layers")
    group.add_argument("--kernels", choices=("auto", "xnor", "vertical"), default="auto")
    group.add_argument(
        "--scratch-limit", type=values.size, metavar="BYTES", help="pass over kernels that need more scratch"
    )
    timing = group.add_mutually_exclusive_group()
    timing.add_argument(
        "--worst-case",
        dest="timing",
        action="store_const",
        const="worst",
        default="typical",
        help="kernels by the input that takes longest, not a typical one",
    )
    timing.add_argument(
        "--constant-time",
        dest="timing",
        action="store_const",
        const="constant",
        help="the same instructions for every input; inference only",
    )
    group.add_argument("--pure-c", action="store_true", help="no assembly and nothing else of one core")


def run(args: argparse.Namespace) -> int:
    """Compile and write; returns the exit code."""
    if args.budget is not None and args.train is None:
        args.train = HEAD
    options = _options(args)
    options.resolve()
    if args.budget is not None:
        return _budget(args, options)
    project = _compiled(args, options)
    folder = args.output or Path(f"{args.file.stem}-{args.target[0]}")
    for warning in project.report.warnings:
        _LOG.warning(warning)
    if args.check:
        return _check(project, folder, args.report)
    project.write(folder, force=args.force)
    _report(project, folder, args)
    return 0


def _report(project: Project, folder: Path, args: argparse.Namespace) -> None:
    """Say what was written, and with `--explain` why it is as it is."""
    choices = project.explain() if args.explain else ()
    if args.report == "json":
        why = {"explanation": [each.as_json() for each in choices]} if args.explain else {}
        print(json.dumps({"folder": str(folder), **project.report.as_json(), **why}, indent=2))
        return
    if args.explain:
        explain.show(choices)
    print(_summary(project))
    print(f"written to {folder}")


def _compiled(args: argparse.Namespace, options: Options) -> Project:
    """Torch takes seconds to load: wrong options are told of before."""
    from bnncl.driver.pipeline import compile_model

    return compile_model(_source(args), options)


def _source(args: argparse.Namespace) -> ModelSource:
    from bnncl.frontend.model import ModelSource

    return ModelSource(
        args.file,
        factory=args.model,
        input_shape=args.input_shape,
        trust_pickle=args.trust_pickle,
        calibration=args.calibration,
    )


def _budget(args: argparse.Namespace, options: Options) -> int:
    """Say what could learn in so much RAM; nothing is written."""
    from bnncl.driver.allowance import allowances

    budget.show(allowances(_source(args), options, args.budget), args.budget, args.report)
    return 0


def _options(args: argparse.Namespace) -> Options:
    return Options(
        targets=args.target,
        boards=args.board,
        name=as_identifier(args.file.stem) if args.name is None else args.name,
        ram=args.ram,
        flash=args.flash,
        input_range=args.input_range,
        input_map=args.input_map,
        first_bits=args.first_bits,
        real_bits=args.real_bits,
        kernels=args.kernels,
        scratch_limit=args.scratch_limit,
        timing=args.timing,
        pure_c=args.pure_c,
        labels=args.class_names,
        emit=args.emit,
        require_calibration=args.require_calibration,
        **train.chosen(args),
    )


def _check(project: Project, folder: Path, form: str) -> int:
    differing = project.check(folder)
    if form == "json":
        print(json.dumps({"folder": str(folder), "differing": differing}, indent=2))
    if differing:
        raise VerificationFailed(
            Problem(
                "project-differs",
                f"{len(differing)} files are not what would be generated: {', '.join(differing)}",
                str(folder),
                hint="Compile again without --check.",
            )
        )
    if form == "text":
        print(f"{folder} is up to date")
    return 0


def _summary(project: Project) -> str:
    report = project.report
    agreement = "not measured" if report.agreement is None else f"{100 * report.agreement:.2f} %"
    return (
        f"{report.name}: {len(report.ops)} ops, {report.weight_bytes} bytes of constants, "
        f"{report.ram_bytes} bytes of RAM; top class as in PyTorch: {agreement}"
    )

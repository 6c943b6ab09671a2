"""The Python API: the same as the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bnncl.diagnostics import Collector, Problem, UsageError
from bnncl.driver.bring_back import BroughtBack, Weights, bring_back
from bnncl.driver.options import Options, as_identifier
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project
from bnncl.frontend.container import save
from bnncl.frontend.model import ModelSource
from bnncl.frontend.module_head import with_learned_head


def compile(
    module_or_path: Any,  # noqa: ANN401
    target: str | Sequence[str] = "cortex-m7",
    *,
    example: Any = None,  # noqa: ANN401
    calibration: Any = None,  # noqa: ANN401
    labels: Any = None,  # noqa: ANN401
    model: str | None = None,
    input_shape: tuple[int, ...] | None = None,
    trust_pickle: bool = False,
    name: str | None = None,
    **options: Any,  # noqa: ANN401
) -> Project:
    """Compile a torch module (with an `example` input) or a model file to a `Project`.

    `target` is one name or several. `calibration` is an array (N, ...) in torch's layout, or the path of
    an npz file with `x` and `y`; `labels` (N,). `model` (`package.module:factory`), `input_shape` and
    `trust_pickle` are for files that hold no graph. `options` are the fields of `driver.options.Options`.
    Raises UsageError (`unknown-option` for a name that is none), UnsupportedModel or DoesNotFit with every
    problem found.
    """
    _check_names(options)
    path = Path(module_or_path) if isinstance(module_or_path, str | Path) else None
    source = ModelSource(
        module_or_path if path is None else path,
        example,
        model,
        input_shape,
        trust_pickle,
        Path(calibration) if isinstance(calibration, str | Path) else calibration,
        labels,
    )
    targets = (target,) if isinstance(target, str) else tuple(target)
    if name is None:
        name = as_identifier("model" if path is None else path.stem)
    return compile_model(source, Options(targets=targets, name=name, **options))


def _check_names(options: Mapping[str, object]) -> None:
    """Raise UsageError (`unknown-option`) with every name in `options` that no option has."""
    own = {"target", "example", "calibration", "labels", "model", "input_shape", "trust_pickle", "name"}
    known = sorted(own | {field.name for field in fields(Options)} - {"targets"})
    problems = Collector()
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are {', '.join(known)}."
            problems.add(Problem("unknown-option", f"there is no option '{name}'", "compile", hint=hint))
    problems.raise_as(UsageError)


def load_learned(
    dump: str | Path,
    project: str | Path,
    model: str | Path,
    path: str | Path,
    *,
    weights: Weights = "forward",
    factory: str | None = None,
    input_shape: tuple[int, ...] | None = None,
    trust_pickle: bool = False,
) -> BroughtBack:
    """Write `model` to `path` with the head that `dump`, read out of a device's storage, holds.

    `project` is the folder of the device's firmware, `model` the file that it was compiled from; `factory`
    (`package.module:function`), `input_shape` and `trust_pickle` are for files that hold no graph.
    `path` may be none of these files. `weights`, and errors: `driver.bring_back.bring_back`.
    `with_learned_head` puts the head into a module.
    """
    source = ModelSource(Path(model), None, factory, input_shape, trust_pickle)
    return bring_back(Path(dump), Path(project), source, Path(path), weights)


__all__ = ["BroughtBack", "Project", "compile", "load_learned", "save", "with_learned_head"]

"""The Python API: the same as the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bnncl.driver.options import Options, as_identifier
from bnncl.driver.pipeline import compile_model
from bnncl.driver.project import Project
from bnncl.frontend.container import save
from bnncl.frontend.model import ModelSource


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
    Raises UsageError, UnsupportedModel or DoesNotFit with every problem found.
    """
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


__all__ = ["Project", "compile", "save"]

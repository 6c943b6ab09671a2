"""The MicroPython module's twin for CPython: a package of the same methods over the project's C."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bnncl.emit.layout import model_view, shape_text
from bnncl.emit.micropython_files import InfoNumber, accepted_items, info_numbers
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.templates import lay_out, verbatim
from bnncl.ir.types import Binary
from bnncl.resources import runtime_dir

_VERBATIM = ("_arguments.py", "_library.py", "py.typed")
_OF_LEARNING = ("_storage.py",)
_STATUSES = runtime_dir() / "include" / "bnncl" / "status.h"


@dataclass(frozen=True)
class DeskView:
    """What the package says beyond the model's names.

    `statuses` are the names in bnncl/status.h. `items` are the type codes that an input's buffer may have,
    and `items_text` says them in words. `input_shape` is height x width x channels, `input_numbers` what
    these channels are. `info` are the numbers of `info()`; `max_label` is the greatest label.
    """

    statuses: tuple[str, ...]
    items: str
    items_text: str
    input_shape: str
    input_numbers: str
    info: tuple[InfoNumber, ...]
    max_classes: int
    max_label: int


def desk_files(spec: ProjectSpec) -> dict[str, bytes]:
    """The files of the package `desk/<name>`."""
    model, view = model_view(spec), _view(spec)
    title = f"{spec.name}: what its package for CPython needs beyond the model's own functions."
    files = {
        "__init__.py": "desk/__init__.py.j2",
        "__init__.pyi": "desk/__init__.pyi.j2",
        "_host.c": "desk/host.c.j2",
    }
    made = {name: lay_out(template, title=title, model=model, desk=view) for name, template in files.items()}
    made |= {name: verbatim(f"desk/{name}") for name in (*_VERBATIM, *(_OF_LEARNING if model.learns else ()))}
    return {f"desk/{spec.name}/{name}": made[name] for name in sorted(made)}


def _view(spec: ProjectSpec) -> DeskView:
    source = spec.graph.type_of(spec.graph.inputs[0])
    classes = spec.graph.type_of(spec.graph.outputs[0]).channels
    if isinstance(source.domain, Binary):
        codes, numbers = "BIL", "bits, packed into words"
    else:
        codes = "Bb" if source.ctype == "int8_t" else "B"
        numbers = f"numbers from {source.domain.lo} to {source.domain.hi}"  # type: ignore[union-attr]
    return DeskView(
        statuses=tuple(re.findall(r"^ +(BNNCL_\w+) =", _STATUSES.read_text(), re.MULTILINE)),
        items=codes,
        items_text=accepted_items(spec)[1],
        input_shape=shape_text(source.shape),
        input_numbers=numbers,
        info=info_numbers(spec),
        max_classes=classes,
        max_label=classes - 1,
    )

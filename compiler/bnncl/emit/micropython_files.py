"""The user C module of MicroPython: a project as a module that infers and learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bnncl.emit.layout import model_view
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.templates import lay_out
from bnncl.ir.types import Binary

_METHODS = ("predict", "info")
_LEARNING_METHODS = ("begin", "sample", "step", "commit", "abort", "save", "load")
_KERNELS = "src/bnncl/"
_TEXTS = 4
"""Entries of `info()` that are no numbers."""


@dataclass(frozen=True)
class InfoNumber:
    """One number of `info()`: its key, and its value in C."""

    key: str
    value: str


@dataclass(frozen=True)
class MicroPythonView:
    """What the module and its build files say beyond the model's names.

    `items_test` are C conditions on `held`, one of which an input's buffer has to meet, and `items_text`
    says them in words. An input `is_copied` where its numbers need more alignment than bytes have.
    Paths are relative to the project's folder; `kernels` are names of files in src/bnncl. `native_sources`
    are names of files in src and src/bnncl, without the self-test: a native module takes RAM for all that
    is in it. `arch` is what such a module is built for unless its user says, if it `has_arch`.
    """

    module: str
    model_paths: tuple[str, ...]
    model_sources: tuple[str, ...]
    kernels: tuple[str, ...]
    native_sources: tuple[str, ...]
    has_arch: bool
    arch: str
    items_test: tuple[str, ...]
    items_text: str
    is_copied: bool
    methods: tuple[str, ...]
    method_count: int
    info: tuple[InfoNumber, ...]
    info_count: int


def has_micropython(spec: ProjectSpec) -> bool:
    """Whether the project is a module of MicroPython, too."""
    return "micropython" in spec.emit


def methods(spec: ProjectSpec) -> tuple[str, ...]:
    """The methods of `Model`; those of learning where the model learns."""
    return (*_METHODS, *(_LEARNING_METHODS if model_view(spec).learns else ()))


def micropython_files(spec: ProjectSpec, sources: Sequence[str]) -> dict[str, bytes]:
    """The module's C and its build files; `sources` are the paths of all other files."""
    model, view = model_view(spec), _view(spec, sources)
    title = f"{spec.name}: a module of MicroPython."
    files = {
        view.module: "micropython/module.c.j2",
        "micropython/Makefile": "micropython/Makefile.j2",
        "micropython.mk": "micropython/micropython.mk.j2",
        "micropython.cmake": "micropython/micropython.cmake.j2",
    }
    return {
        path: lay_out(template, title=title, model=model, micropython=view)
        for path, template in files.items()
    }


def _view(spec: ProjectSpec, sources: Sequence[str]) -> MicroPythonView:
    compiled = sorted(path for path in sources if path.startswith("src/") and path.endswith(".c"))
    paths = tuple(path for path in compiled if not path.startswith(_KERNELS) and path != "src/main.c")
    numbers = info_numbers(spec)
    test, text = accepted_items(spec)
    arch = next((target.mpy_arch for target in spec.targets if target.mpy_arch), "")
    native = (path for path in compiled if path not in ("src/main.c", f"src/{spec.name}_selftest.c"))
    return MicroPythonView(
        module=f"micropython/mod_{spec.name}.c",
        model_paths=paths,
        model_sources=tuple(f"$({spec.name.upper()}_DIR)/{path}" for path in paths),
        kernels=tuple(path.removeprefix(_KERNELS) for path in compiled if path.startswith(_KERNELS)),
        native_sources=tuple(path.rpartition("/")[2] for path in native),
        has_arch=arch != "",
        arch=arch,
        items_test=test,
        items_text=text,
        is_copied=_is_binary(spec),
        methods=methods(spec),
        method_count=len(methods(spec)),
        info=numbers,
        info_count=len(numbers) + _TEXTS,
    )


def _is_binary(spec: ProjectSpec) -> bool:
    return isinstance(spec.graph.type_of(spec.graph.inputs[0]).domain, Binary)


def accepted_items(spec: ProjectSpec) -> tuple[tuple[str, ...], str]:
    """The items that an input's buffer may have, as C conditions and in words.

    Bytes are stored numbers as they lie in memory; items of another width or sign than the stored numbers
    would be other numbers than the caller meant.
    """
    byte = ("held.typecode == 'B'", "held.typecode == BYTEARRAY_TYPECODE")
    if _is_binary(spec):
        word = (
            "((held.typecode == 'I' || held.typecode == 'L') && "
            "mp_binary_get_size('@', (char)held.typecode, NULL) == 4)"
        )
        return (*byte, word), "bytes or 32-bit words without sign"
    if spec.graph.type_of(spec.graph.inputs[0]).ctype == "int8_t":
        return (*byte, "held.typecode == 'b'"), "bytes or of type 'b'"
    return byte, "bytes without sign"


def info_numbers(spec: ProjectSpec) -> tuple[InfoNumber, ...]:
    """The numbers of `info()`."""
    upper = spec.name.upper()
    macros = ["classes", "max_classes", "weight_bytes", "ram_bytes"]
    if model_view(spec).learns:
        macros += ["experience_len", "step_units", "replay_slots", "saved_bytes"]
    return (
        InfoNumber("input_bytes", "INPUT_BYTES"),
        *(InfoNumber(macro, f"{upper}_{macro.upper()}") for macro in macros),
    )

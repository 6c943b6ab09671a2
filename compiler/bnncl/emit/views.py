"""What templates are given: frozen records that already hold C text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Macro:
    """`#define name value`, with a comment behind it; `name` is padded to a column."""

    name: str
    value: str
    comment: str = ""


@dataclass(frozen=True)
class ModelView:
    """What every file of a project may say of the model."""

    name: str
    upper: str
    version: str
    sha256: str
    settings: tuple[str, ...]
    input_ctype: str
    input_text: str
    classes: int
    infer_head: str
    learns: bool
    scores_len: str


@dataclass(frozen=True)
class ArrayView:
    """A constant array: declaration without `;`, what it holds, lines of its initialiser."""

    declaration: str
    about: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class StructView:
    """A `static const` struct of parameters."""

    ctype: str
    symbol: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class AssertView:
    """A static assertion: C condition and name."""

    condition: str
    name: str


@dataclass(frozen=True)
class CallView:
    """One op in the list of kernel calls; `code` is false for an op that needs none.

    `local` declares the pointer to the output, or is empty; `call` is a statement of one or more lines.
    """

    index: int
    about: tuple[str, ...]
    code: bool
    local: str
    call: str
    output: str
    size: int


@dataclass(frozen=True)
class HeaderView:
    """The public header."""

    input_comment: tuple[str, ...]
    input_macros: tuple[Macro, ...]
    output_comment: tuple[str, ...]
    output_macros: tuple[Macro, ...]
    size_macros: tuple[Macro, ...]
    learning_macros: tuple[Macro, ...]
    calibrated_comment: str
    calibrated: int


@dataclass(frozen=True)
class SectionView:
    """Kernel calls in order, and what of the workspace they use."""

    calls: tuple[CallView, ...]
    uses_arena: bool
    uses_scratch: bool
    scratch_word: int

    @property
    def uses_workspace(self) -> bool:
        """Whether any op is given memory of the workspace."""
        return self.uses_arena or self.uses_scratch


@dataclass(frozen=True)
class InferView:
    """The list of kernel calls, and the headers that declare them."""

    headers: tuple[str, ...]
    section: SectionView


@dataclass(frozen=True)
class ParamsView:
    """The parameters of all kernel calls, the headers that declare them, and what was proven of sums."""

    headers: tuple[str, ...]
    structs: tuple[StructView, ...]
    asserts: tuple[AssertView, ...]


@dataclass(frozen=True)
class InfoView:
    """Context and model information."""

    has_labels: bool
    labels: tuple[str, ...]
    fingerprint: str
    input_len: int
    weight_bytes: int


@dataclass(frozen=True)
class GoldenOpView:
    """One op's known answers; `crcs` are those of the samples after the first."""

    index: int
    test: str
    label: str
    bits: int
    signed: str
    height: int
    width: int
    channels: int
    ctype: str
    count: int
    lines: tuple[str, ...]
    crcs: str


@dataclass(frozen=True)
class GoldenView:
    """Inputs, outputs of every op, and scores."""

    samples: int
    input_len: int
    inputs: tuple[tuple[str, ...], ...]
    ops: tuple[GoldenOpView, ...]
    op_count: int
    scores: tuple[str, ...]
    has_crcs: bool

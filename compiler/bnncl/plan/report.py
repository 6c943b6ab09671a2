"""The report: what each op of a compiled model costs, and what the whole needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bnncl.ir.graph import Graph, Program
from bnncl.ir.types import Shape
from bnncl.kernels.base import calls
from bnncl.kernels.learned_head import head_of
from bnncl.plan.budget import Advice
from bnncl.plan.learning import LearningReport, learning_report, state_bytes
from bnncl.plan.memory import Plans
from bnncl.plan.op_report import UNMEASURED, Measured, OpReport, domain_text, op_report
from bnncl.plan.stored_state import trained
from bnncl.targets import Target

_CONTEXT_BYTES = 16
_POINTER_BYTES = 8
_ALIGNMENT = 4

FORMAT = 1


def context_bytes(graph: Graph) -> int:
    """Size of the context: workspace pointer (8 bytes everywhere), seed, state; one more pointer to learn."""
    return _CONTEXT_BYTES + (0 if head_of(graph) is None else _POINTER_BYTES)


def ram_bytes(program: Program, plans: Plans) -> int:
    """RAM of context, workspace and what learning keeps."""
    graph = program.graphs[0]
    learned = 0 if head_of(graph) is None else state_bytes(program, plans.learning)
    return context_bytes(graph) + plans.main.workspace_bytes + learned


@dataclass(frozen=True)
class InputReport:
    """The input: real = scale[c] * q + offset[c] for stored numbers q; one entry, or one a channel."""

    shape: Shape
    domain: str
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    source: str


@dataclass(frozen=True)
class Report:
    """What a compiled model needs, in bytes, and how true it is to PyTorch.

    `notes` and `warnings` are whole sentences. `agreement` is the share of calibration samples with the
    same top class as PyTorch, None where it was not measured.
    """

    name: str
    targets: tuple[str, ...]
    input: InputReport
    ops: tuple[OpReport, ...]
    weight_bytes: int
    context_bytes: int
    arena_bytes: int
    least_arena_bytes: int
    scratch_bytes: int
    workspace_bytes: int
    calibrated: bool
    agreement: float | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    learning: LearningReport | None = None

    @property
    def ram_bytes(self) -> int:
        """Context, workspace (arena and scratch) and what learning keeps, together."""
        learned = 0 if self.learning is None else self.learning.state_bytes
        return self.context_bytes + self.workspace_bytes + learned

    @property
    def binary_macs(self) -> int:
        """Binary multiply-accumulates of one inference."""
        return sum(op.binary_macs for op in self.ops)

    @property
    def integer_macs(self) -> int:
        """Integer multiply-accumulates of one inference."""
        return sum(op.integer_macs for op in self.ops)

    @property
    def instructions(self) -> int:
        """Predicted instructions of one inference on the first target, on inputs like those measured."""
        return sum(op.instructions for op in self.ops)

    @property
    def worst_instructions(self) -> int:
        """Predicted instructions of one inference on the first target, whatever the input."""
        return sum(op.worst_instructions for op in self.ops)

    def advice(self, ram: int | None = None) -> Advice:
        """What would make this model smaller: its largest constants, its widest moment.

        For `ram` bytes of RAM that are too few, how many slots of the replay memory would fit.
        """
        if not self.ops:
            return Advice()
        big = sorted(self.ops, key=lambda op: -op.parameter_bytes)[:3]
        largest = ", ".join(f"{op.module or op.op} ({op.parameter_bytes} bytes)" for op in big)
        wide = max(self.ops, key=lambda op: op.output_bytes + op.scratch_bytes)
        arena = (
            f"The arena takes {self.arena_bytes} bytes and scratch {self.scratch_bytes}; most at "
            f"{wide.module or wide.op}, whose output takes {wide.output_bytes}: pool earlier, use a larger "
            "stride or fewer channels there."
        )
        slots, fits = self._slots(ram)
        replays = 0 if self.learning is None else self.learning.replay_bytes
        parts = (slots,) if fits and replays > self.workspace_bytes else (slots, arena)
        return Advice(
            f"The largest constants are those of {largest}: make these layers narrower.",
            " ".join(part for part in parts if part),
        )

    def _slots(self, ram: int | None) -> tuple[str, bool]:
        """What to say of the replay memory, and whether fewer slots alone would make the model fit."""
        if ram is None or self.learning is None:
            return "", False
        rest = self.ram_bytes - self.learning.replay_bytes - self.learning.padding_bytes
        fitting = (ram // _ALIGNMENT * _ALIGNMENT - rest) // self.learning.slot_bytes
        if fitting < 0:
            return "Not even a learning model without a replay memory would fit.", False
        return f"--replay {fitting}: of {self.learning.slots} replay slots {fitting} would fit.", True

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers, strings, lists and dicts, the sums included."""
        totals = {
            "binary_macs": self.binary_macs,
            "integer_macs": self.integer_macs,
            "instructions": self.instructions,
            "worst_instructions": self.worst_instructions,
            "ram_bytes": self.ram_bytes,
        }
        held = asdict(self)
        if self.learning is None:
            del held["learning"]
        for row, op in zip(held["ops"], self.ops, strict=True):
            for name, bound in (("accumulator", op.accumulator), ("product", op.product)):
                if bound is not None:
                    row[name]["headroom"] = bound.headroom
        return {"format": FORMAT, **held, "totals": totals}


def build_report(
    name: str,
    program: Program,
    plans: Plans,
    targets: Sequence[Target],
    *,
    calibrated: bool,
    measured: Measured = UNMEASURED,
    input_source: str = "",
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Report:
    """The report of the SELECTED `program` under `plans`; instructions are predicted for `targets[0]`."""
    graph, plan = program.graphs[0], plans.main
    ops = tuple(op_report(graph, plan, index, targets[0], measured) for index in range(len(graph.ops)))
    return Report(
        name=name,
        targets=tuple(target.name for target in targets),
        input=_input_report(graph, input_source),
        ops=ops,
        weight_bytes=sum(op.parameter_bytes for op in ops) + learning_constants(program),
        context_bytes=context_bytes(graph),
        arena_bytes=plan.arena_bytes,
        least_arena_bytes=plan.least_arena_bytes,
        scratch_bytes=plan.scratch_bytes,
        workspace_bytes=plan.workspace_bytes,
        calibrated=calibrated,
        agreement=measured.top_class,
        notes=tuple(notes),
        warnings=tuple(warnings),
        learning=None if head_of(graph) is None else learning_report(program, plans),
    )


def _input_report(graph: Graph, source: str) -> InputReport:
    value = graph.values[graph.inputs[0]]
    scale = value.meaning.scale.tolist() if value.meaning else [1.0]
    offset = value.meaning.offset.tolist() if value.meaning else [0.0]
    return InputReport(value.type.shape, domain_text(value.type), tuple(scale), tuple(offset), source)


def learning_constants(program: Program) -> int:
    """Bytes of constants beside those of inference: what a tail starts from, what only its learning reads."""
    found: dict[tuple[str, str, bytes], int] = {}
    inference = 0
    for at, graph in enumerate(program.graphs):
        for call in calls(graph):
            for array in (
                () if call.kernel.is_alias else call.kernel.bind(call.op, graph.input_types(call)).arrays
            ):
                found[call.output, array.name, array.data.tobytes()] = int(array.data.nbytes)
        inference = sum(found.values()) if at == 0 else inference
    initial = sum(state.type.stored_bytes for state in trained(program))
    return sum(found.values()) - inference + initial

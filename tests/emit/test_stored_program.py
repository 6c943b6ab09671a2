"""The stored program: the reference comes back from it, and nothing else is believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.emit.stored_program import CLASSES, restore, store, without_kernels
from bnncl.interp import run
from bnncl.ir.graph import Graph, Program
from bnncl.ir.op import Op, Stage
from bnncl.ir.printer import print_graph
from bnncl.ir.serialize import load_program, save_program
from bnncl.ir.types import Binary
from bnncl.ir.values import Constant
from bnncl.ops.conv import BinaryConv
from tests.emit.models import GRAPHS, Maker, mlp, samples, spec


@pytest.mark.parametrize("kind", GRAPHS)
def test_restored_program_computes_the_same(kind: str):
    made = spec(kind)
    again = restore(store(made.program)).graph("infer")
    assert again.stage is Stage.INTEGER
    assert print_graph(again) == print_graph(without_kernels(made.graph))
    x = samples(made.graph, 2, seed=11)
    before, after = run(made.graph, {"input": x}), run(again, {"input": x})
    assert list(before) == list(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_meaning_module_and_origins_come_back():
    again = restore(store(spec("cnn").program)).graph("infer")
    source = again.values["input"]
    assert source.meaning is not None
    assert source.meaning.scale.tolist() == [1 / 255]
    conv = next(op for op in again.ops if isinstance(op, BinaryConv))
    assert (conv.module, conv.filter.origins) == ("features.3", ("features.3.weight",))


def test_latent_filters_come_back_unless_they_are_left_out():
    made = Maker(1, (1, 1, 40), Binary()).binary("fc", 3).finish()
    op = made.ops[0]
    assert isinstance(op, BinaryConv)
    latent = np.linspace(-1, 1, op.filter.data.size, dtype=np.float32).reshape(op.filter.data.shape)
    filter_ = Constant(op.filter.data, ("fc.weight",), latent, "")
    program = Program("fc", (made.with_ops([replace(op, filter=filter_)]),))
    kept, dropped = (
        load_program(save_program(program, latents=latents), CLASSES).graphs[0].ops[0]
        for latents in (True, False)
    )
    assert isinstance(kept, BinaryConv)
    assert isinstance(dropped, BinaryConv)
    assert np.array_equal(kept.filter.latent, latent)  # type: ignore[arg-type]
    assert dropped.filter.latent is None


def test_filters_are_stored_as_bits():
    program = Program("mlp", (mlp(),))
    bits = sum(op.filter.data.size for op in mlp().ops if isinstance(op, BinaryConv))
    tensors = load(store(program))
    assert sum(tensor.nbytes for tensor in tensors.values()) < bits // 8 + 3000
    assert all(op.filter.data.dtype == np.int8 for op in restore(store(program)).graphs[0].ops)  # type: ignore[attr-defined]


def test_equal_programs_give_equal_bytes():
    first, second = (store(Program("mlp", (mlp(),))) for _ in range(2))
    assert first == second


def test_every_integer_op_can_be_stored():
    def below(kind: type) -> set[type]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    ops = {
        kind
        for kind in below(Op)
        if kind.__module__.startswith("bnncl.ops.") and Stage.INTEGER in getattr(kind, "stages", ())
    }
    assert ops
    assert ops <= set(CLASSES)


def changed(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tree = json.loads(header["__metadata__"]["program"])
    change(tree)
    return save(load(content), {"program": json.dumps(tree)})


def set_field(op: int, name: str, held: object) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree["program"]["graphs"][0]["ops"][op][name] = held

    return change


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[:-5],
    "no safetensors": lambda content: b"PK\x03\x04" + content,
    "a pickle": lambda content: b"\x80\x04cos\nsystem\n.",
    "other format": lambda content: changed(content, lambda tree: tree.update(format="bnncl-program-9")),
    "unknown class": lambda content: changed(content, set_field(0, "class", "Popen")),
    "class in the wrong place": lambda content: changed(content, set_field(0, "class", "Graph")),
    "unknown field": lambda content: changed(content, set_field(0, "shell", "true")),
    "wrong type": lambda content: changed(content, set_field(0, "pad_value", "zero")),
    "missing tensor": lambda content: changed(
        content, set_field(0, "filter", {"class": "Constant", "data": {"tensor": "99999"}})
    ),
    "signs of another size": lambda content: changed(
        content,
        set_field(0, "filter", {"class": "Constant", "data": {"signs": "00000", "shape": [33, 1, 1, 700]}}),
    ),
    "reads what is not made": lambda content: changed(content, set_field(1, "x", "fc3")),
    "no metadata": lambda content: save(load(content)),
}


@pytest.mark.parametrize("how", BROKEN)
def test_damaged_or_crafted_file_is_refused(how: str):
    content = BROKEN[how](store(spec("mlp").program))
    with pytest.raises(UsageError) as caught:
        restore(content, "report/program.safetensors")
    assert caught.value.exit_code == EXIT_USAGE
    assert [problem.slug for problem in caught.value.problems] == ["bad-program-file"]
    assert caught.value.problems[0].where == "report/program.safetensors"


def test_graphs_of_every_stage_but_selected_are_stored_as_they_are():
    graph: Graph = mlp()
    assert load_program(save_program(Program("p", (graph,))), CLASSES).graphs[0].stage is Stage.INTEGER

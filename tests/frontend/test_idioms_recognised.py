"""The same network written in different idioms gives the same graph, constants included."""

from __future__ import annotations

import pytest

from bnncl.frontend.capture import capture
from bnncl.frontend.recognise import recognise
from bnncl.ir.printer import print_graph
from tests.frontend.idioms import build, example


def everything(name: str) -> tuple[str, list[tuple[str, str, bytes]]]:
    """Text of a model's graph, and the content of every constant."""
    graph = recognise(capture(build(name), example(name))).graph
    constants = [
        (op.output, field, held.data.tobytes()) for op in graph.ops for field, held in op.constants()
    ]
    return print_graph(graph), constants


SIGNS = (
    "function", "in_place", "polynomial_ste", "clamp_ste", "where", "where_scalars", "ties_up", "data",
    "hardtanh",
)  # fmt: skip


@pytest.mark.parametrize("name", SIGNS)
def test_signs(name: str):
    assert everything(f"sign_{name}") == everything("sign_ge")


@pytest.mark.parametrize("name", ["data", "org", "function"])
def test_filters(name: str):
    assert everything(f"conv_{name}") == everything("conv_ste")


def test_scaled_filters():
    assert everything("conv_scaled_ste") == everything("conv_scaled")
    assert everything("conv_scaled") != everything("conv_ste")


def test_meanings_are_the_same_too():
    meanings = []
    for name in ("sign_ge", "sign_polynomial_ste"):
        graph = recognise(capture(build(name), example(name))).graph
        meanings.append([(value.name, value.meaning is None) for value in graph.values.values()])
    assert meanings[0] == meanings[1]

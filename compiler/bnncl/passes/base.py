"""What every pass is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from bnncl.ir.graph import Graph
from bnncl.ir.op import Stage
from bnncl.ir.verify import verify


@dataclass(frozen=True)
class Pass(ABC):
    """A pure step from a graph in stage `needs` to one in stage `gives`; its fields are its settings."""

    name: ClassVar[str]
    needs: ClassVar[Stage]
    gives: ClassVar[Stage]

    @abstractmethod
    def run(self, graph: Graph) -> Graph:
        """The changed graph; the one given stays as it was."""


def run_passes(graph: Graph, passes: Iterable[Pass]) -> Graph:
    """Run `passes` in order and verify after each."""
    verify(graph)
    for step in passes:
        assert graph.stage is step.needs, f"{step.name} needs {step.needs}, the graph is {graph.stage}"
        graph = step.run(graph)
        assert graph.stage is step.gives, f"{step.name} gave {graph.stage}, not {step.gives}"
        verify(graph)
    return graph

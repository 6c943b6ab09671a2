"""Counts a compiled binary network layer by layer beside an int8 network of the same shapes in plain C."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bnncl
from bnncl.bench.measure import measured
from bnncl.driver.project import stored_inputs
from bnncl.kernels.base import calls
from bnncl.targets import Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_elf
from bnncl.verification.harness import Sources
from examples.int8_cost.network import Drawn, Layer, Network, layers_of
from examples.stages import Json
from examples.tail_cost.measure import c_array, digest

HERE = Path(__file__).parent
_RUN_SECONDS = 600
_FIELDS = ("filter", "bias", "multiplier")


def int8_cost(model: Path, target: Target, image: NDArray[np.float32]) -> Json:
    """Instructions of every layer of `model` on `image` (1, C, H, W), and of its int8 counterpart.

    RuntimeError where either computes something else than its meaning.
    """
    project = bnncl.compile(model, target.name)
    layers = layers_of(project.spec.graph)
    ours = _binary(project, target, image)
    network = Network(layers)
    theirs = int8_counts(network, target)
    rows = [
        {
            "layer": layer.name,
            "kernel": str(calls(project.spec.graph)[layer.ops[0]].kernel),
            "macs": layer.macs,
            "bnncl": sum(ours[op] for op in layer.ops),
            "int8": count,
        }
        for layer, count in zip(layers, theirs, strict=True)
    ]
    return {
        "layers": rows,
        "bnncl": sum(row["bnncl"] for row in rows),
        "int8": sum(row["int8"] for row in rows),
        "bnncl_weight_bytes": project.report.weight_bytes,
        "int8_weight_bytes": network.weight_bytes,
    }


def _binary(project: bnncl.Project, target: Target, image: NDArray[np.float32]) -> list[int]:
    """Instructions of each op; an alias takes none."""
    program, graph = project.spec.program, project.spec.graph
    with tempfile.TemporaryDirectory() as name:
        folder = project.write(Path(name) / "project")
        sources = Sources(folder, project.spec.name, len(project.report.ops))
        inputs = stored_inputs(image, graph)
        found = []
        for index, call in enumerate(calls(graph)):
            if call.kernel.is_alias:
                found.append(0)
                continue
            (counted,) = measured(program, sources, target, index, inputs)
            if not counted.is_right:
                raise RuntimeError(f"{call.output}: C and reference differ")
            found.append(counted.instructions)
    return found


def int8_counts(network: Network, target: Target) -> list[int]:
    """Instructions of each layer; RuntimeError where C and numpy differ."""
    counter = counter_files(target)
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "int8_case.h").write_text(case_header(network))
        elf = compile_elf(
            target,
            (HERE / "count_int8.c", HERE / "int8_layers.c", *counter.sources),
            (Path(work), HERE, *counter.include_dirs),
            counter.defines,
            Path(work) / "int8.elf",
        )
        said = run_elf(target, elf, _RUN_SECONDS, icount=True).stdout
    lines = [line.split() for line in said.splitlines() if line.startswith("layer ")]
    expected = [digest(result & 0xFF) for result in network.results()]
    if [int(line[2], 16) for line in lines] != expected:
        raise RuntimeError(f"int8 on {target.name}: C and numpy differ")
    return [int(line[1]) for line in lines]


def case_header(network: Network) -> str:
    """int8_case.h: input, constants, and the layers in order."""
    lines = [c_array("int8_t", "case_input", network.input)]
    rows = []
    for index, (layer, drawn) in enumerate(zip(network.layers, network.constants, strict=True)):
        lines += [
            c_array("int8_t" if field == "filter" else "int32_t", f"{field}_{index}", data)
            for field in _FIELDS
            if (data := getattr(drawn, field)).size
        ]
        rows.append(_row(index, layer, drawn))
    most = max(int(np.prod(layer.out)) for layer in network.layers)
    ops = ", ".join(f"int8_{layer.kind}" for layer in network.layers)
    return "\n".join(
        [
            *lines,
            f"enum {{ CASE_LAYERS = {len(rows)}, CASE_MAP = {most} }};",
            f"static const int8_op case_ops[CASE_LAYERS] = {{{ops}}};",
            "static const int8_layer case_layers[CASE_LAYERS] = {",
            *rows,
            "};",
            "",
        ]
    )


def _row(index: int, layer: Layer, drawn: Drawn) -> str:
    window = layer.window
    sizes = {
        "in_h": layer.x[0],
        "in_w": layer.x[1],
        "in_channels": layer.x[2],
        "out_h": layer.out[0],
        "out_w": layer.out[1],
        "out_channels": layer.out[2],
        "filter_h": window.filter_h,
        "filter_w": window.filter_w,
        "stride_h": window.stride_h,
        "stride_w": window.stride_w,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
    }
    held = {field: f"{field}_{index}" for field in _FIELDS if getattr(drawn, field).size}
    return "    {" + ", ".join(f".{name} = {value}" for name, value in {**sizes, **held}.items()) + "},"

"""Renders a project: every file as bytes, a pure function of the spec."""

from __future__ import annotations

from bnncl.emit.build_files import build_files
from bnncl.emit.code_views import array_views, infer_view, info_view, params_view
from bnncl.emit.ctext import is_identifier
from bnncl.emit.desk_files import desk_files
from bnncl.emit.golden_view import golden_view, scores
from bnncl.emit.header_view import header_view
from bnncl.emit.layout import Names, bindings, model_view
from bnncl.emit.learn_view import learn_view, learning_sources
from bnncl.emit.manifest import manifest
from bnncl.emit.micropython_files import has_micropython, micropython_files
from bnncl.emit.report_files import report_files
from bnncl.emit.runtime_files import runtime_files
from bnncl.emit.spec import ProjectSpec
from bnncl.emit.state_view import state_view
from bnncl.emit.tail_view import initial_views, tail_view
from bnncl.emit.templates import lay_out
from bnncl.ir.op import Stage


def render(spec: ProjectSpec) -> dict[str, bytes]:
    """Path, with slashes and relative to the project's folder, and content of every file, sorted by path.

    The manifest is the last thing to be made and names all others.
    """
    assert is_identifier(spec.name), f"{spec.name!r} cannot name C symbols"
    assert spec.graph.stage is Stage.SELECTED, spec.graph.stage
    files = {**code_files(spec), **report_files(spec)}
    files |= build_files(spec, tuple(files))
    if has_micropython(spec):
        files |= micropython_files(spec, tuple(files)) | desk_files(spec)
    files["manifest.json"] = manifest(spec, files)
    return {path: files[path] for path in sorted(files)}


def code_files(spec: ProjectSpec) -> dict[str, bytes]:
    """All C files: of the model, of the runtime, of the golden test."""
    bound = bindings(spec.graph)
    everything = tuple(each for graph in spec.program.graphs for each in bindings(graph))
    names = Names(spec)
    model, golden = model_view(spec), golden_view(spec)
    arrays = (*array_views(names, everything), *initial_views(spec))
    name = spec.name
    views = {
        "model": model,
        "header": header_view(spec),
        "arrays": arrays,
        "infer": infer_view(spec, names, bound),
        "params": params_view(spec, names, everything),
        "info": info_view(spec),
        "golden": golden,
        "selftest": {"input": golden.inputs[0], "scores": scores(spec, 0)},
    }
    sources = {
        f"include/{name}.h": ("include/model.h.j2", ""),
        f"src/{name}.c": ("src/model.c.j2", f"{name}: context and information."),
        f"src/{name}_weights.h": ("src/weights.h.j2", f"{name}: the constants of {name}_weights.c."),
        f"src/{name}_weights.c": ("src/weights.c.j2", f"{name}: constants."),
        f"src/{name}_params.h": ("src/params.h.j2", f"{name}: sizes and parameters of every kernel call."),
        f"src/{name}_infer.c": ("src/infer.c.j2", f"{name}: inference, one kernel call after the other."),
        f"src/{name}_selftest.c": ("src/selftest.c.j2", f"{name}: one known input and its scores."),
        "src/main.c": ("src/main.c.j2", f"{name}: runs the self-test and prints sizes."),
    }
    if spec.boards:
        sources["board/main.c"] = ("board/main.c.j2", f"{name}: runs the self-test on a board.")
    for file in ("test_golden.c", "golden_vectors.c", "golden_vectors.h"):
        path = f"test/test_golden/{file}"
        sources[path] = (f"{path}.j2", f"{name}: known answers of every op.")
    if model.learns:
        views |= {"learn": learn_view(spec, names, bound), "state": state_view(spec)}
        views |= {"tail": tail_view(spec, names)} if spec.program.states else {}
        sources |= learning_sources(name, is_trained=bool(spec.program.states))
    files = {path: lay_out(template, title=title, **views) for path, (template, title) in sources.items()}
    return files | runtime_files([call for call, _ in everything], spec.program, spec.targets[0])

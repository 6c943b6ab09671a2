"""State dicts and checkpoints: finds the tensors, and puts them into the module that a factory makes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from torch import nn

from bnncl.diagnostics import Collector, Problem, UsageError

_WRAPPERS = ("state_dict", "model_state_dict", "net", "model", "network", "weights")
_PREFIXES = ("module.", "_orig_mod.")
_SHOWN = 12


def state_dict_of(loaded: object) -> dict[str, torch.Tensor] | None:
    """The state dict in what was loaded, unwrapped, without `module.` before every name; None if none."""
    current = loaded
    for _ in range(3):
        if not isinstance(current, Mapping):
            return None
        if current and all(isinstance(key, str) and _is_entry(value) for key, value in current.items()):
            return _without_prefixes({key: value for key, value in current.items() if _is_tensor(value)})
        inner = [current[name] for name in _WRAPPERS if isinstance(current.get(name), Mapping)]
        if not inner:
            return None
        current = inner[0]
    return None


def build_module(path: Path, state: dict[str, torch.Tensor], factory: str | None) -> nn.Module:
    """The module that `factory`, as `package.module:name`, makes, with the tensors of `state` in it.

    Raises UsageError: `state-dict-needs-model` without a factory, `model-factory` if it cannot be called,
    and for each tensor that does not fit `state-dict-mismatch`.
    """
    if factory is None:
        raise _needs_model(path, state)
    module = call_factory(factory)
    own = module.state_dict()
    problems = Collector()
    for message in _mismatches(own, state):
        hint = f"check that {factory} makes the model that {path.name} was saved from"
        problems.add(Problem("state-dict-mismatch", message, str(path), hint=hint))
    problems.raise_as(UsageError)
    module.load_state_dict(state)
    return module


def call_factory(factory: str) -> nn.Module:
    """Import `package.module:name` (also from the working folder) and call it with no arguments."""
    where = f"--model {factory}"
    hint = "give it as package.module:factory, where factory() returns a torch.nn.Module"
    package, colon, name = factory.partition(":")
    if not (package and colon and name):
        raise UsageError(
            Problem("model-factory", "there is no colon with names on both sides", where, hint=hint)
        )
    with working_folder_importable():
        try:
            made = getattr(importlib.import_module(package), name)()
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise UsageError(Problem("model-factory", message, where, hint=hint)) from error
    if not isinstance(made, nn.Module):
        message = f"it returned a {type(made).__name__}, not a torch.nn.Module"
        raise UsageError(Problem("model-factory", message, where, hint=hint))
    return made


@contextmanager
def working_folder_importable() -> Iterator[None]:
    """Let imports find modules in the working folder, as `python` itself would."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)


def _is_entry(value: object) -> bool:
    return _is_tensor(value) or value is None


def _without_prefixes(state: Mapping[str, object]) -> dict[str, torch.Tensor]:
    names = list(state)
    for prefix in _PREFIXES * 2:
        if names and all(name.startswith(prefix) for name in names):
            names = [name.removeprefix(prefix) for name in names]
    return dict(zip(names, cast("list[torch.Tensor]", list(state.values())), strict=True))


def _mismatches(own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> Iterator[str]:
    for name in own:
        if name not in state:
            yield f"{name} is missing in the file"
        elif own[name].shape != state[name].shape:
            found, wanted = tuple(state[name].shape), tuple(own[name].shape)
            yield f"{name} has shape {found} in the file, {wanted} in the model"
    for name in state:
        if name not in own:
            yield f"{name} is in the file, but not in the model"


def _needs_model(path: Path, state: dict[str, torch.Tensor]) -> UsageError:
    lines = [f"    {name} {tuple(tensor.shape)}" for name, tensor in state.items()]
    if len(lines) > _SHOWN:
        left = len(lines) - _SHOWN
        lines = [*lines[: _SHOWN - 2], f"    ... and {left + 1} more ...", lines[-1]]
    shown = "\n".join(lines)
    return UsageError(
        Problem(
            "state-dict-needs-model",
            f"the file holds {len(state)} tensors but no graph:\n{shown}",
            str(path),
            "a state dict has the numbers of a model, not what is computed with them",
            "name the model with --model package.module:factory and --input-shape, "
            "or save it with its graph:\n"
            "    import bnncl\n"
            f'    bnncl.save(model, "{path.name}", example=images[:8], calibration=images[:512])',
        )
    )

"""Puts a head that a device has learned into the torch module it came from."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn

from bnncl.diagnostics import Problem, UnsupportedModel
from bnncl.frontend.capture import run_eagerly
from bnncl.frontend.captured import Captured, Const
from bnncl.frontend.container import read
from bnncl.frontend.copying import copy_module, unwrapped
from bnncl.frontend.replay import replay

_MOST_SAMPLES = 64


def with_learned_head(module: nn.Module, path: str | os.PathLike[str]) -> nn.Module:
    """A copy of `module` in eval mode with the head of the file `path`, which `bnncl state load` wrote.

    The head becomes a torch.nn.Linear (a 1x1 torch.nn.Conv2d where it was a convolution) for all classes that
    the device knows, and modules whose parameters the file no longer has, such as batch norm behind
    the head, become torch.nn.Identity. The copy gives the file's answers on its samples, or else
    UnsupportedModel is raised (`no-such-head`, `head-differs`); UsageError where the file is damaged.
    """
    held = read(Path(path))
    captured = held.captured
    duplicate = copy_module(unwrapped(module))
    at = captured.nodes[-1].module
    parts = dict(duplicate.named_modules())
    if not at or at not in parts or captured.nodes[-1].op != "aten.addmm.default":
        raise UnsupportedModel(_no_head(at, str(path)))
    _replace(duplicate, at, _head(captured, parts[at]))
    kept = {_owner(name) for name, _ in captured.parameters}
    tensors = [*module.named_parameters(), *module.named_buffers()]
    for name in dict.fromkeys(_owner(name) for name, _ in tensors):
        if name not in kept and name in parts:
            _replace(duplicate, name, nn.Identity())
    x = held.example if held.calibration is None else held.calibration[:_MOST_SAMPLES]
    wanted, got = replay(captured, x), run_eagerly(duplicate, x)
    if got.shape != wanted.shape or not torch.equal(got.argmax(1), wanted.argmax(1)):
        raise UnsupportedModel(_differs(at, str(path)))
    return duplicate


def _head(captured: Captured, old: nn.Module) -> nn.Module:
    node = captured.nodes[-1]
    bias, weight = (captured.constants[arg.id].tensor for arg in node.args if isinstance(arg, Const))
    features, classes = weight.shape
    new: nn.Module = nn.Linear(features, classes)
    if isinstance(old, nn.Conv1d | nn.Conv2d):
        new = (nn.Conv1d if isinstance(old, nn.Conv1d) else nn.Conv2d)(features, classes, 1)
    with torch.no_grad():
        held = new.get_parameter("weight")
        held.copy_(weight.t().reshape(held.shape))
        new.get_parameter("bias").copy_(bias)
    return new.eval()


def _replace(module: nn.Module, name: str, part: nn.Module) -> None:
    owner, _, last = name.rpartition(".")
    setattr(module.get_submodule(owner), last, part)


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _no_head(at: str, path: str) -> Problem:
    return Problem(
        "no-such-head",
        "the module has no part where the file has its head",
        at or path,
        "The head is found by the path of the module that it was called in.",
        "Give the module that was saved; what it calls as a function has no path: make it a torch.nn.Linear.",
    )


def _differs(at: str, path: str) -> Problem:
    return Problem(
        "head-differs",
        "with the head of the file the module gives other answers than the file",
        at,
        f"It is not the module that {path} came from, or what it computes behind its head is no module.",
        "Load the trained weights into the module first (its state_dict), or use the file as it is: it holds "
        "the whole model.",
    )

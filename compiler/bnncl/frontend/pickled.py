"""Files that torch.save and torch.jit.save wrote: tensors are read safely, code runs only with consent."""

from __future__ import annotations

import io
import pickle
import pickletools
import warnings
from pathlib import Path

import torch

from bnncl.diagnostics import Problem, UsageError
from bnncl.frontend.archive import truncated
from bnncl.frontend.checkpoint import working_folder_importable

_HARMLESS = ("collections.OrderedDict", "torch._utils.", "torch.storage.", "torch.serialization.")
_MAX_PICKLES = 8
_SHOWN = 20


def load_tensors_only(path: Path) -> object:
    """What `path` holds, if it is made of tensors and plain containers; None if that needs more.

    Uses torch's restricted unpickler, which runs nothing but the rebuilding of tensors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        return None
    except (EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise truncated(path, str(error)) from error
    except (RuntimeError, AssertionError, OverflowError, MemoryError, RecursionError) as error:
        raise truncated(path, str(error)) from error
    return loaded


def load_trusted(path: Path) -> object:
    """What `path` holds, unpickled in full: this runs whatever code the file names."""
    try:
        with working_folder_importable(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=False)
    except (AttributeError, ImportError) as error:
        raise UsageError(
            Problem(
                "pickle-class-missing",
                f"the file names a class that cannot be imported: {error}",
                str(path),
                "a pickled module holds only the names of its classes",
                "run from the folder with the model's source, or save the model with bnncl.save",
            )
        ) from error
    except Exception as error:
        raise truncated(path, f"{type(error).__name__}: {error}") from error


def load_scripted(path: Path) -> object:
    """The TorchScript module in `path`; its code is compiled and runs when it is called."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise truncated(path, str(error)) from error


def needs_consent(path: Path, what: str, named: list[str]) -> UsageError:
    """The error for a file of kind `what` that only running code can load; `named` is what it names."""
    shown = "".join(f"\n    {name}" for name in named[:_SHOWN])
    more = f"\n    ... and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return UsageError(
        Problem(
            "pickle-needs-consent",
            f"the file is {what}, which names:{shown}{more}" if named else f"the file is {what}",
            str(path),
            "loading it runs the code that it names, whatever that is",
            "save the model with bnncl.save, or pass --trust-pickle if you trust where the file comes from",
        )
    )


def named_globals(data: bytes) -> list[str]:
    """The classes and functions that the pickles in `data` name, sorted, found without loading them.

    `data` may hold several pickles one after the other, and other bytes after them. Names that torch's
    restricted unpickler rebuilds tensors with are left out.
    """
    stream = io.BytesIO(data)
    names: set[str] = set()
    for _ in range(_MAX_PICKLES):
        try:
            names.update(_globals_of(stream))
        except (ValueError, UnicodeDecodeError, IndexError, OverflowError, MemoryError):
            break
    return sorted(name for name in names if not name.startswith(_HARMLESS) and not _is_storage(name))


def _globals_of(stream: io.BytesIO) -> set[str]:
    names: set[str] = set()
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in ("GLOBAL", "INST"):
            names.add(str(argument).replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL" and len(strings) >= 2:
            names.add(".".join(strings[-2:]))
        elif isinstance(argument, str) and "UNICODE" in opcode.name:
            strings.append(argument)
    return names


def _is_storage(name: str) -> bool:
    return name.startswith("torch.") and name.endswith("Storage")

"""The C of learning on the host, called as the reference is called."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np

from bnncl.interp.head import Integers, Latent, Refused
from bnncl.kernels.base import of_core
from bnncl.numerics.bits import pack
from bnncl.resources import runtime_dir
from tests.kernels.native import SANITIZED, SANITIZERS, Buffer
from tests.learning.program import Case

HERE = Path(__file__).parent
STATUSES = (
    *("OK", "BAD_ARGUMENT", "SELFTEST_FAILED", "BUSY", "FULL", "STORAGE_ERROR", "NO_STATE"),
    *("BAD_FINGERPRINT", "CORRUPT", "TOO_SMALL", "BAD_LABEL", "BAD_STATE", "EMPTY", "STATE_LOST"),
)


def learning_sources(features: tuple[str, ...] = ()) -> list[Path]:
    """The C files of the runtime that learn, those of a core with `features` where there are any."""
    folder = runtime_dir() / "src"
    files = [*sorted(folder.glob("bnncl_learn_*.c")), *sorted(folder.glob("bnncl_replay_*.c"))]
    return [runtime_dir() / of_core(path.stem, features) for path in files]


def build_library(folder: Path) -> ctypes.CDLL:
    """The learning sources and library.c as one shared library, sanitized where the environment asks."""
    library = folder / "learning.so"
    flags = SANITIZERS if SANITIZED else ("-O2",)
    options = ["-std=c99", "-shared", "-fPIC", *flags, f"-I{runtime_dir() / 'include'}", "-o", str(library)]
    sources = map(str, [*learning_sources(), HERE / "library.c"])
    subprocess.run([os.environ.get("CC", "cc"), *options, *sources], check=True)
    return ctypes.CDLL(str(library))


def _fields(kind: type, names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names.split()]


class Config(ctypes.Structure):
    """bnncl_head_config."""

    _fields_ = (
        *_fields(ctypes.c_uint32, "features inputs input_bytes max_classes latent_bytes slots experience"),
        *_fields(ctypes.c_uint32, "new_per_step replay_per_step epochs accumulate"),
        *_fields(ctypes.c_uint32, "softmax_multiplier rate_multiplier"),
        *_fields(ctypes.c_uint8, "softmax_shift rate_shift q_forward q_backward score_shift"),
        ("bias_feature", ctypes.c_int8),
        ("stochastic", ctypes.c_bool),
        *_fields(ctypes.c_void_p, "row update features_of tail"),
    )


class State(ctypes.Structure):
    """bnncl_learn_state."""

    _fields_ = tuple(_fields(ctypes.c_uint32, "seed phase steps epoch batch item count stored op"))


class Head(ctypes.Structure):
    """bnncl_head."""

    _fields_ = tuple(
        _fields(
            ctypes.c_void_p,
            "state cw past met replay_labels replay_latents tw current labels latents deltas inputs logits"
            " active workspace delta",
        )
    )


def _address(library: ctypes.CDLL, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


class Native:
    """A head in C: every array has exactly its size, and what does not last is filled with rubbish."""

    def __init__(self, library: ctypes.CDLL, case: Case) -> None:
        self._library, self._case = library, case
        self.config = self._made_config()
        self._buffers = {
            name: Buffer(bytes(size) if lasts else b"\xb7" * size)
            for name, (size, lasts) in self._sizes().items()
        }
        sizes = np.array([case.inputs, case.config.latent_bytes], np.uint32).tobytes()
        self._buffers["workspace"] = Buffer(sizes)
        self.head = Head(**{name: buffer.address for name, buffer in self._buffers.items()})
        self.state = State.from_address(self._buffers["state"].address)
        self.state.seed = case.seed
        self._out = np.zeros(sum(size for size, _ in self._sizes().values()) + 64, np.uint8)

    def _made_config(self) -> Config:
        case, given, kind = self._case, self._case.config, self._case.kind
        names = {name for name, *_ in Config._fields_}
        shared = {name: value for name, value in vars(given).items() if name in names}
        return Config(
            **shared,
            inputs=case.inputs,
            input_bytes=case.input_bytes,
            bias_feature=case.bias,
            row=_address(self._library, f"bnncl_learn_row_{kind}"),
            update=_address(self._library, f"bnncl_learn_update_{kind}"),
            features_of=_address(self._library, f"test_{kind}"),
        )

    def _sizes(self) -> dict[str, tuple[int, bool]]:
        config = self._case.config
        weights, classes = 2 * config.max_classes * config.features, 4 * config.max_classes
        return {
            "state": (ctypes.sizeof(State), True),
            "cw": (weights, True),
            "past": (classes, True),
            "met": (classes, True),
            "replay_labels": (2 * config.slots, False),
            "replay_latents": (config.slots * config.latent_bytes, False),
            "tw": (weights, False),
            "current": (classes, False),
            "labels": (2 * config.experience, False),
            "latents": (config.experience * config.latent_bytes, False),
            "deltas": (2 * config.max_classes * config.batch, False),
            "inputs": (config.batch * self._case.input_bytes, False),
            "logits": (classes, False),
            "active": (classes, False),
        }

    def _call(self, name: str, *arguments: object) -> None:
        function = getattr(self._library, f"bnncl_learn_{name}")
        status = function(ctypes.byref(self.config), ctypes.byref(self.head), *arguments)
        if status != 0:
            raise Refused(STATUSES[status])

    def begin(self) -> None:
        self._call("begin")

    def sample(self, latent: Latent, label: int) -> None:
        given = Buffer(latent.tobytes())
        try:
            self._call("sample", ctypes.c_void_p(given.address), ctypes.c_uint16(label))
        finally:
            given.finish()

    def step(self, budget: int) -> bool:
        done = ctypes.c_bool(False)
        self._call("step", ctypes.c_uint32(budget), ctypes.byref(done))
        return done.value

    def commit(self) -> None:
        self._call("commit")

    def abort(self) -> None:
        self._call("abort")

    def scores16(self, features: Integers) -> Integers:
        x = features[: self._case.inputs]
        stored = pack(x).tobytes() if self._case.bits else x.astype(np.uint8).tobytes()
        given, scores = Buffer(stored), Buffer(bytes(2 * self._case.config.max_classes))
        self._library.bnncl_learn_scores(
            ctypes.byref(self.config),
            ctypes.byref(self.head),
            ctypes.c_void_p(given.address),
            ctypes.c_void_p(scores.address),
        )
        given.finish()
        return np.frombuffer(scores.finish(), np.int16).astype(np.int64)

    def canonical(self) -> bytes:
        out = ctypes.c_void_p(self._out.ctypes.data)
        size = self._library.test_canonical(ctypes.byref(self.config), ctypes.byref(self.head), out)
        return self._out[:size].tobytes()

    def finish(self) -> None:
        """Check the guards of every array."""
        for buffer in self._buffers.values():
            buffer.finish()

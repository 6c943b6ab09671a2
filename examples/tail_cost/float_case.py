"""What the float32 tail's C program is given: the tail of a case, a minibatch, and how it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnncl.numerics.bits import pack
from bnncl.verification.harness import rows_of
from examples.tail_cost.measure import c_array
from examples.tail_cost.model import HEAD_RATE, TAIL_RATE, Case


@dataclass(frozen=True)
class Learning:
    """The float32 program learns the first `batch` samples `batches` times; `shown`: it prints the result."""

    batch: int
    batches: int = 1
    head_rate: float = HEAD_RATE
    rate: float = TAIL_RATE
    shown: bool = False


def header(case: Case, learning: Learning) -> str:
    """The header tail_case.h of the float32 program."""
    shape, tail, batch = case.shape, case.tail(), learning.batch
    mean, slope = case.shortcut
    statistics = [each for name, each in tail.statistics.items() if name in tail.scales]
    none = np.zeros(shape.channels, np.float32)
    values = {
        "filters": [each.permute(0, 2, 3, 1).flatten() for each in tail.filters.values()],
        "scales": tail.scales.values(),
        "offsets": tail.offsets.values(),
        "slopes": tail.slopes.values(),
        "means": [each for each, _ in statistics],
        "inverses": [1 / each for _, each in statistics],
    }
    arrays = {name: [each.detach().numpy() for each in tensors] for name, tensors in values.items()}
    arrays["at"] = [none, *(each.detach().numpy() for each in tail.signs.values())]
    assert all(len(each) == shape.blocks for each in arrays.values())
    words = pack(case.latents[:batch]).reshape(batch, -1)
    return "\n".join(
        [
            "#include <stdint.h>",
            f"#define TAIL_CHANNELS {shape.channels}u",
            f"#define TAIL_SIZE {shape.size}u",
            "#define TAIL_BORDER 1u",
            f"#define TAIL_BLOCKS {shape.blocks}u",
            f"#define TAIL_CLASSES {len(case.rows)}u",
            f"#define TAIL_BATCH {batch}u",
            f"#define TAIL_BATCHES {learning.batches}u",
            f"#define TAIL_SHOWN {int(learning.shown)}",
            f"#define TAIL_HEAD_RATE {learning.head_rate}f",
            f"#define TAIL_RATE {learning.rate}f",
            *(_floats(f"tail_{name}[TAIL_BLOCKS][{len(each[0])}]", each) for name, each in arrays.items()),
            _floats("tail_shortcut_mean[TAIL_CHANNELS]", mean),
            _floats("tail_shortcut_slope[TAIL_CHANNELS]", slope),
            _floats("tail_rows[TAIL_CLASSES][TAIL_CHANNELS]", case.rows),
            f"static const uint32_t tail_latents[TAIL_BATCH][{words.shape[1]}] = {{{rows_of(words)}}};",
            c_array("uint32_t", "tail_labels", case.labels[:batch]),
            "",
        ]
    )


def _floats(name: str, data: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> str:
    """A C array with nothing lost of its numbers."""
    numbers = np.asarray(data, np.float32)
    text = ",".join(f"{number:.9e}f" for number in numbers.ravel().tolist())
    if numbers.ndim > 1:
        rows = (",".join(f"{number:.9e}f" for number in row) for row in numbers.tolist())
        text = "{" + "},{".join(rows) + "}"
    return f"static const float {name} = {{{text}}};"

"""What a learned sample costs on cores, in instructions: a head of 512 inputs and 10 classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bnncl.interp.head import HeadConfig
from bnncl.resources import runtime_dir
from bnncl.targets import TARGETS, Target
from bnncl.toolchain.compilers import compile_elf
from bnncl.toolchain.count import counter_files
from bnncl.toolchain.emulate import run_elf
from tests.learning.cases import head_text
from tests.learning.native import learning_sources
from tests.learning.program import Case
from tests.tools import require_target

HERE = Path(__file__).parent
CONFIG = HeadConfig(
    features=513,
    max_classes=10,
    latent_bytes=64,
    slots=100,
    experience=48,
    q_forward=8,
    q_backward=16,
    weight_exponent=12,
    softmax_multiplier=8_000,
    softmax_shift=10,
    rate_multiplier=3_000,
    rate_shift=16,
    stochastic=True,
    new_per_step=16,
    replay_per_step=32,
    epochs=1,
    score_shift=1,
)


def measured(target: Target, folder: Path) -> dict[str, float]:
    """Instructions of a sample forward and of a sample's share of the updates, without the frozen ops."""
    text = head_text(Case("measured", CONFIG, True, 16, 1), 0)
    text = text.replace("features_of = stimulus_bits", "features_of = stimulus_copied")
    (folder / "measured.h").write_text(f"#define MEASURED_LATENT {CONFIG.latent_bytes}\n{text}")
    files = counter_files(target)
    elf = compile_elf(
        target,
        [HERE / "measure.c", *learning_sources(target.features), *files.sources],
        [runtime_dir() / "include", HERE, folder, *files.include_dirs],
        files.defines,
        folder / "measure.elf",
    )
    counted = re.findall(r"(\w+) (\d+)", run_elf(target, elf, icount=True).stdout)
    samples = CONFIG.experience // CONFIG.new_per_step * CONFIG.batch
    rows = CONFIG.experience // CONFIG.new_per_step * CONFIG.max_classes
    found = {kind: [int(count) for name, count in counted if name == kind] for kind in ("forward", "update")}
    assert (len(found["forward"]), len(found["update"])) == (samples, rows)
    return {kind: sum(counts) / samples for kind, counts in found.items()}


@pytest.mark.parametrize(
    ("name", "forward", "update"), [("cortex-m7", 20_000, 20_500), ("cortex-m0plus", 61_000, 41_000)]
)
def test_a_learned_sample_costs_no_more_than_it_did(
    name: str, forward: int, update: int, tmp_path: Path
) -> None:
    target = TARGETS[name]
    require_target(target)
    found = measured(target, tmp_path)
    assert forward * 0.5 < found["forward"] < forward
    assert update * 0.5 < found["update"] < update

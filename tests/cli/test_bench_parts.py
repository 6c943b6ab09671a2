"""Bounds, seeded models and inputs, and what docs/bench.md and the stored baseline say of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bnncl.bench.bounds import ANCHORS, bound
from bnncl.bench.measure import code_bytes
from bnncl.bench.models import activations, one_layer
from bnncl.bench.results import stored_bench
from bnncl.bench.shapes import SHAPES, shapes
from bnncl.cli.main import main
from bnncl.targets import TARGETS
from bnncl.verification.harness import Sources
from tests.tools import ROOT, require_target

MANUAL = (ROOT / "docs" / "bench.md").read_text()
WORDS = 32 * 4000


@pytest.mark.parametrize(
    ("name", "instructions", "cycles"),
    [
        ("cortex-m0plus", 2.75, 3.25),
        ("cortex-m3", 2.75, 2.75),
        ("cortex-m4", 2.75, 2.75),
        ("cortex-m33", 2.75, 2.75),
        ("cortex-m7", 2.75, 1.375),
        ("cortex-m55", 0.6875, 1.125),
        ("rv32imac", 2.75, None),
        ("aarch64", 0.5, None),
    ],
)
def test_bounds_for_a_word_at_one_half(name: str, instructions: float, cycles: float | None) -> None:
    found = bound(name, WORDS, 0.5)
    assert found is not None
    assert found.instructions == 4000 * instructions
    assert found.cycles == (None if cycles is None else 4000 * cycles)


def test_bounds_follow_the_rarer_value() -> None:
    each = [bound("cortex-m4", WORDS, density) for density in (0, 0.1, 0.9, 1)]
    assert each[0] == each[3]
    assert each[1] == each[2]
    assert [found and found.instructions for found in each[:2]] == [0, 2200]
    assert bound("host", WORDS, 0.5) is None


def test_every_core_of_32_bits_has_a_bound() -> None:
    assert {name for name, each in TARGETS.items() if each.word_bits == 32} <= set(ANCHORS)


@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 1.0])
def test_inputs_hold_the_density_exactly(density: float) -> None:
    (spec,) = shapes(("odd",))
    x = activations(spec, density).numpy()
    assert x.shape == (1, 72, 7, 7)
    assert int((x == -1).sum()) == round(density * x.size)
    assert set(np.unique(x)) <= {-1.0, 1.0}
    assert np.array_equal(x, activations(spec, density).numpy())


def test_models_are_the_same_whenever_they_are_made() -> None:
    for spec in SHAPES:
        first, second = one_layer(spec).state_dict(), one_layer(spec).state_dict()
        assert all(np.array_equal(first[name].numpy(), second[name].numpy()) for name in first)


def test_signs_behind_a_layer_are_neither_all_the_same_nor_rare() -> None:
    """A threshold out of reach would leave a wrong sum unseen."""
    for spec in shapes(("A", "odd", "A-plus", "FC")):
        model = one_layer(spec)
        for density in (0.1, 0.5, 0.9):
            sums = model.norm(model.layer(activations(spec, density)))
            assert 0.2 < float((sums < 0).float().mean()) < 0.8


def test_code_is_that_of_a_kernel_and_of_what_it_calls(tmp_path: Path) -> None:
    """Each function once, though they call each other, and none that is not called."""
    require_target(TARGETS["rv32imac"])
    kernels = tmp_path / "src" / "bnncl"
    kernels.mkdir(parents=True)
    for name, called in (("one", "two"), ("two", "three"), ("three", "two"), ("other", "one")):
        text = f"void bnncl_{name}(int *x);\nvoid bnncl_{called}(int *x);\n"
        text += f"void bnncl_{name}(int *x)\n{{\n    bnncl_{called}(x);\n    *x += 1;\n}}\n"
        (kernels / f"bnncl_{name}.c").write_text(text)
    sources = Sources(tmp_path, "model", 1)

    def size(name: str) -> int:
        return code_bytes(sources, TARGETS["rv32imac"], f"bnncl_{name}")

    alone = size("two") // 2
    assert size("two") == size("three") == 2 * alone > 0
    assert size("one") == 3 * alone
    assert size("other") == 4 * alone


def test_the_manual_names_every_shape_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    table = dict(re.findall(r"^\| `([\w-]+)` \| (\S.*) \|$", MANUAL, re.M))
    assert {layer.name: layer.about for layer in SHAPES}.items() <= table.items()
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    options = set(re.findall(r"--[\w-]+", capsys.readouterr().out)) - {"--help", "--quiet", "--verbose"}
    assert {option for option in options if option not in MANUAL} == set()


def test_the_stored_baseline_is_of_these_shapes_and_targets() -> None:
    held = stored_bench(ROOT / "docs" / "bench_baseline.json")
    assert {row.shape for row in held.rows} <= {layer.name for layer in SHAPES}
    assert {row.target for row in held.rows} <= set(TARGETS)
    assert {row.kernels for row in held.rows} == {"auto", "xnor"}
    assert len({row.key for row in held.rows}) == len(held.rows)
    assert not held.problems

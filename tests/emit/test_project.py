"""Generated projects compile with one line, pass their own tests, and notice what was broken on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bnncl.emit import render
from bnncl.emit.stored import stored
from bnncl.kernels.selection import Preference
from bnncl.resources import runtime_dir
from bnncl.targets.flags import WARNINGS
from tests.emit.build import HOOKS, README_LINE, SANITIZERS, golden_test, project, run, sources
from tests.emit.models import GRAPHS, cnn, spec, spec_of
from tests.tools import require_tool

FAMILIES: tuple[Preference, ...] = ("xnor", "vertical")


@pytest.mark.parametrize("kind", GRAPHS)
def test_one_line_builds_and_checks_the_model(tmp_path: Path, kind: str):
    folder = project(spec(kind), tmp_path / "out")
    ran = run(README_LINE, folder)
    assert ran.code == 0, ran.text
    assert f"{kind}: " in ran.text
    assert "self-test: passed\n" in ran.text


@pytest.mark.parametrize("kernels", FAMILIES)
@pytest.mark.parametrize("kind", GRAPHS)
def test_every_op_equals_the_reference_under_sanitizers(tmp_path: Path, kind: str, kernels: Preference):
    ran = golden_test(project(spec(kind, kernels=kernels), tmp_path / "out"))
    assert ran.code == 0, ran.text
    coded = [op for op in spec(kind).report.ops if op.kernel]
    assert f"{len(coded) + 2} Tests 0 Failures 0 Ignored" in ran.text


def test_generating_twice_gives_the_same_bytes():
    again = spec_of(cnn(), "cnn", ("cortex-m7",))
    assert render(again) == render(spec("cnn", "cortex-m7"))


@pytest.mark.parametrize("compiler", ["gcc", "clang", "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"])
def test_every_file_compiles_without_a_warning(tmp_path: Path, compiler: str):
    require_tool(compiler)
    libc = [] if compiler in ("gcc", "clang") else ["--specs=picolibc.specs"]
    core = ["-mcpu=cortex-m0plus", "-mthumb"] if compiler.startswith("arm") else []
    for kind in ("cnn", "gapped", "quantised"):
        folder = project(spec(kind, kernels="vertical"), tmp_path / kind)
        words = [compiler, "-std=c99", "-O2", *WARNINGS, *libc, *core, "-Iinclude", "-Isrc", "-c"]
        built = run([*words, *HOOKS, *sources(folder, "test/test_golden/*.c")], folder)
        assert built.code == 0, built.text
        built = run([*words, "src/main.c", f"src/{kind}_infer.c"], folder)
        assert built.code == 0, built.text


@pytest.mark.parametrize("compiler", ["gcc", "aarch64-linux-gnu-gcc"])
def test_code_for_neon_compiles_at_any_address_and_elsewhere(tmp_path: Path, compiler: str):
    require_tool(compiler)
    folder = project(spec("cnn", "aarch64", kernels="vertical"), tmp_path / "out")
    assert (folder / "src" / "bnncl" / "bnncl_add_wide128.c").read_text().count("arm_neon.h") == 1
    libc = [] if compiler == "gcc" else ["--specs=picolibc.specs"]
    words = [compiler, "-std=c99", "-O2", "-fPIC", *WARNINGS, *libc, "-Iinclude", "-Isrc", "-c"]
    built = run([*words, *(path for path in sources(folder) if "wide" in path)], folder)
    assert built.code == 0, built.text


def test_header_is_also_cxx(tmp_path: Path):
    require_tool("g++")
    folder = project(spec("cnn"), tmp_path / "out")
    (folder / "use.cpp").write_text(
        '#include "cnn.h"\nCNN_DEFINE_CONTEXT(context);\ncnn_ctx *where = &context;\n'
    )
    built = run(["g++", "-Wall", "-Wextra", "-Werror", "-Iinclude", "-c", "use.cpp"], folder)
    assert built.code == 0, built.text


def edit(path: Path, pattern: str, change: Callable[[re.Match[str]], str]) -> None:
    text, count = re.subn(pattern, change, path.read_text(), count=1)
    assert count == 1, pattern
    path.write_text(text)


def flip(bit: int) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found[1]}0x{int(found[2], 16) ^ bit:08x}"


def test_flipped_filter_bit_is_found_at_its_op_channel_and_position(tmp_path: Path):
    folder = project(spec("cnn"), tmp_path / "out")
    pattern = r"(cnn_features_3_filter\[\d+\] BNNCL_WEIGHTS_SECTION = {\n    )0x([0-9a-f]{8})"
    for bit in range(8):
        edit(folder / "src" / "cnn_weights.c", pattern, flip(1 << bit))
        ran = golden_test(folder, "gcc", "-O1")
        if ran.code:
            break
        edit(folder / "src" / "cnn_weights.c", pattern, flip(1 << bit))
    first = next(line for line in ran.text.splitlines() if ":FAIL: " in line)
    where = r"op 2 \(BinaryConv, features\.3\), sample 0, row \d, column \d, channel 0: expected -?1 was -?1"
    assert re.search(where, first), ran.text


def test_changed_score_fails_the_self_test(tmp_path: Path):
    folder = project(spec("mlp"), tmp_path / "out")
    edit(
        folder / "src" / "mlp_weights.c",
        r"(mlp_fc3_rescale_bias\[5\] BNNCL_WEIGHTS_SECTION = {\n    )(\d+)",
        lambda found: f"{found[1]}{int(found[2]) + (1 << 24)}",
    )
    ran = run(README_LINE, folder)
    assert ran.code == 1
    assert "self-test: FAILED" in ran.text
    golden = golden_test(folder)
    assert re.search(r"FAIL: op 2 \(BinaryConv, fc3\), sample 0, row 0, column 0, channel 0: ", golden.text)


def test_changed_expectation_is_found(tmp_path: Path):
    folder = project(spec("mlp"), tmp_path / "out")
    edit(
        folder / "test" / "test_golden" / "golden_vectors.c",
        r"(op_1\[2\] = {\n    )0x([0-9a-f]{8})",
        flip(1 << 9),
    )
    ran = golden_test(folder)
    assert ran.code == 1
    assert "FAIL: op 1 (BinaryConv, fc2), sample 0, row 0, column 0, channel 9: expected" in ran.text
    assert "5 Tests 1 Failures 0 Ignored" in ran.text


def test_changed_crc_of_a_later_sample_is_found(tmp_path: Path):
    folder = project(spec("mlp"), tmp_path / "out")
    vectors = folder / "test" / "test_golden" / "golden_vectors.c"
    edit(vectors, r"(op_0_crcs\[\] = { 0x[0-9a-f]{8}u, )0x([0-9a-f]{8})", flip(1))
    assert "FAIL: op 0 (BinaryConv, fc1), sample 2: the CRC-32 differs" in golden_test(folder).text


TWO_CONTEXTS = """
#include "mlp.h"
#include <stdio.h>
#include <string.h>
MLP_DEFINE_CONTEXT(one);
MLP_DEFINE_CONTEXT(two);
static const mlp_input inputs[2][MLP_INPUT_LEN] = { %s };
int main(void)
{
    int16_t scores[3][MLP_MAX_CLASSES];
    bnncl_status status[3];
    if (mlp_infer(&one, inputs[0], scores[0]) != BNNCL_BAD_ARGUMENT) {
        return 4;
    }
    if (mlp_init(NULL, 1u) != BNNCL_BAD_ARGUMENT) {
        return 2;
    }
    mlp_init(&one, 1u);
    mlp_init(&two, 1u);
    status[0] = mlp_infer(&one, inputs[0], scores[0]);
    status[1] = mlp_infer(&two, inputs[1], scores[1]);
    status[2] = mlp_infer(&one, inputs[0], scores[2]);
    if (mlp_infer(&one, NULL, scores[0]) != BNNCL_BAD_ARGUMENT) {
        return 3;
    }
    for (int i = 0; i < MLP_CLASSES; i++) {
        printf("%%d %%d ", scores[0][i], scores[1][i]);
    }
    return status[0] || status[1] || status[2] || memcmp(scores[0], scores[2], sizeof scores[0]) != 0;
}
"""


def test_two_contexts_do_not_meet(tmp_path: Path):
    made = spec("mlp")
    folder = project(made, tmp_path / "out")
    source = made.graph.type_of("input")
    rows = ["{" + ",".join(map(str, stored(sample, source))) + "}" for sample in made.golden.inputs[:2]]
    (folder / "two.c").write_text(TWO_CONTEXTS % ",".join(rows))
    files = [path for path in sources(folder) if path != "src/main.c"]
    built = run(["gcc", "-std=c99", *SANITIZERS, "-Iinclude", "-Isrc", *files, "two.c", "-o", "two"], folder)
    assert built.code == 0, built.text
    ran = run(["./two"], folder)
    assert ran.code == 0, ran.text
    expected = made.golden.values[made.graph.outputs[0]][:2].reshape(2, -1)
    assert np.array_equal(np.array(ran.text.split(), int).reshape(-1, 2).T, expected)


TWO_MODELS = """
#include "cnn.h"
#include "mlp.h"
CNN_DEFINE_CONTEXT(seeing);
static mlp_ctx thinking;
BNNCL_STATIC_ASSERT(MLP_WORKSPACE_BYTES <= CNN_WORKSPACE_BYTES, shared);
int main(void)
{
    thinking.workspace.at = (mlp_workspace *)(void *)&seeing_workspace;
    return cnn_init(&seeing, 1u) || mlp_init(&thinking, 1u) || cnn_selftest(&seeing)
           || mlp_selftest(&thinking) || cnn_selftest(&seeing);
}
"""


def test_two_models_share_kernels_and_workspace_in_one_program(tmp_path: Path):
    folders = [project(spec(kind), tmp_path / kind) for kind in ("cnn", "mlp")]
    files = {
        path: folder / path for folder in folders for path in sources(folder) if path.startswith("src/bnncl/")
    }
    own = [
        folder / path for folder in folders for path in sources(folder) if not path.startswith("src/bnncl/")
    ]
    (tmp_path / "both.c").write_text(TWO_MODELS)
    includes = [f"-I{folder / sub}" for folder in folders for sub in ("include", "src")]
    names = [str(path) for path in (*files.values(), *own) if path.name != "main.c"]
    built = run(["gcc", "-std=c99", *SANITIZERS, *includes, *names, "both.c", "-o", "both"], tmp_path)
    assert built.code == 0, built.text
    assert run(["./both"], tmp_path).code == 0


def test_nothing_but_four_standard_headers_and_those_of_intrinsics_is_included():
    allowed = {"stdint.h", "stddef.h", "stdbool.h", "string.h"}
    of_cores = {path.name for path in (runtime_dir() / "port").glob("*/*.c")}
    for path, content in render(spec("cnn", kernels="vertical")).items():
        if path.startswith(("src/", "include/")) and path != "src/main.c":
            found = set(re.findall(r"#include <(.*?)>", content.decode()))
            own = {"arm_neon.h", "immintrin.h"} if Path(path).name in of_cores else set()
            assert found <= allowed | own, path


def test_object_files_hold_no_mutable_data_and_call_nothing_but_mem_functions(tmp_path: Path):
    folder = project(spec("quantised", kernels="vertical"), tmp_path / "out")
    files = [path for path in sources(folder) if path != "src/main.c"]
    built = run(["gcc", "-std=c99", "-O2", "-fno-pie", "-Iinclude", "-Isrc", "-c", *files], folder)
    assert built.code == 0, built.text
    symbols = run("nm *.o", folder).text
    assert not re.findall(r" [dDbBC] \w+", symbols), "mutable data"
    wanted = set(re.findall(r"^ +U (\w+)", symbols, re.M))
    defined = set(re.findall(r"^[0-9a-f]+ [TR] (\w+)", symbols, re.M))
    assert wanted - defined <= {
        "memcpy",
        "memset",
        "memmove",
        "memcmp",
        "_GLOBAL_OFFSET_TABLE_",
        "__stack_chk_fail",
        "__cpu_model",  # by which the compiler's library knows what the processor can do
    }


def test_sections_are_placed_where_macros_say(tmp_path: Path):
    folder = project(spec("mlp"), tmp_path / "out")
    places = {"BNNCL_WEIGHTS_SECTION": ".wts", "MLP_CONTEXT_SECTION": ".ctx", "MLP_SCRATCH_SECTION": ".scr"}
    defines = [f'-D{macro}=__attribute__((section("{name}")))' for macro, name in places.items()]
    built = run(
        ["gcc", "-std=c99", *defines, "-Iinclude", "-Isrc", *sources(folder), "-o", "selftest"], folder
    )
    assert built.code == 0, built.text
    headers = run(["objdump", "-h", "selftest"], folder).text
    assert all(f" {name} " in headers for name in places.values())
    assert run(["./selftest"], folder).code == 0

"""`bnncl verify`: whether the C computes what the model says."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from bnncl.diagnostics import EXIT_OK, EXIT_VERIFICATION_FAILED
from bnncl.driver.project import stored_inputs
from bnncl.frontend.calibration import read_npz
from bnncl.verification.opened import open_project
from bnncl.verification.verify import Data, Verification, environment, verify

NAME = "verify"
HELP = "Build a generated project and compare every layer with the reference, bit for bit."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("project", type=Path, metavar="OUT", help="folder that bnncl-compile has written")
    parser.add_argument(
        "--env",
        action="append",
        metavar="NAME",
        help="native (default), qemu_cortex_m7, ...; may be repeated",
    )
    parser.add_argument("--data", type=Path, metavar="DATA.npz", help="arrays x (NCHW) and y; default: noise")
    parser.add_argument("--samples", type=int, help="use only the first N samples of the data")
    parser.add_argument("--no-count", action="store_true", help="do not count instructions")


def run(args: argparse.Namespace) -> int:
    """Verify in each environment; returns the exit code."""
    targets = [environment(name) for name in args.env or ["native"]]
    data = None if args.data is None else _data(args)
    results = [verify(args.project, target, data, measure=not args.no_count) for target in targets]
    if args.report == "json":
        print(json.dumps({"environments": [_as_json(result) for result in results]}, indent=2))
    else:
        for result in results:
            print(_as_text(result))
    return EXIT_OK if all(result.passed for result in results) else EXIT_VERIFICATION_FAILED


def _data(args: argparse.Namespace) -> Data:
    arrays = read_npz(args.data)
    graph = open_project(args.project).graph
    x, labels = arrays["x"][: args.samples], arrays.get("y")
    return Data(
        stored_inputs(x, graph),
        None if labels is None else np.asarray(labels)[: args.samples],
        f"{len(x)} samples of {args.data}",
    )


def _as_json(result: Verification) -> dict[str, Any]:
    return {
        "environment": result.environment,
        "passed": result.passed,
        "findings": list(result.findings),
        "edited_files": list(result.edited),
        "data": result.data,
        "samples": result.comparison.samples,
        "ops": result.comparison.ops,
        "elements_compared": result.comparison.elements,
        "accuracy": result.accuracy,
        "instructions": list(result.instructions),
        "flash_bytes": result.flash,
        "ram_bytes": result.ram,
    }


def _as_text(result: Verification) -> str:
    compared = result.comparison
    lines = [f"{result.environment}: {'passed' if result.passed else 'FAILED'}"]
    lines += [f"  differs: {finding}" for finding in result.findings]
    lines += [f"  edited since it was generated: {path}" for path in result.edited]
    lines.append(
        f"  {compared.elements} elements of {compared.ops} ops compared, {compared.samples} samples "
        f"({result.data})"
    )
    if result.accuracy is not None:
        lines.append(f"  accuracy {100 * result.accuracy:.2f} %")
    if result.instructions:
        mean = sum(result.instructions) // len(result.instructions)
        lines.append(f"  {mean} instructions an inference")
    lines.append(
        f"  smallest firmware: {result.flash} bytes of flash, {result.ram} bytes of RAM without stack"
    )
    return "\n".join(lines)

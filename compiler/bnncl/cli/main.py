"""`bnncl <verb>` and `bnncl-compile`: parsing, exit codes, and how errors are shown."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from bnncl.cli import bench as bench_verb
from bnncl.cli import compile as compile_verb
from bnncl.cli import simulate as simulate_verb
from bnncl.cli import state as state_verb
from bnncl.cli import targets as targets_verb
from bnncl.cli import values
from bnncl.cli import verify as verify_verb
from bnncl.cli.common import TEXT_FORMS, add_common
from bnncl.diagnostics import BnnclError, Problem, UsageError
from bnncl.version import VERSION

_VERBS = (compile_verb, verify_verb, targets_verb, simulate_verb, state_verb, bench_verb)
_INTERRUPTED = 130
_BROKEN_PIPE = 141
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `bnncl` with `argv` (the process's own by default); returns the exit code."""
    parser = argparse.ArgumentParser("bnncl", description="Binary neural networks that learn, as plain C.")
    parser.add_argument("--version", action="version", version=f"bnncl {VERSION}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for verb in _VERBS:
        sub = verbs.add_parser(verb.NAME, help=verb.HELP, description=verb.HELP)
        verb.configure(sub)
        add_common(sub, forms=getattr(verb, "FORMS", TEXT_FORMS))
        sub.set_defaults(run=verb.run)
    return _run(parser.parse_args(values.glued(sys.argv[1:] if argv is None else argv)))


def compile_main(argv: Sequence[str] | None = None) -> int:
    """Run `bnncl-compile`, which is `bnncl compile`."""
    parser = argparse.ArgumentParser("bnncl-compile", description=compile_verb.HELP)
    parser.add_argument("--version", action="version", version=f"bnncl {VERSION}")
    compile_verb.configure(parser)
    add_common(parser)
    parser.set_defaults(run=compile_verb.run)
    return _run(parser.parse_args(values.glued(sys.argv[1:] if argv is None else argv)))


def _run(args: argparse.Namespace) -> int:
    logging.basicConfig(
        stream=sys.stderr,
        level=_LEVELS[args.verbose - args.quiet],
        format="%(levelname)s: %(message)s",
        force=True,
    )
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except BnnclError as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        why = "A file, a folder or a program could not be used."
        message = f"{error.strerror or error}"
        return _refused(UsageError(Problem("system-error", message, str(error.filename or ""), why)))
    return code


def _refused(error: BnnclError) -> int:
    for problem in error.problems:
        print(f"error: {problem}", file=sys.stderr)
    return error.exit_code

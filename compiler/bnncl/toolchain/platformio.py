"""Runs PlatformIO on a project, without ever waiting for its registry.

PlatformIO retries for a minute where it wants a package and cannot reach the registry, and no setting
shortens that. So what an environment needs is looked for first, and PlatformIO is not started where
something is missing.
"""

from __future__ import annotations

import configparser
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bnncl.diagnostics import Problem, UsageError, VerificationFailed
from bnncl.resources import runtime_dir
from bnncl.toolchain.emulate import RunResult

_LOCAL_SCHEMES: Final = ("symlink://", "file://")


def core_dir() -> Path:
    """The folder of PlatformIO's packages.

    That is $PLATFORMIO_CORE_DIR if set, else the one that `make setup` fills in a checkout, else
    PlatformIO's own default in the home folder.
    """
    named = os.environ.get("PLATFORMIO_CORE_DIR")
    if named:
        return Path(named)
    prepared = runtime_dir().parent / "build" / "platformio"
    return prepared if _has_package(prepared, "tool-scons") else Path.home() / ".platformio"


def environment(core: Path | None = None) -> dict[str, str]:
    """The environment variables that PlatformIO is run with: `core` for packages, no calls home."""
    return {
        **os.environ,
        "PLATFORMIO_CORE_DIR": str(core or core_dir()),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_NO_ANSI": "true",
    }


def find_pio() -> Path:
    """Where the program `pio` is; `UsageError` with the slug `missing-platformio` if nowhere."""
    beside = Path(sys.executable).parent / "pio"
    found = str(beside) if beside.is_file() else shutil.which("pio")
    if found is None:
        raise UsageError(
            Problem(
                slug="missing-platformio",
                message="PlatformIO is not installed",
                where="pio",
                why="The project's PlatformIO environments are built with it.",
                hint="pip install platformio, or build with the one cc line of the project's README.",
            )
        )
    return Path(found)


def missing_packages(
    project_dir: Path, environments: Sequence[str] = (), core: Path | None = None
) -> tuple[str, ...]:
    """What the `environments` of a project (its default ones if empty) need and is not installed.

    A platform that the project brings itself is looked for in the project; any other in `core`, as are
    the packages that `platform_packages` names.
    """
    folder = core or core_dir()
    config = _read_ini(project_dir)
    missing = [] if _has_package(folder, "tool-scons") else ["tool-scons"]
    for name in environments or _default_environments(config):
        spec = _option(config, f"env:{name}", "platform")
        if spec and not _is_installed(spec, project_dir, folder):
            missing.append(f"platform {spec} of environment {name}")
        for package in _option(config, f"env:{name}", "platform_packages").replace(",", "\n").splitlines():
            if package and not _is_held(package, folder):
                missing.append(f"package {package.strip()} of environment {name}")
    return tuple(missing)


def run_pio(
    command: str,
    project_dir: Path,
    environments: Sequence[str] = (),
    *,
    arguments: Sequence[str] = (),
    core: Path | None = None,
    timeout_s: float = 300,
) -> RunResult:
    """Run `pio COMMAND` (`run` or `test`) on `environments` of a project (its default ones if empty).

    Raises `UsageError` (`missing-platformio`; `missing-pio-package`, at once) and
    `VerificationFailed` (`pio-timeout`). Whether the build or the tests passed is the exit code.
    """
    pio = find_pio()
    missing = missing_packages(project_dir, environments, core)
    if missing:
        raise UsageError(*(_missing_package(what, core or core_dir()) for what in missing))
    chosen = [word for name in environments for word in ("-e", name)]
    words = [str(pio), command, "-d", str(project_dir), *chosen, *arguments]
    return _run_group(words, project_dir, environment(core), timeout_s)


def _missing_package(what: str, folder: Path) -> Problem:
    return Problem(
        slug="missing-pio-package",
        message=f"PlatformIO has not installed: {what}",
        where=str(folder),
        why="It would be downloaded from PlatformIO's registry, which is never waited for.",
        hint="Run `pio pkg install -d PROJECT` once where the registry can be reached, or `make setup`.",
    )


def _run_group(words: list[str], folder: Path, variables: Mapping[str, str], timeout_s: float) -> RunResult:
    """Run `words` in a session of its own, so that a time-out also ends what it started."""
    with subprocess.Popen(
        words,
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            raise VerificationFailed(
                Problem(
                    slug="pio-timeout",
                    message=f"PlatformIO did not end within {timeout_s:g} s and was stopped",
                    where=" ".join(words[1:]),
                    why=f"Its last words: {said.decode(errors='replace').strip()[-400:]}",
                )
            ) from error
    return RunResult(said.decode(errors="replace"), process.returncode)


def _has_package(core: Path, name: str) -> bool:
    return (core / "packages" / name / ".piopm").is_file()


def _is_held(spec: str, core: Path) -> bool:
    """Whether `core` has a tool of the name in `spec`; a second version of it lies in NAME@VERSION."""
    if any(scheme in spec for scheme in _LOCAL_SCHEMES):
        return True
    name = _bare_name(spec)
    return any(core.glob(f"packages/{name}/.piopm")) or any(core.glob(f"packages/{name}@*/.piopm"))


def _bare_name(spec: str) -> str:
    """`name` of [owner/]name[@version]."""
    return spec.split("@", maxsplit=1)[0].strip().split("/")[-1]


def _read_ini(project_dir: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(
        interpolation=None, inline_comment_prefixes=("#", ";"), strict=False, delimiters=("=",)
    )
    path = project_dir / "platformio.ini"
    try:
        config.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise UsageError(
            Problem(
                slug="not-a-pio-project",
                message=f"platformio.ini cannot be read: {error}",
                where=str(project_dir),
            )
        ) from error
    return config


def _default_environments(config: configparser.ConfigParser) -> Iterable[str]:
    chosen = config.get("platformio", "default_envs", fallback="").replace(",", " ").split()
    return chosen or [
        section.removeprefix("env:") for section in config.sections() if section.startswith("env:")
    ]


def _option(config: configparser.ConfigParser, section: str, name: str) -> str:
    """The value of an option as PlatformIO finds it: the section, what it extends, then [env]."""
    for place in (section, *config.get(section, "extends", fallback="").replace(",", " ").split(), "env"):
        if config.has_option(place, name):
            return config.get(place, name).strip()
    return ""


def _is_installed(spec: str, project_dir: Path, core: Path) -> bool:
    for scheme in _LOCAL_SCHEMES:
        _, found, path = spec.partition(scheme)
        if found:
            here = path.replace("${PROJECT_DIR}", str(project_dir.resolve()))
            return (project_dir / here / "platform.json").is_file()
    return (core / "platforms" / _bare_name(spec) / "platform.json").is_file()

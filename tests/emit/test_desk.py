"""The package for CPython: its files, its stub, how it is compiled, and what it says where that fails."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bnncl.diagnostics import UsageError
from bnncl.driver.options import Options
from bnncl.emit import ProjectSpec, render, write
from bnncl.emit.desk_files import desk_files
from bnncl.targets.flags import WARNINGS
from tests.e2e.tails import tail_program
from tests.emit.models import spec, spec_of
from tests.micropython.desk import Desk, desk_of
from tests.tools import require_tool

OLDEST = (3, 9)
FORMS = ("micropython",)
NAMES = ("cnn", "mlp", "quantised", "tail")


def spec_named(name: str) -> ProjectSpec:
    found = spec_of(tail_program(), "tail") if name == "tail" else spec(name)
    return replace(found, emit=FORMS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that learns."""
    folder = tmp_path_factory.mktemp("desk") / "tail"
    write(render(spec_named("tail")), folder)
    return folder


@pytest.fixture(scope="module")
def desk(project: Path) -> Desk:
    return desk_of([project])


def imported(project: Path, folder: Path, script: str = "", **environment: str) -> str:
    """What an import of the project's package says: the last line of the error, or nothing."""
    said = Desk((project / "desk",)).start(f"import {project.name}\n{script}", folder, **environment)
    assert said.returncode == 0 or "Traceback" in said.stderr
    return said.stderr.partition("ImportError: ")[2] or said.stderr


def test_its_files() -> None:
    always = {"__init__.py", "__init__.pyi", "_arguments.py", "_host.c", "_library.py", "py.typed"}
    for name in NAMES:
        wanted = always | ({"_storage.py"} if name == "tail" else set())
        assert set(desk_files(spec_named(name))) == {f"desk/{name}/{file}" for file in wanted}
    assert not [path for path in render(spec("cnn")) if path.startswith("desk/")]


@pytest.mark.parametrize("name", NAMES)
def test_its_python_is_as_old_as_it_says_and_tidy(name: str, tmp_path: Path) -> None:
    for path, content in desk_files(spec_named(name)).items():
        if path.endswith((".py", ".pyi")):
            ast.parse(content, feature_version=OLDEST)
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["--select", "E,F,W,I,B,C90,SIM,RET", "--line-length", "110", "--target-version", "py39"]
    for words in (["check", *rules], ["format", "--check", "--line-length", "110"]):
        done = subprocess.run(
            [*ruff, *words, "--isolated", "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_its_c_gives_no_warning(name: str, tmp_path: Path) -> None:
    require_tool("cc")
    write(render(spec_named(name)), tmp_path / name)
    words = ["cc", "-std=c99", *WARNINGS, "-Iinclude", "-Isrc", "-c", f"desk/{name}/_host.c", "-o", "host.o"]
    done = subprocess.run(words, cwd=tmp_path / name, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


USER = """
import array, io, socket
import tail

class Flash:
    def readblocks(self, block: int, buffer: bytearray) -> int:
        return 0
    def writeblocks(self, block: int, buffer: bytearray) -> int:
        return 0
    def ioctl(self, operation: int, argument: int) -> int:
        return 0

class Classifier(tail.Model):
    def best(self, image: memoryview) -> int:
        scores = self.predict(image)
        return scores.index(max(scores))

def teach(image: bytes, label: int, flash: Flash) -> str:
    m = Classifier(seed=3)
    m.begin()
    m.sample(array.array("B", image), label)
    while not m.step() and not m.step(5):
        pass
    m.commit()
    with open("state", "wb") as out:
        m.save(out)
    with open("state", "rb") as back:
        m.load(back)
    m.save(io.BytesIO())
    m.load(io.BytesIO())
    m.save(socket.socket().makefile("wb"))
    m.save(flash)
    m.load(flash)
    m.abort()
    info = m.info()
    room: int = info["max_classes"] - info["classes"]
    return f"{info['name']} {room} {m.best(memoryview(image))}"
"""
WRONG = (
    "tail.Model('a')",
    "tail.Model().predict('text')",
    "tail.Model().sample(b'', '3')",
    "tail.Model().step(budget=3)",
    "tail.Model().save(5)",
    "tail.Model().load(open('state', 'wb').name)",
    "tail.Model().info()['weights']",
    "tail.Model().weights",
)


def checked(folder: Path, module: str, *words: str) -> str:
    """What mypy says of types in `folder`, with the project's package."""
    environment = {**os.environ, "MYPYPATH": module, "PYTHONPATH": module}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_its_stub_suits_a_program(project: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text("import tail\n" + "\n".join(WRONG))
    said = checked(tmp_path, str(project / "desk"), "mypy", "--strict", "user.py", "wrong.py")
    errors = [line for line in said.splitlines() if ": error: " in line]
    assert [line.partition(":")[0] for line in errors] == ["wrong.py"] * len(WRONG), said
    assert [line.split(":")[1] for line in errors] == [str(at + 2) for at in range(len(WRONG))]


def test_its_stub_says_what_the_package_is(project: Path, tmp_path: Path) -> None:
    require_tool("cc")
    said = checked(tmp_path, str(project / "desk"), "mypy.stubtest", "tail")
    assert "Success" in said, said
    stub = ast.parse((project / "desk" / "tail" / "__init__.pyi").read_text())
    [model] = (each for each in stub.body if isinstance(each, ast.ClassDef) and each.name == "Model")
    methods = [each for each in model.body if isinstance(each, ast.FunctionDef)]
    assert len(methods) == 10
    assert ast.get_docstring(stub)
    assert ast.get_docstring(model)
    assert all(ast.get_docstring(each) for each in methods)


def test_it_is_compiled_once(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tail"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
    made = copy / "desk" / "tail" / "__pycache__"
    assert imported(copy, tmp_path) == ""
    [library] = made.glob("*.so")
    made_at = library.stat().st_mtime_ns
    assert imported(copy, tmp_path) == ""
    assert [library] == list(made.glob("*.so"))
    assert library.stat().st_mtime_ns == made_at
    assert imported(copy, tmp_path, CC="cc -O1") == ""
    (copy / "include" / "bnncl" / "info.h").open("a").write("/* changed */\n")
    assert imported(copy, tmp_path) == ""
    (copy / "src" / "tail.c").open("a").write("/* changed */\n")
    assert imported(copy, tmp_path) == ""
    assert len(list(made.glob("*.so"))) == 4
    assert [path for path in made.iterdir() if path.is_dir()] == []


def test_a_package_that_nothing_can_be_written_to(project: Path, tmp_path: Path) -> None:
    require_tool("cc")
    copy = tmp_path / "tail"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "desk" / "tail" / "__pycache__").write_text("no folder")
    (tmp_path / "temporary").mkdir()
    script = "print(tail.Model().predict(bytes(48)))"
    assert imported(copy, tmp_path, script, TMPDIR=str(tmp_path / "temporary")) == ""
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("compiler", "texts"),
    [
        ("no-such-compiler", ("'no-such-compiler' does not start", "No such file", "variable CC")),
        ("false", ("false ended with 1", "Set CC to a compiler of C99")),
        ("true", ("cannot load what true made", "not one for the device")),
        ("cc -DTAIL_H", ("cc -DTAIL_H ended with 1", "error: unknown type name")),
    ],
)
def test_a_compiler_that_fails(project: Path, tmp_path: Path, compiler: str, texts: tuple[str, ...]) -> None:
    require_tool("cc")
    said = imported(project, tmp_path, CC=compiler)
    assert said.startswith("tail cannot be compiled: "), said
    assert [text for text in texts if text not in said] == [], said


def test_a_package_without_its_project(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "desk", tmp_path / "lib" / "desk")
    said = Desk((tmp_path / "lib" / "desk",)).start("import tail", tmp_path)
    assert "ImportError: tail cannot be compiled: there are no include/tail.h and src/ in" in said.stderr
    assert "put its folder desk/ on PYTHONPATH" in said.stderr


COPIES = """
import copy, json, pickle
m = tail.Model()
said = []
for of in (copy.copy, copy.deepcopy, pickle.dumps):
    try:
        of(m)
    except TypeError as error:
        said.append(str(error))
assert said == ["a model can be neither copied nor pickled"] * 3, said
"""
THREADS = """
import threading
m = tail.Model()
x = bytes(48)
first = m.predict(x)
found = []
def ask():
    for _ in range(200):
        found.append(m.predict(x) == first)
threads = [threading.Thread(target=ask) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
assert found == [True] * 800
"""
READERS = """
import io, socket

class Slow:
    def __init__(self, data):
        self.held = io.BytesIO(data)
    def readinto(self, data):
        return self.held.readinto(memoryview(data)[:100])

class Chunks:
    def __init__(self):
        self.data = b""
    def write(self, data):
        self.data += bytes(data[:77])
        return len(data[:77])

m = tail.Model(3)
out = Chunks()
m.save(out)
held = io.BytesIO()
m.save(held)
assert out.data == held.getvalue() and len(out.data) == m.info()["saved_bytes"]
m.load(Slow(out.data))
with open("state", "wb", buffering=0) as file:
    m.save(file)
with open("state", "rb", buffering=0) as file:
    m.load(file)
one, other = socket.socketpair()
with one.makefile("wb") as file:
    m.save(file)
with other.makefile("rb") as file:
    m.load(file)
with open("text", "w") as file:
    try:
        m.save(file)
        raise SystemExit("a text was written")
    except TypeError:
        pass
"""


@pytest.mark.parametrize("script", [COPIES, THREADS, READERS], ids=["copies", "threads", "readers"])
def test_what_only_cpython_has(project: Path, tmp_path: Path, script: str) -> None:
    require_tool("cc")
    assert imported(project, tmp_path, script) == ""


SANITIZED = """
import gc, io

class Changing(tail.Model):
    def __init__(self, seed=1):
        super().__init__(seed)

class Flash:
    def __init__(self):
        self.held, self.call = bytearray(32 * 1024), None
    def readblocks(self, block, data):
        if self.call:
            self.call()
            gc.collect()
        data[:] = self.held[block * 512 : block * 512 + len(data)]
    def writeblocks(self, block, data):
        self.held[block * 512 : block * 512 + len(data)] = data
    def ioctl(self, operation, argument):
        return {4: 64, 5: 512}.get(operation)

m, flash = Changing(), Flash()
m.save(flash)
flash.call = lambda: m.__init__(7)
m.save(flash)
m.load(flash)
m.begin()
for at in range(3):
    m.sample(memoryview(bytes(49))[1:], at)
while not m.step(3):
    m.predict(bytes(48))
m.commit()
flash.call = None
m.save(flash)
m.load(flash)
"""


def test_no_memory_is_touched_that_is_not_its_own(project: Path, tmp_path: Path) -> None:
    require_tool("gcc")
    asan = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    ).stdout.strip()
    compiler = "gcc -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    environment = {"LD_PRELOAD": asan, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    assert imported(project, tmp_path, SANITIZED, CC=compiler, **environment) == ""


@pytest.mark.parametrize("name", ["ctypes", "json", "typing"])
def test_a_name_of_pythons_own_modules(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(emit=FORMS, name=name).resolve()
    assert [problem.slug for problem in caught.value.problems] == ["bad-module-name"]
    assert caught.value.exit_code == 2

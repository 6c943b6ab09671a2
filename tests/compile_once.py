"""A launcher of C compilers that keeps objects and programs: the tests compile the same C hundreds of times.

What is kept is found by its content: the compiler, its flags, and the bytes of a source and of all that it
includes. Where a command cannot be taken apart safely, where anything fails or says anything, the compiler
itself runs the command as it was given.

Each compiler that `install` finds gets a script of its name, in a folder that goes to the front of PATH. A
script starts in 10 ms, for which this module imports nothing but what an interpreter has loaded.
"""

from __future__ import annotations

import os
import sys
from _blake2 import blake2b  # 10 ms faster to start than hashlib

COMPILERS = (
    *("cc", "gcc", "clang"),
    *("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "aarch64-linux-gnu-gcc"),
)
VARIABLE = "BNNCL_TEST_OBJECTS"
"""Set where the compilers on PATH are launchers already; set it by hand to run without any."""

_OPAQUE = (
    *("-E", "-S", "-M", "-x", "-T", "-B", "-i", "-L", "-save", "--coverage", "-ftest", "-fprofile", "-flto"),
    *("-fstack-usage", "-fcallgraph", "-fdump", "-dump", "-aux", "-gsplit"),
)
_LINKER = ("-Wl,--gc-sections", "-Wl,--defsym=")
_OURS = ("BNNCL_", "CASE_", "PIO_")
_HIDDEN = (b"__has_include", b".incbin", b"#embed", b"__TIME", b"__DATE__")


class Opaque(Exception):
    """A command or a source whose meaning is not all in the files that it names."""


class Command:
    """A compiler's words, taken apart: sources, include folders, output, and all others."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.sources: list[int] = []
        self.folders: list[str] = []
        self.flags: list[str] = []
        self.link_flags: list[str] = []
        self.out = -1
        at = 0
        while at < len(words):
            at += self._take(at, words[at])
        self.compiles = "-c" in self.flags
        if not self.sources or (self.out < 0 and not self.compiles):
            raise Opaque
        if self.compiles and self.out >= 0 and len(self.sources) > 1:
            raise Opaque

    def _take(self, at: int, word: str) -> int:
        """Sort in the word at `at`; how many words that were."""
        if word in ("-o", "-I"):
            if word == "-o":
                self.out = at + 1
            else:
                self.folders.append(self.words[at + 1])
            return 2
        if word.startswith("-I"):
            self.folders.append(word[2:])
        elif word.startswith(("-Wl,", "-l")):
            if not word.startswith((*_LINKER, "-l")):
                raise Opaque
            self.link_flags.append(word)
        elif word.startswith("-") and not word.startswith((*_OPAQUE, "-o")) and word != "-":
            self.flags.append(word)
        elif word.endswith(".c"):
            self.sources.append(at)
        else:
            raise Opaque
        return 1

    def object_of(self, at: int) -> str:
        """Where `-c` puts the object of the source at `at`."""
        if self.out >= 0:
            return self.words[self.out]
        return os.path.basename(self.words[at])[:-2] + ".o"


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall()
    except (FileNotFoundError, NotADirectoryError):
        return None


class Files:
    """Reads each file once, and finds what it includes."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders
        self._held: dict[str, tuple[bytes, bytes, list[tuple[str, str]]] | None] = {}

    def digest(self, source: str, flags: list[str]) -> bytes:
        """A digest of all that makes the object: `source`, what it includes in the order met, and `flags`.

        A macro of ours whose name stands nowhere in those texts changes nothing.
        """
        sum_, seen, waiting = blake2b(digest_size=16), set(), [source]
        values = b" ".join(flag.partition("=")[2].encode() for flag in flags)
        unread = {name for name in map(_macro, flags) if name not in values}
        while waiting:
            path = waiting.pop()
            held = self._file(path)
            if held is None:
                raise Opaque
            sum_.update(held[1])
            unread = {name for name in unread if name not in held[0]}
            for name, found in held[2]:
                sum_.update(f"{name} {found in seen} {bool(found)}\n".encode())
                if found and found not in seen:
                    seen.add(found)
                    waiting.append(found)
        read = [flag for flag in flags if _macro(flag) not in unread]
        return _key(sum_.digest(), *read).encode()

    def _file(self, path: str) -> tuple[bytes, bytes, list[tuple[str, str]]] | None:
        if path not in self._held:
            text = _read(path)
            if text is None:
                self._held[path] = None
            else:
                if any(word in text for word in _HIDDEN):
                    raise Opaque
                folder = os.path.dirname(path)
                names = [(name, self._find(folder, name)) for name in _included(text)]
                self._held[path] = text, blake2b(text, digest_size=16).digest(), names
        return self._held[path]

    def _find(self, folder: str, name: str) -> str:
        """The file that the quoted or bracketed `name` means; "" for one of the compiler's own."""
        places = [folder, *self._folders] if name[0] == '"' else self._folders
        for place in places:
            path = os.path.join(place, name[1:-1])
            if os.path.isfile(path):
                return path
        return ""


def _macro(flag: str) -> bytes:
    """The name of a macro that `flag` gives to the sources; b"" for any that libraries may know, too."""
    name = flag[2:].partition("=")[0] if flag.startswith("-D") else ""
    return name.encode() if name.startswith(_OURS) else b""


def _included(text: bytes) -> list[str]:
    """The names that `text` includes, whatever conditions stand around it, with their quotes."""
    found = []
    at = text.find(b"include")
    while at >= 0:
        start = text.rfind(b"\n", 0, at) + 1
        if text[start:at].rstrip().endswith(b"#"):
            end = text.find(b"\n", at)
            rest = text[at + 7 : end if end >= 0 else len(text)].strip()
            close = rest.find(b">" if rest[:1] == b"<" else b'"', 1)
            if rest[:1] not in (b"<", b'"') or close < 0:
                raise Opaque
            found.append(rest[: close + 1].decode())
        at = text.find(b"include", at + 7)
    return found


def _key(*parts: str | bytes) -> str:
    sum_ = blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sum_.update(b"%d " % len(data) + data)
    return sum_.hexdigest()


class Launcher:
    """Runs `compiler`, or copies what it made before from the folder `kept`."""

    def __init__(self, compiler: str, kept: str) -> None:
        self._compiler, self._kept = compiler, kept

    def run(self, words: list[str]) -> None:
        """Do what the command says, or raise `Opaque` where only the compiler can."""
        command = Command(words)
        files = Files(command.folders)
        flags = [flag for flag in command.flags if flag != "-c"]
        asked = [*flags, *(f"-I{each}" for each in command.folders), "-c"]
        objects = []
        for at in command.sources:
            source = words[at]
            key = _key(self._compiler, os.path.basename(source), files.digest(source, flags))
            objects.append(self._made(key, [*asked, source]))
        if command.compiles:
            for at, made in zip(command.sources, objects, strict=True):
                _copy(made, command.object_of(at))
            return
        linked = list(words)
        for at, made in zip(command.sources, objects, strict=True):
            linked[at] = made
        out = words[command.out]
        del linked[command.out - 1 : command.out + 1]
        linked = [word for word in linked if not word.startswith("-I") and word not in command.folders]
        _copy(self._made(_key(self._compiler, "link", *linked), linked), out)

    def _made(self, key: str, words: list[str]) -> str:
        """What the compiler makes of `words`, kept under `key`."""
        path = os.path.join(self._kept, key)
        if os.path.exists(path):
            return path
        mine = f"{path}.{os.getpid()}"
        said = os.open(f"{mine}.said", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        child = os.posix_spawn(
            self._compiler,
            [self._compiler, *words, "-o", mine],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, said, 1), (os.POSIX_SPAWN_DUP2, said, 2)],
        )
        status = os.waitpid(child, 0)[1]
        size = os.fstat(said).st_size
        os.close(said)
        os.unlink(f"{mine}.said")
        if status != 0 or size != 0:
            raise Opaque
        os.replace(mine, path)
        return path


def _copy(kept: str, out: str) -> None:
    """A file of its own, as the compiler would have made it: what is kept must not change."""
    mode = os.stat(kept).st_mode & 0o777
    data = _read(kept)
    assert data is not None
    if os.path.lexists(out) and os.path.isfile(out):
        os.unlink(out)
    with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb", buffering=0) as file:
        file.write(data)


def launch(compiler: str, kept: str) -> None:
    """What a script in the launchers' folder does with the words of its command line."""
    try:
        Launcher(compiler, kept).run(sys.argv[1:])
    except (Opaque, OSError):
        os.execv(compiler, [compiler, *sys.argv[1:]])


def install(folder: str) -> str:
    """Write a launcher for every compiler on PATH below `folder`; the folder that PATH has to begin with."""
    from shutil import which  # noqa: PLC0415 - not where a launcher starts

    kept, launchers = os.path.join(folder, "objects"), os.path.join(folder, "launchers")
    for each in (kept, launchers):
        os.makedirs(each, exist_ok=True)
    for name in COMPILERS:
        real = which(name)
        path = os.path.join(launchers, name)
        if real is None or os.path.exists(path):
            continue
        mine = f"{path}.{os.getpid()}"
        with open(mine, "w", encoding="utf-8") as file:
            file.write(
                f"#!{os.path.realpath(sys.executable)} -IS\nimport sys\n"
                f"sys.path.append({os.path.dirname(os.path.abspath(__file__))!r})\n"
                f"from compile_once import launch\nlaunch({real!r}, {kept!r})\n"
            )
        os.chmod(mine, 0o755)
        os.replace(mine, path)
    return launchers

"""Writing to a folder: whole or not at all, and never over what the user wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bnncl.diagnostics import EXIT_USAGE, UsageError
from bnncl.emit import check, render, write
from bnncl.emit.manifest import sha256
from tests.emit.models import spec


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def files() -> dict[str, bytes]:
    return render(spec("mlp", "cortex-m7"))


def test_manifest_lists_every_file_with_its_hash(files: Mapping[str, bytes]):
    held = json.loads(files["manifest.json"])
    listed = {each["path"]: each["sha256"] for each in held["files"]}
    assert listed == {path: sha256(content) for path, content in files.items() if path != "manifest.json"}
    assert (held["name"], held["targets"], held["settings"]["first-bits"]) == ("mlp", ["cortex-m7"], "16")


def test_new_folder_holds_exactly_the_files(tmp_path: Path, files: Mapping[str, bytes]):
    write(files, tmp_path / "deep" / "out")
    assert tree(tmp_path / "deep" / "out") == files
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert check(files, tmp_path / "deep" / "out") == ()


def test_empty_folder_is_as_good_as_none(tmp_path: Path, files: Mapping[str, bytes]):
    write(files, tmp_path)
    assert tree(tmp_path) == files


def test_regenerating_keeps_what_the_user_added_and_drops_what_is_no_longer_made(
    tmp_path: Path, files: Mapping[str, bytes]
):
    out = tmp_path / "out"
    write({**files, "manifest.json": with_extra(files, "src/old.c"), "src/old.c": b"old"}, out)
    (out / "src" / "mine.c").write_text("int mine;")
    (out / "notes").mkdir()
    (out / "notes" / "todo.txt").write_text("buy milk")
    (out / "link").symlink_to("notes")
    (out / "empty").mkdir()
    write(files, out)
    assert (out / "empty").is_dir()
    kept = tree(out)
    assert kept.pop("src/mine.c") == b"int mine;"
    assert kept.pop("notes/todo.txt") == b"buy milk"
    assert (out / "link").is_symlink()
    assert kept == files


def with_extra(files: Mapping[str, bytes], path: str) -> bytes:
    held = json.loads(files["manifest.json"])
    held["files"].append({"path": path, "sha256": sha256(b"old")})
    return json.dumps(held).encode()


def refused(files: Mapping[str, bytes], folder: Path, slug: str) -> UsageError:
    before = tree(folder) if folder.is_dir() else {}
    with pytest.raises(UsageError) as caught:
        write(files, folder)
    assert caught.value.exit_code == EXIT_USAGE
    assert {problem.slug for problem in caught.value.problems} == {slug}
    assert (tree(folder) if folder.is_dir() else {}) == before
    return caught.value


@pytest.mark.parametrize(
    "manifest", [None, "{", "[]", '{"format": "other"}', '{"format": "bnncl-project-1"}']
)
def test_folder_of_something_else_is_left_alone(
    tmp_path: Path, files: Mapping[str, bytes], manifest: str | None
):
    (tmp_path / "thesis.tex").write_text("all my work")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    refused(files, tmp_path, "output-not-ours")


def test_manifest_that_points_outside_is_not_ours(tmp_path: Path, files: Mapping[str, bytes]):
    write(files, tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_bytes(with_extra(files, "../victim"))
    refused(files, tmp_path / "out", "output-not-ours")


def test_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path, files: Mapping[str, bytes]):
    (tmp_path / "out").write_text("a file")
    refused(files, tmp_path / "out", "output-not-ours")
    assert (tmp_path / "out").read_text() == "a file"


def test_users_file_in_the_place_of_a_new_one_is_left_alone(tmp_path: Path, files: Mapping[str, bytes]):
    out = tmp_path / "out"
    write(files, out)
    (out / "src" / "new.c").write_text("mine")
    error = refused({**files, "src/new.c": b"ours"}, out, "output-not-ours")
    assert error.problems[0].where.endswith("src/new.c")


def test_files_edited_by_hand_are_named_and_kept_unless_forced(tmp_path: Path, files: Mapping[str, bytes]):
    out = tmp_path / "out"
    write(files, out)
    for name in ("README.md", "src/main.c"):
        (out / name).write_text("changed")
    error = refused(files, out, "output-edited")
    assert "README.md, src/main.c" in error.problems[0].message
    assert check(files, out) == ("README.md", "src/main.c")
    write(files, out, force=True)
    assert tree(out) == files


def test_deleted_file_comes_back(tmp_path: Path, files: Mapping[str, bytes]):
    write(files, tmp_path / "out")
    (tmp_path / "out" / "src" / "main.c").unlink()
    assert check(files, tmp_path / "out") == ("src/main.c",)
    write(files, tmp_path / "out")
    assert tree(tmp_path / "out") == files


def test_check_names_what_is_no_longer_made(tmp_path: Path, files: Mapping[str, bytes]):
    old = {**files, "src/old.c": b"old", "manifest.json": with_extra(files, "src/old.c")}
    write(old, tmp_path / "out")
    assert check(files, tmp_path / "out") == ("manifest.json", "src/old.c")


def test_folder_below_a_file_cannot_be_written(tmp_path: Path, files: Mapping[str, bytes]):
    (tmp_path / "file").write_text("")
    refused(files, tmp_path / "file" / "out", "output-not-writable")


def test_failure_while_writing_leaves_the_old_project(
    tmp_path: Path, files: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch
):
    out = tmp_path / "out"
    write(files, out)
    moves: Iterator[int] = iter(range(9))
    rename = os.rename

    def full(source: Path, target: Path) -> None:
        if next(moves) == 1:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(Path, "rename", full)
    error = refused({**files, "README.md": b"new"}, out, "output-not-writable")
    assert "No space left" in error.problems[0].message
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

"""A folder of results: nothing in it is ever half written, mixed up, or thrown away for the wrong reason."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import pathlib
import resource
import subprocess
import sys

import polars as pl
import pytest
from small_sweeps import CLOTHES, cells_in, damage, small, stamps_in

import experiments.disk
from bandits import Random
from bandits.errors import InputError
from experiments import Result, run
from experiments.disk import MAKING
from experiments.folder_store import FolderStore
from experiments.store import MANIFEST, MemoryStore, from_bytes, to_bytes

ONE = small([Random(name="random")], [CLOTHES], replications=3)


@pytest.fixture
def out(tmp_path):
    """A finished experiment of 3 cells."""
    run(ONE, tmp_path / "out")
    return tmp_path / "out"


def lines_of(call, *arguments, **options):
    with pytest.raises(InputError) as error:
        call(*arguments, **options)
    return error.value.lines


def test_what_is_put_is_what_is_got(tmp_path):
    for store in (MemoryStore(), FolderStore(tmp_path)):
        assert not store.has("abc")
        assert not store.present("abc")
        store.put("abc", b"content")
        assert store.has("abc")
        assert store.present("abc")
        assert store.get("abc") == b"content"
        assert not store.present("ab")


def test_a_cell_survives_the_trip_to_a_file(out):
    store = FolderStore(out)
    key = next(iter(cells_in(out))).partition(".")[0]
    books = from_bytes(store.get(key))
    assert from_bytes(to_bytes(books)).curves.equals(books.curves)
    assert to_bytes(books) == store.get(key)
    assert pl.read_parquet(io.BytesIO(store.get(key)))["table"].unique().sort().to_list() == ["cohorts", "curves"]


def test_files_can_be_read_by_whoever_the_umask_lets_read(tmp_path):
    before = os.umask(0o027)
    try:
        run(ONE, tmp_path / "out", log="full")
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 1 + 3 + 3
    assert {path.stat().st_mode & 0o777 for path in files} == {0o640}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*") if path.is_dir()} == {0o750}


@pytest.mark.parametrize("how", ["truncated", "flipped", "empty"])
def test_a_damaged_cell_is_named_by_load_and_computed_anew_by_run(out, how):
    before = cells_in(out)
    path = sorted(out.glob("cells/*/*.parquet"))[1]
    damage(path, how)
    line = f"{path}: is damaged; run the experiment again, which computes it anew"
    for ask in ("summary", "curves", "users", "metrics", "mean_curves"):
        assert lines_of(getattr(Result.load(out), ask)) == [line]
    others = {name: stamp for name, stamp in stamps_in(out).items() if name != path.name}
    calls = []
    run(ONE, out, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 3), (3, 3)]
    assert cells_in(out) == before
    assert stamps_in(out).items() >= others.items()


def test_all_damaged_cells_are_named_at_once(out):
    paths = sorted(out.glob("cells/*/*.parquet"))
    for path in paths:
        damage(path, "flipped")
    assert sorted(lines_of(Result.load(out).summary)) == [
        f"{path}: is damaged; run the experiment again, which computes it anew" for path in paths
    ]


def test_a_damaged_copy_beside_a_whole_one_does_no_harm(out):
    path = next(out.glob("cells/*/*.parquet"))
    copy = path.with_name(f"{path.name.partition('.')[0]}.00000000.parquet")
    copy.write_bytes(b"half")
    assert len(Result.load(out).curves()) > 0


def test_a_cell_that_cannot_be_read_now_is_not_thrown_away(out, monkeypatch):
    """Too many open files, a network drive that is gone: none of this says that a cell is damaged."""
    before = cells_in(out)
    real = pathlib.Path.read_bytes

    def failing(path):
        if path.suffix == ".parquet":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "read_bytes", failing)
        (line,) = lines_of(run, ONE, out)
    assert line.endswith(".parquet: cannot be read: Too many open files")
    assert cells_in(out) == before


@pytest.mark.parametrize("content", ["", "{", "\x00\x01", "[]", "null", "[" * 100_000])
def test_a_damaged_manifest_is_named_by_load_and_written_anew_by_run(out, content):
    whole, before = (out / MANIFEST).read_bytes(), stamps_in(out)
    (out / MANIFEST).write_text(content)
    what = "is damaged; run the experiment again, which writes it anew"
    assert lines_of(Result.load, out) == [f"{out / MANIFEST}: {what}"]
    run(ONE, out)
    assert (out / MANIFEST).read_bytes() == whole
    assert stamps_in(out) == before


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_of_results_is_refused_but_may_be_overwritten(out, version):
    manifest = json.loads((out / MANIFEST).read_text()) | {"format": version}
    (out / MANIFEST).write_text(json.dumps(manifest))
    advice = "choose another folder, or --overwrite"
    line = f"{out / MANIFEST}: has result format {version!r}, and this version reads 1; {advice}"
    assert lines_of(Result.load, out) == lines_of(run, ONE, out) == [line]
    if isinstance(version, int):
        run(ONE, out, overwrite=True)
        assert Result.load(out).complete


def test_a_manifest_that_lacks_something_is_refused(out):
    manifest = json.loads((out / MANIFEST).read_text())
    del manifest["cells"], manifest["seed"]
    (out / MANIFEST).write_text(json.dumps(manifest))
    line = f"{out / MANIFEST}: lacks cells, seed; run the experiment again, with --overwrite"
    assert lines_of(Result.load, out) == lines_of(run, ONE, out) == [line]


def test_another_seed_or_name_is_refused_and_changes_nothing(out):
    before, manifest = stamps_in(out), (out / MANIFEST).read_bytes()
    for change, line in [
        ({"seed": 8}, f"{out}: made with seed 7, and this run asks for 8; choose another folder, or --overwrite"),
        (
            {"name": "other"},
            f"{out}: made with name 'small', and this run asks for 'other'; choose another folder, or --overwrite",
        ),
    ]:
        assert lines_of(run, ONE.model_copy(update=change), out) == [line]
    assert (stamps_in(out), (out / MANIFEST).read_bytes()) == (before, manifest)


def test_overwrite_throws_away_what_another_experiment_left(out):
    before = cells_in(out)
    (out / "notes.txt").write_text("mine")
    run(ONE.model_copy(update={"seed": 8}), out, log="full", overwrite=True)
    assert len(cells_in(out)) == 3
    assert not cells_in(out).keys() & before.keys()
    run(ONE, out, overwrite=True)
    assert cells_in(out) == before
    assert not (out / "log").exists()
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_foreign_folder_is_not_touched(tmp_path, overwrite):
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "cells").mkdir()
    line = f"{tmp_path}: is not empty and holds no experiment.json: it is no folder of results; choose another"
    assert lines_of(run, ONE, tmp_path, overwrite=overwrite) == [line]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", "thesis.tex"]


def test_not_even_overwrite_touches_a_foreign_folder_with_a_manifest_of_the_same_name(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "mitosis.png").write_text("years of work")
    (tmp_path / MANIFEST).write_text('{"microscope": 3}')
    line = (
        f"{tmp_path}: its experiment.json is none of ours, so that nothing in it is overwritten; choose another folder"
    )
    assert lines_of(run, ONE, tmp_path, overwrite=True) == [line]
    assert (tmp_path / "cells" / "mitosis.png").exists()


def test_an_empty_folder_and_one_with_hidden_files_are_welcome(tmp_path):
    (tmp_path / ".gitignore").write_text("*")
    assert run(ONE, tmp_path).complete


def test_what_is_no_folder_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    assert lines_of(Result.load, file) == [f"{file}: is a file, and must be a folder of results"]
    assert lines_of(Result.load, tmp_path / "nowhere") == [
        f"{tmp_path / 'nowhere'}: is not there; check the path, or run an experiment into it with -o"
    ]
    assert lines_of(Result.load, tmp_path) == [f"{tmp_path}: holds no experiment.json: it is no folder of results"]
    for out in (file, file / "deeper"):
        (line,) = lines_of(run, ONE, out)
        assert line.startswith(f"{out}: cannot be written: ")
    assert file.read_text() == "text"


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(experiments.disk, "write_synced", refused)
    what = "cannot be written: Permission denied; choose another folder, or mend this one and run it again"
    assert lines_of(run, ONE, tmp_path / "out") == [f"{tmp_path / 'out'}: {what}"]


def test_results_that_cannot_be_written_any_more_can_still_be_read(out):
    """Somebody else's results, mounted read-only: loading must write nothing."""
    before = {path: path.stat().st_mtime_ns for path in [out, *out.rglob("*")]}
    Result.load(out).summary()
    assert {path: path.stat().st_mtime_ns for path in [out, *out.rglob("*")]} == before


FULL = "no space is left on the disk; make room and run it again: what is finished is kept"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_in_one_line_and_keeps_what_is_finished(out, tmp_path, monkeypatch, code):
    """Room for the manifest and one cell: the second cell fails."""
    room = [2]
    real = experiments.disk.write_synced

    def filling(path, data):
        if room[0] == 0:
            path.write_bytes(data[:10])
            raise OSError(code, os.strerror(code))
        room[0] -= 1
        real(path, data)

    again = tmp_path / "again"
    with monkeypatch.context() as patch:
        patch.setattr(experiments.disk, "write_synced", filling)
        assert lines_of(run, ONE, again) == [f"{again}: {FULL}"]
    assert len(cells_in(again)) == 1
    assert not list(again.rglob(f"{MAKING}*"))
    run(ONE, again)
    assert cells_in(again) == cells_in(out)


@contextlib.contextmanager
def small_disk(tmp_path):
    """A folder on a disk of 128 kB, where this machine lets us mount one; else files of at most 3 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode == 0:
        try:
            yield folder, None
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    else:
        yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("log", ["none", pytest.param("full", marks=pytest.mark.slow)])
def test_a_real_full_disk_is_one_line_and_status_2(tmp_path, workers, log):
    with small_disk(tmp_path) as (folder, limit):
        command = [sys.executable, "-c", "from experiments.cli import main; main()", "run", "clothing"]
        command += ["-o", str(folder / "out"), "--workers", workers, "--log", log]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, preexec_fn=limit, cwd=tmp_path)
        said = [line for line in ended.stderr.splitlines() if not line.startswith("clothing: ")]
        assert ended.returncode == 2
        assert len(said) == 1, ended.stderr
        assert said[0].endswith(FULL)
        assert cells_in(folder / "out") or log == "full"
        assert all(FolderStore(folder / "out").has(name.partition(".")[0]) for name in cells_in(folder / "out"))
        assert not list(folder.rglob(f"{MAKING}*"))

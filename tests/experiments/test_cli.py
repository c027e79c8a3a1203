"""The command line: what it prints, where it writes, how it ends; its progress, and the log of every visit."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
import sys

import polars as pl
import pytest
from command_line import call
from rich.console import Console
from small_sweeps import CLOTHES, SHOP, cells_in, small, stamps_in

import experiments.progress
import experiments.work
from bandits import LinearThompson, PersonaBelief, Random
from experiments import Result, cli, log, run
from experiments.progress import cores, shown

SWEEP = """
replications = 2

[[environment]]
kind = "ClothingReviews"
horizon = 200
name = "clothes"

[[policy]]
kind = "Random"
name = "random"

[[policy]]
kind = "my_policy:Mine"
name = "mine"
"""
MINE = """
from bandits import Choice

class Mine:
    def start(self, problem, rng):
        return self

    def choose(self, visit):
        {choose}

    def learn(self, visit, choice, reward):
        pass
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_policy", raising=False)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    (tmp_path / "my_policy.py").write_text(MINE.format(choose="return Choice(0, 1.0)"))
    return tmp_path


def test_run_writes_cells_and_report_and_ends_with_a_table(here, capsys):
    status, told, out = call(capsys, "run", "sweep.toml", "--workers", "1")
    assert status == 0
    assert told[0] == "sweep: 0 of 4 cells"
    assert told[-1] == "sweep: 4 of 4 cells"
    assert out[-1] == "report: results/sweep/report.html"
    assert any("mine" in line for line in out)
    assert len(cells_in(here / "results" / "sweep")) == 4
    assert (here / "results" / "sweep" / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_report_makes_the_page_again_from_what_is_stored(here, capsys):
    call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    page, stamps = (here / "out" / "report.html").read_bytes(), stamps_in(here / "out")
    (here / "out" / "report.html").unlink()
    status, told, out = call(capsys, "report", "out")
    assert (status, told) == (0, [])
    assert out[-1] == "report: out/report.html"
    assert (here / "out" / "report.html").read_bytes() == page
    assert stamps_in(here / "out") == stamps


def test_options_stand_in_for_what_the_file_says(here, capsys):
    call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1", "--replications", "1", "--seed", "5")
    manifest = Result.load(here / "out").manifest
    assert (manifest["replications"], manifest["seed"]) == (1, 5)
    assert len(cells_in(here / "out")) == 2


def test_overwrite_starts_anew(here, capsys):
    call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1", "--seed", "5")
    assert call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")[0] == 2
    assert call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1", "--overwrite")[0] == 0
    assert Result.load(here / "out").manifest["seed"] == 0


def test_what_failed_is_listed_and_the_rest_is_reported(here, capsys):
    """2 of 4 cells fail; status 2, since it is the user's to mend; the table and the page are about the other two."""
    (here / "my_policy.py").write_text(MINE.format(choose="return Choice(-1)"))
    status, told, out = call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    assert status == 2
    available = ", ".join(map(str, range(14)))
    what = f"chose action -1 on visit 0 of replication 0 of clothes, but only {available} were available"
    assert told[-2:] == [
        f"policy 'mine' {what} (and so in 1 more replication)",
        "2 cells failed (see out/failed); the others are kept, and the same command tries again what failed",
    ]
    assert out[-1] == "report: out/report.html"
    assert call(capsys, "report", "out")[0] == 0
    (here / "my_policy.py").write_text(MINE.format(choose="return Choice(1, 1.0)"))
    sys.modules.pop("my_policy")
    status, told, _ = call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    assert (status, told) == (0, ["sweep: 2 of 4 cells", "sweep: 4 of 4 cells"])


def test_a_bug_of_ours_is_a_traceback_and_status_1(here, capsys, monkeypatch):
    real = experiments.work.run_cell

    def faulty(environment, policy, *rest):
        if policy.name == "random":
            raise IndexError("off by one")
        return real(environment, policy, *rest)

    monkeypatch.setattr(experiments.work, "run_cell", faulty)
    status, told, out = call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    assert status == 1
    assert "policy 'random' in replication 0 of clothes: IndexError: off by one (and so in 1 more" in "\n".join(told)
    assert "Traceback (most recent call last):" in told
    assert told[-2] == "IndexError: off by one"
    assert out[-1] == "report: out/report.html"
    assert len(cells_in(here / "out")) == 2


def test_a_bug_outside_of_the_cells_is_not_swallowed(here, monkeypatch):
    def faulty(*_):
        raise IndexError("off by one")

    monkeypatch.setattr("experiments.sweep.cells_of", faulty)
    monkeypatch.setattr(sys, "argv", ["personabandits", "run", "sweep.toml"])
    with pytest.raises(IndexError):
        cli.main()


def test_where_everything_failed_there_is_no_report_but_the_list(here, capsys):
    (here / "my_policy.py").write_text(MINE.format(choose="raise ValueError('no')"))
    (here / "sweep.toml").write_text(SWEEP.replace('kind = "Random"', 'kind = "my_policy:Mine"\n'))
    status, told, out = call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    assert (status, out) == (2, [])
    assert told[-1] == "4 cells failed (see out/failed); the same command tries again what failed"
    assert not (here / "out" / "report.html").exists()


def test_ctrl_c_is_one_line_and_status_130(here, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.sweep.run", interrupted)
    status, told, _ = call(capsys, "run", "sweep.toml")
    assert (status, told) == (130, ["stopped; what is finished is kept, and the same command goes on from there"])


def test_a_page_that_cannot_be_written_is_one_line(here, capsys):
    call(capsys, "run", "sweep.toml", "-o", "out", "--workers", "1")
    (here / "out" / "report.html").unlink()
    (here / "out" / "report.html").mkdir()
    status, (line,), _ = call(capsys, "report", "out")
    assert status == 2
    assert line.startswith("out: cannot be written: Is a directory; ")


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["report", "--help"], ["new", "--help"]])
def test_help_is_plain_and_ends_well(capsys, words):
    status, told, out = call(capsys, *words)
    assert (status, told) == (0, [])
    assert out[0].startswith("Usage: personabandits")
    assert not any(letter in line for line in out for letter in "│╭╰")


HEAVY = ("bandits", "environments", "numpy", "numba", "polars", "matplotlib", "loky")  # rich comes with an old typer


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["runn"]])
def test_help_waits_for_nothing(words):
    """Nor does a mistyped command: what a command needs is imported when it is called."""
    code = (
        f"import sys; sys.argv = ['personabandits', *{words!r}]\n"
        "from experiments.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_what_experiments_offers_is_there_when_it_is_asked_for():
    assert {"Experiment", "Result", "run"} <= set(dir(experiments))
    assert experiments.run is experiments.sweep.run
    with pytest.raises(AttributeError, match="has no attribute 'rum'"):
        experiments.rum  # noqa: B018  what is asked for


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(experiments.progress.time, "monotonic", lambda: self.now)


def progress_on(monkeypatch, *, terminal: bool) -> io.StringIO:
    there = io.StringIO()
    options = {"file": there, "force_terminal": terminal, "width": 100, "color_system": None}
    monkeypatch.setattr(experiments.progress, "Console", lambda **_: Console(**options))
    return there


def test_progress_without_a_terminal_is_a_line_every_ten_seconds_with_the_time_left(monkeypatch):
    """100 of 400 cells were there. After 5 s 110 are done: no line yet, but from here on the time counts.

    Another 20 s later, 160: 50 cells in 20 s, 240 to go, so 240 / 50 · 20 s = 96 s.
    """
    there, clock = progress_on(monkeypatch, terminal=False), Clock(monkeypatch)
    with shown("[b]a sweep") as progress:
        progress(100, 400)
        clock.now += 5
        progress(110, 400)
        clock.now += 20
        progress(160, 400)
        clock.now += 100
        progress(400, 400)
    assert there.getvalue().splitlines() == [
        "[b]a sweep: 100 of 400 cells",
        "[b]a sweep: 160 of 400 cells, about 96 s left",
        "[b]a sweep: 400 of 400 cells",
    ]


def test_progress_on_a_terminal_is_a_bar_with_the_time_left(monkeypatch):
    """1 cell in 2 s, 8 to go: 16 s."""
    there = progress_on(monkeypatch, terminal=True)
    now = [1000.0]
    real = experiments.progress.Progress
    monkeypatch.setattr(
        experiments.progress,
        "Progress",
        lambda *columns, **options: real(*columns, **options, get_time=lambda: now[0], auto_refresh=False),
    )
    with shown("[/] a sweep") as progress:
        progress(0, 10)
        now[0] += 2
        progress(1, 10)
        now[0] += 2
        progress(2, 10)
    last = [line for line in there.getvalue().splitlines() if "cells" in line][-1]
    assert "[/] a sweep" in last
    assert "2/10 cells" in last
    assert last.rstrip().endswith("left 0:00:16")


def test_cores_are_those_that_this_process_may_use():
    assert 1 <= cores() <= len(os.sched_getaffinity(0))
    code = "import os; os.sched_setaffinity(0, {0}); from experiments.progress import cores; print(cores())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "1\n"


LOGGED = small([Random(name="random"), PersonaBelief(LinearThompson(), name="belief")], [SHOP], replications=1)


def logs_in(folder: pathlib.Path) -> dict[str, dict[str, bytes]]:
    return {path.name: {p.name: p.read_bytes() for p in path.iterdir()} for path in folder.glob("log/*")}


def test_the_log_has_every_visit_and_agrees_with_the_ledger(tmp_path):
    result = run(LOGGED, tmp_path, log="full")
    (keys,) = result.manifest["cells"].values()
    for policy, (key,) in keys.items():
        visits = pl.read_parquet(tmp_path / "log" / key / "*.parquet")
        ledger = result.curves().filter(policy=policy, cohort="all").sort("time").tail(1)
        assert len(visits) == ledger["visits"].item()
        assert visits["reward"].sum() == pytest.approx(ledger["reward"].item())
        assert visits["visit"].n_unique() == len(visits)
        assert visits["propensity"].is_between(0, 1, closed="right").sum() == len(visits)
        own = {f"x_{name}" for name in SHOP.problem.features}
        assert {"visit", "time", "cohort", "user", "action", "propensity", "reward", "left", "available"} | own <= set(
            visits.columns
        )
        assert set(visits["action"]) <= set(SHOP.problem.actions)


def test_a_log_comes_in_pieces_and_memory_stays_flat(tmp_path, monkeypatch):
    """600 visits in blocks of 256, 256, 88, a piece from 300 rows on: 512, 88; never more than two blocks are held."""
    whole = small([Random(name="random")], [CLOTHES], replications=1)
    run(whole, tmp_path / "whole", log="full")
    monkeypatch.setattr(log, "PIECE", 300)
    held = []
    real = log.VisitLog.enter

    def watching(self, *block):
        real(self, *block)
        held.append(sum(map(len, self._frames)))

    monkeypatch.setattr(log.VisitLog, "enter", watching)
    run(whole, tmp_path / "pieces", log="full")
    assert held == [256, 0, 88]
    (pieces,), (once,) = logs_in(tmp_path / "pieces").values(), logs_in(tmp_path / "whole").values()
    assert sorted(pieces) == ["part-00000.parquet", "part-00001.parquet"]
    assert [len(pl.read_parquet(pieces[name])) for name in sorted(pieces)] == [512, 88]
    assert pl.concat([pl.read_parquet(pieces[name]) for name in sorted(pieces)]).equals(
        pl.read_parquet(once["part-00000.parquet"])
    )
    assert cells_in(tmp_path / "pieces") == cells_in(tmp_path / "whole")


def test_a_log_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """The second block fails: no cell, no log, and nothing half done; the next run has both."""
    one = small([Random(name="random")], [CLOTHES], replications=1)
    monkeypatch.setattr(log, "PIECE", 1)
    real, blocks = log.VisitLog.enter, []

    def failing(self, *block):
        blocks.append(block)
        if len(blocks) == 2:
            raise MemoryError
        real(self, *block)

    with monkeypatch.context() as patch:
        patch.setattr(log.VisitLog, "enter", failing)
        assert len(run(one, tmp_path, log="full").failures) == 1
    assert cells_in(tmp_path) == {}
    assert list((tmp_path / "log").iterdir()) == []
    assert run(one, tmp_path, log="full").failures == []
    assert len(logs_in(tmp_path)) == len(cells_in(tmp_path)) == 1


def test_a_log_that_is_asked_for_later_is_made_and_changes_no_cell(tmp_path):
    run(LOGGED, tmp_path)
    before = cells_in(tmp_path)
    calls = []
    run(LOGGED, tmp_path, log="full", progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 2)
    assert cells_in(tmp_path) == before
    logs = logs_in(tmp_path)
    assert set(logs) == {name.partition(".")[0] for name in before}
    calls.clear()
    stamps = stamps_in(tmp_path)
    run(LOGGED, tmp_path, log="full", progress=lambda done, total: calls.append((done, total)))
    run(LOGGED, tmp_path, log="none")
    assert calls == [(2, 2)]
    assert (stamps_in(tmp_path), logs_in(tmp_path)) == (stamps, logs)


def test_two_workers_write_the_same_log(tmp_path):
    run(LOGGED, tmp_path / "one", log="full")
    run(LOGGED, tmp_path / "two", log="full", workers=2)
    assert logs_in(tmp_path / "one") == logs_in(tmp_path / "two")

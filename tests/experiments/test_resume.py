"""A run that was stopped, in whatever way, is gone on with by running it again; and ends with the same bits."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
from small_sweeps import cells_in, stamps_in

from experiments import Experiment, Result, run
from experiments.disk import LEFT_BEHIND, MAKING, in_the_making
from experiments.stopping import Stop

COMMAND = [sys.executable, "-c", "from experiments.cli import main; main()", "run", "sweep.toml"]
SWEEP = """
replications = 6
seed = 7

[[environment]]
kind = "ClothingReviews"
horizon = 300
name = "clothes"

[[policy]]
kind = "Random"
name = "random"

[[policy]]
kind = "slow_policy:Slow"
name = "slow"
"""
SLOW = """
import os, pathlib, signal, time
import numpy as np
from bandits import Choice


class Slow:
    def start(self, problem, rng):
        time.sleep(0.25)
        if pathlib.Path(__file__).with_name("fatal").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return self

    def choose(self, visit):
        return Choice(int(np.argmax(visit.available)), 1.0)

    def learn(self, visit, choice, reward):
        pass
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sweep.toml").write_text(SWEEP)
    (tmp_path / "slow_policy.py").write_text(SLOW)
    return tmp_path


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The 12 cells of a run that nobody stopped."""
    place = tmp_path_factory.mktemp("whole")
    (place / "sweep.toml").write_text(SWEEP)
    (place / "slow_policy.py").write_text(SLOW)
    run(Experiment.load(str(place / "sweep.toml")), place / "out")
    return cells_in(place / "out")


@contextlib.contextmanager
def begun(folder: pathlib.Path, workers: int, cells: int = 2):
    """A run in a session of its own that has finished some cells; whatever is left of it is killed."""
    process = subprocess.Popen(
        [*COMMAND, "-o", "out", "--workers", str(workers)],
        cwd=folder,
        start_new_session=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(cells_in(folder / "out")) < cells:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline, "the run has not begun"
            time.sleep(0.02)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stderr.close()
        process.wait()


def gone_on_with(folder: pathlib.Path, workers: int = 1) -> dict[str, bytes]:
    """Run it again; what was finished is not touched."""
    before = stamps_in(folder / "out")
    result = run(Experiment.load(str(folder / "sweep.toml")), folder / "out", workers=workers)
    assert result.complete
    assert stamps_in(folder / "out").items() >= before.items()
    return cells_in(folder / "out")


def workers_of(pid: int) -> list[int]:
    """The worker processes of a run (loky starts a process that tracks resources, too)."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            if entry.name.isdigit() and int(re.split(r"\) ", (entry / "stat").read_text())[-1].split()[1]) == pid:
                command = (entry / "cmdline").read_text()
                if "popen_loky" in command:
                    found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_was_killed_is_gone_on_with(folder, reference, workers):
    """SIGKILL to the whole process group: nobody can clean up."""
    with begun(folder, workers) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    left = cells_in(folder / "out")
    assert 2 <= len(left) < 12
    assert left.items() <= reference.items()
    assert not Result.load(folder / "out").complete
    assert gone_on_with(folder) == reference


def test_ctrl_c_stops_at_once_and_the_same_command_goes_on(folder, reference):
    """A terminal sends SIGINT to the whole group."""
    with begun(folder, workers=2) as process:
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
        assert process.wait(timeout=10) == 130
    assert told.splitlines()[-1] == "stopped; what is finished is kept, and the same command goes on from there"
    assert "Traceback" not in told
    left = cells_in(folder / "out")
    assert 2 <= len(left) < 12
    assert not [path for path in (folder / "out").rglob("*") if "failed" in path.parts or MAKING in path.name]
    assert gone_on_with(folder, workers=2) == reference


@pytest.mark.slow
def test_a_polite_kill_is_a_ctrl_c(folder, reference):
    with begun(folder, workers=1) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 130
    assert gone_on_with(folder) == reference


def test_a_stop_that_python_has_lost_is_heeded_when_the_next_cell_is_done():
    """As where the signal comes while an object is being finalised: what is raised then is printed and forgotten."""

    stop, told = Stop(), []
    heeded = stop.heeded(lambda *cells: told.append(cells))
    heeded(1, 3)
    with contextlib.suppress(KeyboardInterrupt):
        stop(signal.SIGTERM, None)
    with pytest.raises(KeyboardInterrupt):
        heeded(2, 3)
    assert told == [(1, 3)]


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing(folder, reference):
    with begun(folder, workers=2, cells=1) as process:
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        told = process.stderr.read()
        assert process.wait(timeout=60) == 0, told
    assert cells_in(folder / "out") == reference


@pytest.mark.slow
def test_a_policy_that_kills_its_process_loses_its_own_cells_alone(folder, reference):
    """In the end every cell is tried in a process of its own; on the next run they are tried again."""
    (folder / "fatal").touch()
    experiment = Experiment.load(str(folder / "sweep.toml"), replications=2)
    result = run(experiment, folder / "out", workers=2)
    assert [failure["message"] for failure in result.failures] == [
        f"policy 'slow' in replication {r} of clothes: its process died every time (out of memory, or killed?)"
        for r in range(2)
    ]
    assert all(failure["user"] for failure in result.failures)
    assert len(cells_in(folder / "out")) == 2
    assert [failure["policy"] for failure in Result.load(folder / "out").failures] == ["slow", "slow"]
    (folder / "fatal").unlink()
    assert gone_on_with(folder) == reference
    assert Result.load(folder / "out").failures == []


@pytest.mark.slow
def test_workers_do_not_outlive_their_run(folder, reference):
    """SIGKILL to the parent alone: its workers end by themselves."""
    with begun(folder, workers=2) as process:
        workers = workers_of(process.pid)
        assert len(workers) == 2
        process.kill()
        process.wait()
        deadline = time.monotonic() + 15
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline, "the workers are still there"
            time.sleep(0.1)
    assert gone_on_with(folder) == reference


@pytest.mark.slow
def test_two_runs_at_once_in_one_folder_agree(folder, reference):
    with begun(folder, workers=1, cells=1) as one:
        assert gone_on_with(folder) == reference
        assert one.wait(timeout=60) == 0
    assert cells_in(folder / "out") == reference
    assert not list((folder / "out").rglob(f"{MAKING}*"))


def test_what_a_killed_run_left_unfinished_is_thrown_away(folder, reference):
    """A younger one may be made right now, on another machine; on this one it is known who lives."""
    out = folder / "out"
    gone_on_with(folder)
    shelf = next((out / "cells").iterdir())
    old, new, logs = shelf / f"{MAKING}old", shelf / f"{MAKING}new", out / "log" / f"{MAKING}old"
    mine, dead = (in_the_making(shelf) for _ in range(2))
    dead = dead.with_name(dead.name.replace(f"{MAKING}{os.getpid()}-", f"{MAKING}{2**22 + 1}-"))
    for path in (old, new, mine, dead):
        path.write_text("half a cell")
    logs.mkdir(parents=True)
    (logs / "part-00000.parquet").write_text("half a log")
    yesterday = time.time() - LEFT_BEHIND - 1
    for path in (old, logs):
        os.utime(path, (yesterday, yesterday))
    assert gone_on_with(folder) == reference
    assert [path.exists() for path in (old, new, mine, dead, logs)] == [False, True, True, False, False]

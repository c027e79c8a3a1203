"""Run an experiment: every cell that is not there yet, on several processes, resumable.

The unit of scheduling is a replication of a scenario, whose objectives and policies share its draws; the unit of
storage is the cell. A finished cell is never computed again: resuming is running again.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Literal

from bandits.errors import InputError
from experiments.cells import Cell, cells_of
from experiments.folder_store import FolderStore
from experiments.manifest import manifest_of
from experiments.result import Result
from experiments.spec import Experiment
from experiments.store import MemoryStore
from experiments.work import Task, finished
from experiments.workers import computed

Progress = Callable[[int, int], None]
"""Is told how many cells are done, of how many."""


def run(
    experiment: Experiment,
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int = 1,
    log: Literal["none", "full"] = "none",
    overwrite: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Result:
    """Run an experiment, or what is missing of it.

    Args:
        experiment: what to run.
        out: folder for the results; None keeps them in memory.
        workers: processes on this machine; 1 runs everything in this one. The result has the same bits for any number.
        log: "full" writes every visit as parquet beside the cells; it needs a folder.
        overwrite: throw away what another experiment left in the folder.
        progress: is told how many cells are done, of how many.
        executor: runs the tasks instead of local processes, such as a Dask client's; it must see the same folder.

    Returns:
        The result; `failures` lists the cells that failed, which are tried again on the next run.

    Raises:
        InputError: when an argument or the folder does not fit, or the disk is full (what is finished is kept).
        KeyboardInterrupt: on Ctrl-C; running it again goes on where it stopped.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers: must be a whole number of at least 1, got {workers!r}")
    if log not in {"none", "full"}:
        raise InputError(f"log: must be 'none' or 'full', got {log!r}")
    if log == "full" and out is None:
        raise InputError("log: 'full' writes files; say where with out=…")
    store = MemoryStore() if out is None else FolderStore(pathlib.Path(out))
    cells = cells_of(experiment)
    manifest = manifest_of(experiment, cells)
    if isinstance(store, FolderStore):
        store.claim(manifest, overwrite=overwrite)
    wanted: dict[str, list[Cell]] = {}  # policies that differ in name alone share their cells
    for cell in cells:
        if not finished(store, cell.key, log=log == "full"):
            wanted.setdefault(cell.key, []).append(cell)
    tell = progress or _quiet
    kept = len(cells) - sum(map(len, wanted.values()))
    tell(kept, len(cells))
    failures: list[dict[str, Any]] = []
    try:
        for done in computed(_tasks(wanted, experiment.seed, store, log), workers, executor):
            if done.failure is not None:
                failures += [done.failure | cell.labels for cell in wanted[done.key]]
            elif done.data is not None:
                store.put(done.key, done.data)
            kept += len(wanted[done.key])
            tell(kept, len(cells))
    finally:
        store.tidy()  # workers that were stopped could not
    order = {cell.key: number for number, cell in enumerate(cells)}
    failures.sort(key=lambda failure: order[failure["key"]])
    return Result(manifest, store, failures)


def _quiet(done: int, total: int) -> None:
    """Tell nobody."""


def _tasks(wanted: dict[str, list[Cell]], seed: int, store: FolderStore | MemoryStore, log: str) -> list[Task]:
    groups: dict[tuple[int, str], list[Cell]] = {}
    for cell, *_ in wanted.values():
        groups.setdefault((cell.replication, cell.scenario), []).append(cell)
    folder = store.folder.resolve() if isinstance(store, FolderStore) else None
    return [Task(tuple(group), seed, folder, log == "full") for group in groups.values()]

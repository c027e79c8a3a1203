"""Run an experiment: every cell that is not there yet, on several processes, resumable.

The unit of scheduling is a replication of a scenario, whose objectives and policies share its draws; the unit of storage
is the cell. A finished cell is never computed again: resuming is running again.
"""

from __future__ import annotations

import errno
import os
import pathlib
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bandits.description import kind_of
from bandits.errors import InputError
from bandits.loops import Misbehaviour, start
from bandits.protocol import Needs
from experiments.cells import Cell, cells_of
from experiments.manifest import manifest_of
from experiments.result import Result
from experiments.runner import complaint, run_cell
from experiments.spec import Experiment, label_of_any
from experiments.store import FolderStore, MemoryStore, to_bytes

Progress = Callable[[int, int], None]
"""Is told how many cells are done, of how many."""


@dataclass(frozen=True, slots=True)
class Task:
    """Cells of one replication that share draws."""

    cells: tuple[Cell, ...]
    seed: int
    folder: pathlib.Path | None
    log: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a cell: its content (where there is no folder), or why there is none."""

    key: str
    data: bytes | None = None
    failure: dict[str, Any] | None = None


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
    failures: list[dict[str, Any]] = []
    kept = 0
    try:
        if isinstance(store, FolderStore):
            store.claim(manifest, overwrite=overwrite)
        missing = [cell for cell in cells if not _finished(store, cell.key, log)]
        kept = len(cells) - len(missing)
        if progress:
            progress(kept, len(cells))
        tasks = _tasks(missing, experiment.seed, store, log)
        for done in _computed(tasks, workers, executor):
            if done.failure is not None:
                failures.append(done.failure)
            elif done.data is not None:
                store.put(done.key, done.data)
            kept += 1
            if progress:
                progress(kept, len(cells))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        where = "" if out is None else str(out)
        raise InputError("no space is left on the disk; make room and run it again: what is finished is kept", where) from None
    order = {cell.key: number for number, cell in enumerate(cells)}
    failures.sort(key=lambda failure: order[failure["key"]])
    return Result(manifest, store, failures)


def _finished(store: FolderStore | MemoryStore, key: str, log: str) -> bool:
    logged = log == "none" or (isinstance(store, FolderStore) and store.log_folder(key).is_dir())
    return logged and store.has(key)


def _tasks(missing: list[Cell], seed: int, store: FolderStore | MemoryStore, log: str) -> list[Task]:
    groups: dict[tuple[int, str], dict[str, Cell]] = {}
    for cell in missing:
        groups.setdefault((cell.replication, cell.environment.about.scenario), {})[cell.key] = cell
    folder = store.folder.resolve() if isinstance(store, FolderStore) else None
    return [Task(tuple(group.values()), seed, folder, log == "full") for group in groups.values()]


def _computed(tasks: list[Task], workers: int, executor: Executor | None) -> Iterator[Done]:
    """Compute tasks in any order; the cells of a task arrive together."""
    if not tasks:
        return
    if executor is not None:
        for future in as_completed([executor.submit(work, task) for task in tasks]):
            yield from future.result()
    elif workers == 1:
        for task in tasks:
            for cell in task.cells:
                yield from work(replace(task, cells=(cell,)))
    else:
        warm(tasks)
        yield from _pooled(tasks, min(workers, len(tasks)))


def _pooled(tasks: list[Task], workers: int) -> Iterator[Done]:
    """Compute tasks on local processes. If one dies, everything unfinished is tried again, and then one at a time."""
    waiting = dict(enumerate(tasks))
    for _ in range(2):
        yield from _attempt(waiting, list(waiting), workers)
    for number in list(waiting):
        yield from _attempt(waiting, [number], 1)
        if number in waiting:
            yield from _died(waiting.pop(number))


def _attempt(waiting: dict[int, Task], numbers: list[int], workers: int) -> Iterator[Done]:
    """Compute some of the waiting tasks, and strike them off, until all are done or a process dies."""
    from loky import ProcessPoolExecutor  # noqa: PLC0415  costs a quarter of a second, and one worker needs none
    from loky.process_executor import BrokenProcessPool  # noqa: PLC0415  the same

    if not numbers:
        return
    pool = ProcessPoolExecutor(max_workers=workers, initializer=_begin, initargs=(list(sys.path),), env=ONE_THREAD)
    futures: dict[Future[list[Done]], int] = {pool.submit(work, waiting[number]): number for number in numbers}
    finished = False
    try:
        for future in as_completed(futures):
            result = future.result()
            del waiting[futures[future]]
            yield from result
        finished = True
    except BrokenProcessPool:
        pass
    finally:
        pool.shutdown(wait=True, kill_workers=not finished)


ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")}


def _begin(path: list[str]) -> None:
    """Prepare a worker: it finds the modules that its parent finds, and leaves Ctrl-C to its parent."""
    sys.path[:] = path
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _died(task: Task) -> list[Done]:
    what = "its process died three times (out of memory, or killed?)"
    return [_failed(task, cell, f"{cell.place}: {what}", None, user=True) for cell in task.cells]


def work(task: Task) -> list[Done]:
    """Compute the cells of a task that nobody has computed in the meantime."""
    store = None if task.folder is None else FolderStore(task.folder)
    results = []
    for cell in task.cells:
        log = store.log_folder(cell.key) if store is not None and task.log else None
        if store is not None and _finished(store, cell.key, "full" if task.log else "none"):
            results.append(Done(cell.key))
            continue
        try:
            data = to_bytes(run_cell(cell.environment, cell.policy, task.seed, cell.replication, log))
        except Misbehaviour as error:
            place = label_of_any(cell.environment)
            line = complaint(error, cell.policy, place, cell.replication)
            results.append(_failed(task, cell, line, error, user=":" in kind_of(cell.policy)))
            continue
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            results.append(_failed(task, cell, f"{cell.place}: {error}", error, user=False))
            continue
        except Exception as error:  # noqa: BLE001  one cell fails, is recorded, and the others go on
            line = f"{cell.place}: {type(error).__name__}: {error}"
            results.append(_failed(task, cell, line, error, user=isinstance(error, InputError)))
            continue
        if store is None:
            results.append(Done(cell.key, data))
        else:
            store.put(cell.key, data)
            results.append(Done(cell.key))
    return results


def _failed(task: Task, cell: Cell, line: str, error: BaseException | None, *, user: bool) -> Done:
    record = {
        "key": cell.key,
        "policy": label_of_any(cell.policy),
        "environment": label_of_any(cell.environment),
        "replication": cell.replication,
        "message": " ".join(line.split()),
        "user": user,
        "traceback": "" if error is None else "".join(traceback.format_exception(error)),
    }
    if task.folder is not None:
        FolderStore(task.folder).fail(cell.key, record)
    return Done(cell.key, failure=record)


def warm(tasks: list[Task]) -> None:
    """Compile what the workers will need before they start: one block of each environment with each policy."""
    seen = set()
    for task in tasks[:1]:
        for cell in task.cells:
            kind = (type(cell.environment).__name__, kind_of(cell.policy))
            if kind in seen or ":" in kind_of(cell.policy):
                continue
            seen.add(kind)
            try:
                first_block(cell, task.seed)
            except Exception:  # noqa: BLE001, S110  whatever is wrong will be reported by the cell itself
                pass


def first_block(cell: Cell, seed: int) -> None:
    """Play the first block of a cell, and forget it."""
    world = cell.environment.open(seed, cell.replication)
    learner = start(cell.policy, world.problem, np.random.default_rng(0))
    visits = world.next_block()
    if visits is not None:
        world.respond(learner.play(visits.shown_to(Needs.of(cell.policy))).action)

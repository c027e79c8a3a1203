"""Who computes: this process, processes on this machine, or an executor that is handed in."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bandits.description import kind_of
from bandits.errors import InputError
from bandits.fit import start
from bandits.protocol import Needs
from experiments.cells import Cell
from experiments.work import Done, Task, failed, work

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
ORPHANED = 3


def computed(tasks: list[Task], workers: int, executor: Executor | None) -> Iterator[Done]:
    """Compute tasks in any order; the cells of a task arrive together.

    Args:
        tasks: what is to be computed.
        workers: processes on this machine; 1 is this one.
        executor: computes instead.
    """
    if executor is not None:
        futures = [executor.submit(work, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield from future.result()
        finally:
            for future in futures:
                future.cancel()
    elif workers == 1:
        for task in tasks:
            for alone in _single(task):
                yield from work(alone)
    elif tasks:
        _can_travel(tasks)
        warm(tasks)
        yield from _pooled(tasks, workers)


def _single(task: Task) -> list[Task]:
    return [replace(task, cells=(cell,)) for cell in task.cells]


def _can_travel(tasks: list[Task]) -> None:
    """Refuse what no other process can be given."""
    from loky.backend.reduction import dumps  # noqa: PLC0415  see _pool

    faults, seen = [], set()
    for task in tasks:
        for cell in task.cells:
            for thing, label in ((cell.policy, cell.labels["policy"]), (cell.environment, cell.labels["environment"])):
                if id(thing) in seen:
                    continue
                seen.add(id(thing))
                try:
                    dumps(thing)
                except Exception as error:  # noqa: BLE001  whatever keeps it from being pickled
                    cause = f"{type(error).__name__}: {error}"
                    faults.append(f"{label!r} cannot be sent to another process ({cause}); use 1 worker, or mend it")
    if faults:
        raise InputError(faults)


def _pooled(tasks: list[Task], workers: int) -> Iterator[Done]:
    """Compute tasks on local processes.

    If one dies, what is unfinished is tried again on half as many, in case they were short of memory; in the end cell
    by cell, so that only those that kill their process are lost.
    """
    waiting = dict(enumerate(tasks))
    while waiting and workers > 0:
        yield from _attempt(waiting, min(workers, len(waiting)))
        workers //= 2
    for task in waiting.values():
        for alone in _single(task):
            cause = yield from _attempt({0: alone}, 1)
            if cause is not None:
                what = f"{alone.cells[0].place}: its process died every time ({cause})"
                yield failed(alone, alone.cells[0], what)


def _attempt(waiting: dict[int, Task], workers: int) -> Generator[Done, None, str | None]:
    """Compute the waiting tasks, and strike them off, until all are done or a process dies.

    Returns:
        Why it died, if it did.
    """
    from loky.process_executor import BrokenProcessPool  # noqa: PLC0415  see _pool

    pool = _pool(workers)
    futures: dict[Future[list[Done]], int] = {pool.submit(work, task): number for number, task in waiting.items()}
    try:
        for future in as_completed(futures):
            result = future.result()
            del waiting[futures[future]]
            yield from result
    except BrokenProcessPool as error:
        said = [] if error.__cause__ is None else str(error.__cause__).strip('" \n').splitlines()
        return said[-1] if said else "out of memory, or killed?"
    finally:
        pool.shutdown(wait=True, kill_workers=True)
    return None


def _pool(workers: int) -> ProcessPoolExecutor:
    from loky import ProcessPoolExecutor  # noqa: PLC0415  costs a quarter of a second, and one worker needs none

    return ProcessPoolExecutor(
        max_workers=workers, initializer=_begin, initargs=(list(sys.path), os.getpid()), env=ONE_THREAD
    )


def _begin(path: list[str], parent: int) -> None:
    """Prepare a worker: it finds the modules that its parent finds, leaves Ctrl-C to it, and does not outlive it."""
    sys.path[:] = path
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(ORPHANED)


def warm(tasks: list[Task]) -> None:
    """Compile what the workers will need before they start: one block of each environment with each built-in policy."""
    seen = set()
    for task in tasks:
        for cell in task.cells:
            kind = (type(cell.environment), kind_of(cell.policy))
            if kind in seen or cell.codes:
                continue
            seen.add(kind)
            with contextlib.suppress(Exception):  # whatever is wrong will be reported by the cell itself
                first_block(cell, task.seed)


def first_block(cell: Cell, seed: int) -> None:
    """Play the first block of a cell, and forget it."""
    world = cell.environment.open(seed, cell.replication)
    learner = start(cell.policy, world.problem, np.random.default_rng(0))
    visits = world.next_block()
    if visits is not None:
        world.respond(learner.play(visits.shown_to(Needs.of(cell.policy))).action)

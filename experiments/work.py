"""What a worker does: it computes the cells of a task, and says what became of each."""

from __future__ import annotations

import pathlib
import traceback
from dataclasses import dataclass
from typing import Any

from bandits.answers import Misbehaviour
from bandits.description import codes
from bandits.errors import InputError
from experiments.cells import Cell
from experiments.disk import Unwritable
from experiments.folder_store import FolderStore
from experiments.provenance import made_with
from experiments.runner import complaint, run_cell
from experiments.spec import label_of_any
from experiments.store import Store, to_bytes


@dataclass(frozen=True, slots=True)
class Task:
    """Cells of one replication that share draws.

    Args:
        cells: of different keys.
        seed: of the experiment.
        folder: of the results, or None where they are kept in memory.
        log: whether every visit is logged.
    """

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


def finished(store: Store, key: str, *, log: bool) -> bool:
    """Whether a cell, and its log if one is asked for, need not be computed."""
    logged = not log or (isinstance(store, FolderStore) and store.log_folder(key).is_dir())
    return logged and store.has(key)


def work(task: Task) -> list[Done]:
    """Compute the cells of a task that nobody has computed in the meantime.

    Raises:
        Unwritable: when a result cannot be written.
    """
    return [_computed(task, cell) for cell in task.cells]


def _computed(task: Task, cell: Cell) -> Done:
    store = None if task.folder is None else FolderStore(task.folder)
    if store is not None and finished(store, cell.key, log=task.log):
        return Done(cell.key)
    log = store.log_folder(cell.key) if store is not None and task.log else None
    own = bool(cell.codes)
    try:
        if _edited(cell):
            return failed(task, cell, f"{cell.place}: {EDITED}")
        data = to_bytes(run_cell(cell.environment, cell.policy, task.seed, cell.replication, log, cell.what))
    except Unwritable:
        raise
    except Misbehaviour as error:
        line = complaint(error, cell.policy, label_of_any(cell.environment), cell.replication)
        return failed(task, cell, line, error, user=own)
    except Exception as error:  # noqa: BLE001  one cell fails, is recorded, and the others go on
        line = f"{cell.place}: {type(error).__name__}: {error}"
        return failed(task, cell, line, error, user=own or isinstance(error, InputError))
    if store is None:
        return Done(cell.key, data)
    store.put(cell.key, data)
    return Done(cell.key)


EDITED = (
    "its code, or a value that it uses, is not what it was when this run began "
    "(edited since, or made anew by every process); run it again"
)
_unedited: set[tuple[str, ...]] = set()


def _edited(cell: Cell) -> bool:
    """Whether this process has other code, of ours or of one's own, than the one that named the cell."""
    if cell.made != made_with():
        return True
    # once in a process, before it has run anything: code may change the values that it uses
    if not cell.codes or cell.codes in _unedited:
        return False
    if cell.codes != (*codes(cell.environment), *codes(cell.policy)):
        return True
    _unedited.add(cell.codes)
    return False


def failed(task: Task, cell: Cell, line: str, error: BaseException | None = None, *, user: bool = True) -> Done:
    """Record why a cell could not be computed.

    Args:
        task: that it belongs to.
        cell: that failed.
        line: what happened, where.
        error: that was raised, if one was.
        user: whether it is the user's to mend; else it is a bug of ours.
    """
    record = {
        "key": cell.key,
        **cell.labels,
        "message": " ".join(line.split()),
        "user": user,
        "traceback": "" if error is None else "".join(traceback.format_exception(error)),
    }
    if task.folder is not None:
        FolderStore(task.folder).fail(cell.key, record)
    return Done(cell.key, failure=record)

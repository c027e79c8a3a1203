"""Live progress of a run: how many cells are done, and how long the rest will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

QUIET_SECONDS = 10.0


def cores() -> int:
    """How many cores this process may use, as the machine, its affinity and its container allow."""
    from loky import cpu_count  # noqa: PLC0415  costs a quarter of a second, and most commands need none

    return int(cpu_count())


@contextmanager
def shown(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on standard error: a bar on a terminal, else a line every ten seconds.

    Args:
        name: of the experiment.

    Yields:
        A function that is told how many cells are done, of how many.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(name, console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, speed_estimate_period=120) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    def __init__(self, name: str, console: Console) -> None:
        self._name, self._console = name, console
        self._begun: tuple[float, int] | None = None
        self._kept = 0
        self._last = -QUIET_SECONDS

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._begun is None or self._begun[1] == self._kept:
            # time counts from the first new cell, which alone waits for the compiler
            self._kept = done if self._begun is None else self._kept
            self._begun = now, done
        if now - self._last < QUIET_SECONDS and done < total:
            return
        self._last = now
        begun, before = self._begun
        left = f", about {(now - begun) / (done - before) * (total - done):.0f} s left" if done > before else ""
        line = f"{self._name}: {done} of {total} cells{left if done < total else ''}"
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

"""Ctrl-C and a polite kill: heeded at once, and if Python loses what they raise, when the next cell is done.

What is raised while an object is being finalised, or in a callback of the garbage collector, is printed and forgotten;
a signal may come just then.
"""

from __future__ import annotations

import signal
from collections.abc import Callable


class Stop:
    """What was asked for by a signal."""

    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """Hear polite kills, and Ctrl-C where nobody has chosen to ignore it."""
        signal.signal(signal.SIGTERM, self)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)

    def __call__(self, *_: object) -> None:
        """Stop."""
        self._asked = True
        raise KeyboardInterrupt

    def heeded(self, progress: Callable[[int, int], None]) -> Callable[[int, int], None]:
        """Tell of progress, unless a stop was asked for."""

        def told(done: int, total: int) -> None:
            if self._asked:
                raise KeyboardInterrupt
            progress(done, total)

        return told


STOP = Stop()

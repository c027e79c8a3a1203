"""Writing files so that nobody ever sees a part of one, and saying in one line why one cannot be written."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import secrets
import shutil
import socket
import time
from collections.abc import Iterator

from bandits.errors import InputError

MAKING = ".making-"
HOST = socket.gethostname()
LEFT_BEHIND = 86_400.0
"""What another machine has had in the making for so long [s] is a killed run's."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Unwritable(InputError):  # noqa: N818  it names what happened
    """Results cannot be written: no space, no permission. It ends the run; what is finished is kept."""


@contextlib.contextmanager
def writing(folder: pathlib.Path) -> Iterator[None]:
    """Say in one line why something cannot be written.

    Raises:
        Unwritable: in place of any error of the operating system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            what = "no space is left on the disk; make room and run it again: what is finished is kept"
        else:
            why = error.strerror or error
            what = f"cannot be written: {why}; choose another folder, or mend this one and run it again"
        raise Unwritable(what, str(folder)) from error


def in_the_making(folder: pathlib.Path) -> pathlib.Path:
    """A path in a folder that nobody else has, for what is not finished."""
    return folder / f"{MAKING}{os.getpid()}-{secrets.token_hex(4)}-{HOST}"


def write_synced(path: pathlib.Path, data: bytes) -> None:
    """Write a new file, and wait until the disk has it."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: pathlib.Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it, not even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = in_the_making(path.parent)
    try:
        write_synced(making, data)
        making.replace(path)
    except BaseException:
        making.unlink(missing_ok=True)
        raise


def tidy(folder: pathlib.Path) -> None:
    """Throw away what runs that were killed left unfinished; not what another run is making now."""
    for path in folder.rglob(f"{MAKING}*"):
        with contextlib.suppress(FileNotFoundError):  # it was finished meanwhile
            if not _left_behind(path):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _left_behind(path: pathlib.Path) -> bool:
    """Whether nobody is making it any more: its process has ended, or, if that was elsewhere, it is a day old."""
    maker, _, rest = path.name.removeprefix(MAKING).partition("-")
    if os.name == "posix" and maker.isdigit() and rest.partition("-")[2] == HOST:
        try:
            os.kill(int(maker), 0)  # signal 0 asks, and does nothing
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
    return time.time() - path.stat().st_mtime > LEFT_BEHIND

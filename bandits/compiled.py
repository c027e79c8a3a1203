"""How kernels are compiled: plain Python loops become machine code, kept on disk between runs."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from numba import njit
from numba.core.dispatcher import Dispatcher

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a function on its first call; it is still called as it was written, so its type stays as it is.

    No sum is reordered (no fastmath) and nothing runs in parallel, so that the same seed gives the same bits.
    """
    return _kept(kernel)


def inlined(kernel: Kernel) -> Kernel:
    """Compile a function by itself, and its machine code into each kernel that calls it: same arithmetic, same bits.

    Handing arrays to a function costs more than the few sums that it does with them: a linear policy plays 1.7 times
    faster with its two inner products inlined.
    """
    return _kept(kernel, forceinline=True)


def pasted(kernel: Kernel) -> Kernel:
    """Paste a function of a line or two into each kernel that calls it, before that is compiled: same bits.

    Compiled by itself, for the state of each policy, it would take longer than all else that it ever does.
    """
    return _kept(kernel, inline="always")


def _kept(kernel: Kernel, *, inline: Literal["never", "always"] = "never", forceinline: bool = False) -> Kernel:
    """Compile a function, and keep its machine code on disk.

    Numba forgets machine code when the kernel's own file is edited, but not when that of a kernel which it calls is;
    and it stumbles over machine code that was made for a named tuple which is no longer there. So the content of all
    these files is made part of the name under which the code is kept.
    """
    name = name_of(kernel)
    digest = hashlib.sha256(b"".join(pathlib.Path(file).read_bytes() for file in sorted(_files(kernel)))).hexdigest()
    kernel.__qualname__ += f"-{digest[:8]}"
    machine_code = njit(cache=True, inline=inline, forceinline=forceinline)(kernel)
    kernel.__qualname__ = name
    return cast("Kernel", machine_code)


def name_of(kernel: Callable[..., Any]) -> str:
    """The name of a function, whether it is compiled or not, without what is kept with it."""
    return (kernel.py_func if isinstance(kernel, Dispatcher) else kernel).__qualname__


def _files(kernel: Callable[..., Any]) -> set[str]:
    """The files of a function and of all kernels that it calls."""
    called = [kernel.__globals__.get(name) for name in kernel.__code__.co_names]
    files = [_files(thing.py_func) for thing in called if isinstance(thing, Dispatcher)]
    return {kernel.__code__.co_filename}.union(*files)

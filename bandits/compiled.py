"""How kernels are compiled: plain Python loops become machine code, kept on disk between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a function on its first call; it is still called as it was written, so its type stays as it is.

    No sum is reordered (no fastmath) and nothing runs in parallel, so that the same seed gives the same bits.
    """
    return cast("Kernel", njit(cache=True)(kernel))

"""What results are made with. A cell's name contains it, so that no old result is given for new code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import pathlib
import platform
from functools import cache

import bandits
import environments

PACKAGES = ("personabandits", "numpy", "scipy", "numba", "polars", "pydantic", "vowpalwabbit")
DECISIVE = ("numpy", "scipy", "numba", "vowpalwabbit")
"""The packages whose versions may change the last bit of a result."""
BOOKKEEPING = ("entries.py", "ledger.py", "runner.py")


def versions() -> dict[str, str]:
    """Of Python and of every package that a result may depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


@cache
def made_with() -> str:
    """A fingerprint of the code of policies, worlds and ledger, and of the packages that they calculate with.

    Every byte of the code counts, comments too: computing a cell once too often costs minutes, and taking an old result
    for a new one costs the result.
    """
    digest = hashlib.sha256()
    here = pathlib.Path(__file__).parent
    files = [
        *_sources(bandits.__path__[0]),
        *_sources(environments.__path__[0]),
        *(here / name for name in BOOKKEEPING),
    ]
    for file in files:
        digest.update(file.read_bytes())
    found = versions()
    digest.update(repr([found[package] for package in DECISIVE]).encode())
    return digest.hexdigest()


def _sources(folder: str) -> list[pathlib.Path]:
    """The code in a folder, and the data that it reads; scenarios are part of an environment's parameters."""
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix in {".py", ".parquet"})

"""Which tests share a worker: those of a file of policies, since whoever runs them first compiles their loops."""

from __future__ import annotations

import pathlib

import pytest

POLICIES = pathlib.Path(__file__).parent / "bandits"


@pytest.hookimpl(tryfirst=True)  # before the workers read the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each file of tests of policies a group of its own; heeded by `pytest --dist loadgroup`."""
    for item in items:
        if item.path.parent == POLICIES:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))

"""Which tests share a worker: those of a file, since whoever runs them first compiles the loops and makes the pages."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # before the workers read the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each file of tests a group of its own, unless its tests say theirs; heeded by `pytest --dist loadgroup`."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))

"""Every command and every piece of code in README and docs runs, in order, file by file, as a reader would run it.

A fence of `python` or `sh` is run in a folder of its own, with the names of the fences before it; one after
`<!-- file: NAME -->` is written to that file instead; one after `<!-- slow -->` is run by the slow tests alone; `toml`
must be TOML. `text` and `console` show what is printed, or what is typed once: their `make` targets must exist.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tomllib
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<marks>(?:<!--[^\n]*-->\n)*)```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LONG = {ROOT / "docs" / name for name in ("check-data.md", "own-policy.md", "personas.md", "results.md")}
"""Pages that only the slow tests run."""
KINDS = {"python", "sh", "toml", "text", "console", "bibtex"}


class Fence(NamedTuple):
    kind: str
    text: str
    line: int
    slow: bool
    file: str | None


def fences_of(page: pathlib.Path) -> list[Fence]:
    text = page.read_text("utf-8")
    found = []
    for match in FENCE.finditer(text):
        marks = match["marks"]
        file = re.search(r"<!-- file: (\S+) -->", marks)
        line = text.count("\n", 0, match.start("text")) + 1
        found.append(Fence(match["kind"], match["text"], line, "<!-- slow -->" in marks, file and file[1]))
    return found


def run_page(page: pathlib.Path, folder: pathlib.Path, *, slow: bool) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for fence in fences_of(page):
        if fence.slow and not slow:
            continue
        if fence.file is not None:
            (folder / fence.file).write_text(fence.text, "utf-8")
        elif fence.kind == "python":
            # empty lines before it, so that a traceback shows the line of the page
            exec(compile("\n" * (fence.line - 1) + fence.text, str(page), "exec"), names)  # noqa: S102  our own page
        elif fence.kind == "sh":
            command = ["bash", "-euo", "pipefail", "-c", fence.text]
            ended = subprocess.run(
                command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0, f"{page.name}:{fence.line}:\n{fence.text}\n{ended.stdout}\n{ended.stderr}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a reader sits: modules in it can be imported, and are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if (tmp_path / f"{name}.py").exists():
            del sys.modules[name]


def runs(page: pathlib.Path, *, slow: bool) -> bool:
    """Whether there is something to run; the slow run is for long pages, and for those with something slow in them."""
    fences = [f for f in fences_of(page) if f.kind in {"python", "sh"} and f.file is None]
    if slow:
        return page in LONG or any(f.slow for f in fences)
    return page not in LONG and any(not f.slow for f in fences)


def name_of(page: pathlib.Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if runs(page, slow=False)], ids=name_of)
def test_a_page_runs(page, folder):
    run_page(page, folder, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if runs(page, slow=True)], ids=name_of)
def test_a_page_runs_with_its_slow_parts(page, folder):
    run_page(page, folder, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_well_formed(page):
    """All fences are of known kinds and closed, TOML is TOML, and `make` makes what there is."""
    text, fences = page.read_text("utf-8"), fences_of(page)
    assert text.count("\n```") + text.startswith("```") == 2 * len(fences)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for fence in fences:
        assert fence.kind in KINDS, f"{page.name}:{fence.line}"
        if fence.kind == "toml":
            tomllib.loads(fence.text)
        for target in re.findall(r"^(?:\$ )?make +([a-z]+)", fence.text, re.MULTILINE):
            assert target in targets, f"{page.name}:{fence.line}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Links inside the repository; headings by the names that GitHub gives them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), f"{name_of(page)}: {target}"
        if heading:
            headings = re.findall(r"^#+ +(.+)$", there.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert heading in anchors, f"{name_of(page)}: {target}"

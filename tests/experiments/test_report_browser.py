"""The report in a real browser: no script errors, no overflow, nothing that is cut off."""

from __future__ import annotations

import html
import importlib.resources
import json
import re
import shutil
import subprocess

import pytest
import test_report_worlds as worlds
from matplotlib.image import imread
from test_report import page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to look at the page with; install chromium"),
]

WIDTHS = (390, 1280)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
PROBE = """
<script>
const errors = [];
addEventListener("error", event => errors.push(event.message));
addEventListener("load", () => {
  document.querySelectorAll("details").forEach(details => { details.open = true; });
  const wide = document.documentElement.clientWidth;
  const outside = [...document.querySelectorAll("body *")].filter(element =>
    !element.closest(".scroll") && !element.closest("svg") && !element.closest(".skip") &&
    element.getBoundingClientRect().right > wide + 1).map(element => element.outerHTML.slice(0, 80));
  const cut = [...document.querySelectorAll("svg text")].filter(text => {
    const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
    return inner.left < outer.left - 2 || inner.right > outer.right + 2 || inner.top < outer.top - 2
      || inner.bottom > outer.bottom + 2;
  }).map(text => text.textContent);
  const unnamed = [...document.querySelectorAll("svg")].filter(svg =>
    !svg.querySelector("title")?.textContent.trim() || !svg.querySelector("desc")?.textContent.trim()).length;
  const small = [...document.querySelectorAll("svg")].filter(svg =>
    svg.getBoundingClientRect().width < 0.97 * svg.viewBox.baseVal.width).length;
  parent.document.documentElement.dataset[`probe${wide}`] = JSON.stringify({
    errors, outside, cut, unnamed, small, wide, scroll: document.documentElement.scrollWidth,
    figures: document.querySelectorAll("svg").length,
  });
});
</script>
"""


def framed(watched):
    """A page in one frame a width, since the window itself cannot be made as narrow as a phone."""
    frames = [
        f'<iframe width="{width}" height="900" frameborder="0" srcdoc="{html.escape(watched)}"></iframe>'
        for width in WIDTHS
    ]
    return "<!DOCTYPE html><title>frames</title>" + "".join(frames)


def look(text, folder):
    """Open a page and tell what the probe found, and what the console said."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1400,1000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.findall(r'data-(probe\d+)="([^"]*)"', done.stdout)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return {name: json.loads(html.unescape(told)) for name, told in found}, console


@pytest.mark.parametrize(
    "case",
    [
        "acme",
        *(
            pytest.param(case, marks=pytest.mark.slow)
            for case in ("clothing", "one replication", "evil", "crowded", "mixture", "occupations")
        ),
    ],
)
def test_the_page_fits_its_window_and_every_figure_is_whole(case, tmp_path):
    text = worlds.page(case) if case in worlds.CASES else page(case)
    watched = POLICY.sub("", text).replace("<style>", PROBE + "<style>", 1)
    seen, console = look(framed(watched), tmp_path)
    assert set(seen) == {f"probe{width}" for width in WIDTHS}
    for width in WIDTHS:
        found = seen[f"probe{width}"]
        assert found["scroll"] <= width
        assert found["errors"] == found["outside"] == found["cut"] == console == []
        assert found["unnamed"] == found["small"] == 0
        assert found["figures"] > 0


def test_the_page_asks_for_nothing_that_its_own_policy_forbids(tmp_path):
    assert POLICY.search(page("evil"))
    _, console = look(page("evil"), tmp_path)
    assert console == []


def test_a_table_has_a_shadow_at_its_right_edge_just_while_there_is_more_of_it(tmp_path):
    """Three boxes of 300 × 100 px, one below the other: a wide table, the same scrolled to its end, and a narrow one.

    The paper is white (1), and a shadow is not. Looked at is a pixel 2 px from the right edge, between two lines.
    """
    style = importlib.resources.files("experiments.reports").joinpath("report.css.j2").read_text(encoding="utf-8")
    boxes = "".join(
        f'<div class="scroll" style="width:300px;height:100px;margin:0"><div style="width:{wide}px">.</div></div>'
        for wide in (600, 600, 200)
    )
    scroll = '<script>document.querySelectorAll(".scroll")[1].scrollLeft = 300;</script>'
    file, seen = tmp_path / "page.html", tmp_path / "seen.png"
    file.write_text(f"<!DOCTYPE html><style>{style} body {{ padding: 0 !important; margin: 0 }}</style>{boxes}{scroll}")
    flags = [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=600,400", f"--screenshot={seen}"]
    subprocess.run([CHROMIUM, *FLAGS, *flags, file.as_uri()], capture_output=True, timeout=120, check=True)
    edges = [float(imread(seen)[50 + 100 * number, 298, :3].mean()) for number in range(3)]
    assert edges[0] < 0.95
    assert edges[1] == edges[2] == 1

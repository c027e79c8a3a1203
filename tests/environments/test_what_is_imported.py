"""`import environments` is light: it starts every worker, and every command that makes a world."""

import subprocess
import sys

HEAVY = (
    "scipy.special",
    "scipy.stats",
    "polars",
    "matplotlib",
    "gymnasium",
    "vowpalwabbit",
    "typer",
    "jinja2",
    "rich",
    "loky",
    "experiments",
)


def test_nothing_heavy_comes_in_with_environments():
    """In a fresh process; a world that reads a table imports what it takes when it is described."""
    code = (
        "import sys, environments\n"
        "environments.Storefront.load('acme', objective='long_term').problem\n"
        "environments.Delayed(environments.Bernoulli([0.5, 0.4]), by=3).open(0, 0).next_block()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

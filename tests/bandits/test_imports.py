"""`import bandits` is light, and knows nothing of the simulator."""

import subprocess
import sys

HEAVY = (
    "scipy.stats",
    "polars",
    "matplotlib",
    "vowpalwabbit",
    "typer",
    "jinja2",
    "rich",
    "loky",
    "environments",
    "experiments",
)


def test_nothing_heavy_comes_in_with_bandits():
    """In a fresh process; a policy that needs a heavy module imports it when it starts."""
    code = (
        "import sys, bandits\n"
        "bandits.Cautious(bandits.PersonaBelief(bandits.LinearThompson()))\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

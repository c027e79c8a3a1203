"""Kernels: compiled once, kept, and compiled again when what they call has changed."""

import os
import subprocess
import sys

import bandits
import bandits.counts
import bandits.ridge
from bandits.assembly import Kernels

CALLER = """
from bandits.compiled import compiled
from kernel_inside import inner

@compiled
def outer(x):
    return inner(x) * 10
"""
INSIDE = """
from bandits.compiled import compiled

@compiled
def inner(x):
    return x + {}
"""


def test_a_kernel_keeps_its_name_and_its_words():
    assert bandits.ridge.fold_in.__name__ == "fold_in"
    assert "Sherman & Morrison" in bandits.ridge.fold_in.__doc__
    assert bandits.counts.learn_means.__module__ == "bandits.counts"


def test_no_two_loops_are_kept_under_one_name():
    """Else the machine code of one would be taken for the other's. Policies that share a loop share the kernel."""
    modules = [module for name, module in sys.modules.items() if name.startswith("bandits.")]
    made = [thing for module in modules for thing in vars(module).values() if isinstance(thing, Kernels)]
    loops = {loop for each in made for loop in (each.play, each.learn, each.correct, each.estimate) if loop is not None}
    names = [loop.__qualname__ for loop in loops]
    assert len(names) > 50
    assert len(set(names)) == len(names)
    assert max(map(len, names)) < 120  # file systems that encrypt allow names of 143


def test_policies_that_learn_alike_share_a_loop():
    assert bandits.linear.UCB.learn is bandits.linear.THOMPSON.learn
    assert bandits.linear.UCB.play is not bandits.linear.THOMPSON.play


def test_a_change_in_another_file_is_compiled_in(tmp_path):
    """outer(1) is (1 + 1) · 10 and is kept on disk; then the file of inner alone changes: (1 + 5) · 10."""
    (tmp_path / "kernel_outside.py").write_text(CALLER)
    code = "from kernel_outside import outer; print(outer(1))"
    said = []
    for number in (1, 5):
        (tmp_path / "kernel_inside.py").write_text(INSIDE.format(number))
        env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=env | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(int(done.stdout))
    assert said == [20, 60]
    assert len(list(tmp_path.glob("__pycache__/kernel_outside.outer-*.nbi"))) == 2

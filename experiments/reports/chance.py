"""What showing anything at random came to, and whether a policy did clearly better: else it has learnt nothing."""

from __future__ import annotations

from experiments.reports.definitions import METRICS
from experiments.reports.facts import ALL, Setting

REGRET = "regret_per_visit"


def chance(setting: Setting) -> str:
    """The label of the policy that shows anything at random; "" where it was not run."""
    return next((p.label for p in setting.policies if p.kind == "Random"), "")


def reference(setting: Setting) -> float | None:
    """What showing anything at random missed a visit, where it was run and missed something."""
    missed = setting.get(chance(setting), ALL, REGRET)
    return missed.value if missed and missed.value > 0 else None


def flat(setting: Setting) -> bool:
    """Whether nobody could miss anything, since all actions are expected to bring the same: regret cannot be told."""
    random = setting.get(chance(setting), ALL, REGRET)
    if random:
        return random.value == 0
    found = [setting.get(p.label, ALL, REGRET) for p in setting.policies if not p.informed]
    return len(found) > 1 and all(e.value == 0 for e in found)


def beats_chance(setting: Setting, label: str, metric: str = REGRET) -> bool:
    """Whether a policy is clearly better than showing anything at random; of one repetition, whether it was better.

    It is taken to be where random was not run, so that nobody can tell.
    """
    random = chance(setting)
    if label == random:
        return False
    if not setting.get(random, ALL, metric):
        return True
    sign = 1 if METRICS[metric].better == "high" else -1
    more = setting.difference(label, random, ALL, metric)
    if not more.has_interval:
        return sign * setting.get(label, ALL, metric).value > sign * setting.get(random, ALL, metric).value
    return more.excludes_zero and sign * more.value > 0

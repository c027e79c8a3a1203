"""Who wins a world: nobody does who is not clearly better than showing anything at random."""

from __future__ import annotations

from experiments.reports.definitions import METRICS
from experiments.reports.facts import ALL, Setting

REGRET = "regret_per_visit"
NOBODY = "no policy is clearly better than at random"
FLAT = "regret cannot be told: all actions are expected to bring the same"


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


def winners(setting: Setting, metric: str = REGRET) -> list[str]:
    """The policy with the least, and those that luck alone may have put behind it; best first.

    Nobody wins by regret who is not clearly better than at random, and nobody at all where regret cannot be told.
    """
    order = setting.ranked(metric)
    if not order or (metric == REGRET and flat(setting)):
        return []
    best, rest = order[0], order[1:]
    found = [best, *(p for p in rest if _as_good(setting, p, best, metric))]
    if metric != REGRET:
        return found
    return [] if chance(setting) in found else [p for p in found if beats_chance(setting, p)]


def verdict(setting: Setting) -> str:
    """Why nobody wins by regret; "" where somebody does, or there is nothing to compare."""
    if flat(setting):
        return FLAT
    compared = len(setting.contenders) > 1 and len(setting.ranked(REGRET)) > 1
    return NOBODY if compared and not winners(setting) else ""


def _as_good(setting: Setting, label: str, best: str, metric: str) -> bool:
    if setting.get(label, ALL, metric).value == setting.get(best, ALL, metric).value:
        return True
    more = setting.difference(label, best, ALL, metric)
    return more.has_interval and not more.excludes_zero

"""Vowpal Wabbit as its own tutorials use it: every visit is written and parsed as text."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

import numpy as np
import vowpalwabbit

from bandits.protocol import Choices


def by_text(policy, world, visits, rng, wait=1):
    """The slow oracle: every visit is written and parsed as text twice, as in Vowpal Wabbit's own tutorials.

    Rewards come after so many visits.
    """
    line = policy.command_line(world, int(rng.integers(2**32)))
    workspace = vowpalwabbit.Workspace(arg_list=[option for option in line if option != "--per_model_save_load"])
    K, action, propensity, lessons = len(world.actions), [], [], []
    for n, x in enumerate(visits.x):
        offered = np.flatnonzero(visits.available[n])
        lines = ["shared |u " + " ".join(f"{d}:{int(value)}" for d, value in enumerate(x))]
        for k in offered:
            z = [] if visits.z is None else visits.z[k]
            features = " ".join([str(k), *(f"{K + m}:{value}" for m, value in enumerate(z))])
            lines.append("|n" if k == world.nothing else f"|a {features}")
        pmf = workspace.predict(lines)
        upto = list(accumulate(pmf))
        place = bisect_right(upto, rng.random() * upto[-1])
        action.append(offered[place])
        propensity.append(pmf[place] / upto[-1])
        if offered[place] != world.nothing or policy.cb_type in {"dr", "ips"}:
            cost = -visits.rewards[n, offered[place]] / world.reward_scale
            lines[place + 1] = f"0:{cost}:{propensity[-1]} {lines[place + 1]}"
            lessons.append(lines)
        if (n + 1) % wait == 0:
            for lesson in lessons:
                workspace.learn(lesson)
            lessons.clear()
    return Choices(np.array(action), np.array(propensity))

"""What a reader must know of a replayed log: how little of it counts, and how noisy its estimates are.

C cohorts, K actions, E events.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from environments.cohort_cards import highest
from environments.protocol import Cohort
from environments.replay import Log, Order


def cards(log: Log, keys: Sequence[str], names: Sequence[str]) -> tuple[Cohort, ...]:
    """The cards of the cohorts (C,), made of the log."""
    events = np.bincount(log.cohort, minlength=len(keys))
    made = []
    for c, (key, name) in enumerate(zip(keys, names, strict=True)):
        text = (
            ("Events", f"{events[c]:,} of {len(log):,} events of the log."),
            ("Estimated to bring most", best(log, c)),
        )
        made.append(Cohort(key=key, name=name, share=float(events[c] / len(log)), text=text))
    return tuple(made)


def best(log: Log, c: int) -> str:
    """The actions that are estimated to bring most in a cohort, and how much."""
    mean = log.estimates.mean[c]
    if mean.max() - mean.min() <= 1e-9 * abs(mean).max():
        return f"No action more than another, as far as the log can tell ({mean[0]:.3g})."
    return highest(log.actions, mean, "{:.3g}".format)


def counting(log: Log, horizon: int, *, told: bool) -> str:
    """How much of the log counts in a run.

    Args:
        log: what is replayed.
        horizon: how many of its events are.
        told: whether the log tells its propensities; else it is taken to be uniformly random.
    """
    part = horizon / len(log)
    visits, reward = log.counted * part, float(log.keep @ log.reward) / len(log.actions) * part
    least, K = log.propensity.min(), len(log.actions)
    kept = float(log.keep.mean())
    if abs(log.propensity * K - 1).max() < 1e-6:  # noqa: PLR2004  but for rounding
        thinned = (
            f"The log is uniformly random (each of {K} actions with probability 1/{K}), so every event can count."
            if told
            else f"The log is taken to be uniformly random: each of {K} actions with probability 1/{K}, whoever came. "
            "If it was not, the replay is biased."
        )
    else:
        thinned = (
            f"To make up for the logging policy, an event of propensity p is kept with probability {least:.3g} / p "
            f"(the smallest propensity), whatever the policy: {100 * kept:.3g} % of them on average. That is right if "
            f"no action ever had a smaller chance; the mean of 1 / p is {np.mean(1 / log.propensity):.3g}, "
            f"where {K} is due if all {K} actions could always be shown."
        )
    return (
        "Replay by rejection (Li, Chu, Langford and Wang 2011): a visit takes place only where the policy shows what "
        f"the log shows; the others count nowhere. {thinned} Of {horizon:,} events about {visits:,.0f} count in a "
        f"run, whatever the policy, with a total reward of about {reward:,.3g} for one that shows actions at random. "
        "Time counts events of the log, not visits that took place."
    )


def estimating(log: Log) -> str:
    """How expected rewards are estimated, and how surely."""
    estimates = log.estimates
    C, K = estimates.mean.shape
    empty = int((estimates.events == 0).sum())
    c, k = np.unravel_index(np.where(estimates.events > 0, estimates.events, len(log) + 1).argmin(), (C, K))
    without = f"; {empty} of {C * K} cells have no event at all" if empty else ""
    ranges = estimates.mean.max(axis=1) - estimates.mean.min(axis=1)
    told = (
        f"Within a cohort the estimates differ by {ranges.max():.3g} at most."
        if ranges.max() > 1e-9 * abs(estimates.mean).max()
        else "No action can be told from another beyond chance, so all estimates are equal, and regret is 0 for every "
        "policy: compare rewards instead."
    )
    return (
        "Expected rewards, and so regret, are estimates from the same log, not known: the mean of each cell (cohort × "
        "action) beyond the cohort's, drawn towards the action's mean, and that towards the mean of all, as far as "
        "chance explains the differences (normal model; variances by the method of moments, DerSimonian and Laird "
        f"1986). Standard deviation between actions {estimates.between_actions:.3g}, and of an action between cohorts "
        f"{estimates.between_tastes:.3g}; where rewards are rare, these are uncertain themselves. The smallest cell "
        f"has {_events(int(estimates.events[c, k]))} and a "
        f"standard error of {estimates.error[c, k]:.2g} before it is drawn in{without}. {told} What features tell "
        "within a cohort is left out of regret; it shows in the reward."
    )


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number:,} events"


def repeating(log: Log, horizon: int, order: Order) -> str:
    """What the replications of a replay vary, and what not.

    Args:
        log: what is replayed.
        horizon: how many of its events are.
        order: in which they come.
    """
    counted = log.counted * horizon / len(log)
    same = (
        "All replications replay the same log, and a policy that neither learns nor draws lots may meet the same "
        "events in all of them: however many there are, what it earns a visit is known with a standard error of about "
        f"{log.reward.std() / np.sqrt(counted):.2g}. Intervals of the replications that are narrower than that tell of "
        "this log, not of the world that it comes from."
    )
    if order == "log":
        return (
            "Events come in the order of the log, so that what changed over time is met in its time; but a policy that "
            f"learns from one event in many meets that change so much faster. {same}"
        )
    return (
        "Each replication replays the events in an order of its own: right where visitors and rewards do not change "
        f"over time, and a world without any change where they do. {same}"
    )

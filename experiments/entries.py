"""How visits are entered into the ledger's books, one at a time. Definitions: docs/metrics.md.

N visits, K actions, C cohorts, U users, Q columns.
"""

from __future__ import annotations

from bandits.compiled import compiled
from bandits.protocol import Bools, Floats, Ints

FIRST_VISITS = 100
WINDOW = 50
CALM = 0.25

# Names of the columns of each book, by which the ledger knows them too, and their places.
OWN = ("visits", "lost", "reward", "regret", "user_regret", "bad", "harm", "nothing", "churned")
VISITS, LOST, REWARD, REGRET, USER_REGRET, BAD, HARM, NOTHING, CHURNED = range(len(OWN))

PERSON = ("visits", "bad", "streak", "bad_first_30_days", "lost", "run")
P_VISITS, P_BAD, P_STREAK, P_EARLY, P_LOST, P_RUN = range(len(PERSON))

FIRST = ("first_visits", "first_bad")
F_VISITS, F_BAD = range(len(FIRST))

SIGNAL = ("seen", "bad_in_window", "signal")
S_SEEN, S_BAD, S_CALM = range(len(SIGNAL))


@compiled
def enter(
    time: Ints,
    cohort: Ints,
    user: Ints,
    available: Bools,
    expected: Floats,
    welfare: Floats,
    action: Ints,
    reward: Floats,
    values: Floats,
    left: Bools,
    arrival: Ints,
    tolerance: float,
    nothing: int,
    early: int,
    totals: Floats,
    people: Ints,
    first: Ints,
    window: Bools,
    signal: Ints,
) -> None:
    """Enter visits into the books.

    Args:
        time: (N,) [clock units].
        cohort: (N,).
        user: (N,), or (0,) where visitors are not recognised.
        available: (N, K).
        expected: (N, K) expected rewards.
        welfare: (N, K) expected welfare.
        action: (N,) what was shown.
        reward: (N,) what came of it.
        values: (N, Q − 9) outcomes.
        left: (N,) who left for good after the visit.
        arrival: (U,) [clock units].
        tolerance: a recommendation is bad if its harm exceeds it.
        nothing: index of the action that shows nothing, or −1.
        early: how long a user is new [clock units].
        totals: (C, Q) sums a cohort: OWN, then the world's outcomes. Changed in place, as are all that follow.
        people: (U, 6) columns PERSON: visits, bad, longest run of bad, bad while new, lost, current run of bad.
        first: (C + 1, 2) columns FIRST: visits and bad among the first FIRST_VISITS of each cohort; the last row is
            everybody.
        window: (C + 1, WINDOW) whether each of the last visits was bad.
        signal: (C + 1, 3) columns SIGNAL: visits so far, bad within the window, first time of calm (−1: not yet).
    """
    C = len(totals)
    for n in range(len(time)):
        a, c = action[n], cohort[n]
        best, kindest = expected[n, a], welfare[n, a]
        for k in range(available.shape[1]):
            if available[n, k]:
                best, kindest = max(best, expected[n, k]), max(kindest, welfare[n, k])
        harm = max(0.0, -welfare[n, a])
        bad = harm > tolerance
        totals[c, VISITS] += 1.0
        totals[c, REWARD] += reward[n]
        totals[c, REGRET] += best - expected[n, a]
        totals[c, USER_REGRET] += kindest - welfare[n, a]
        totals[c, BAD] += bad
        totals[c, HARM] += harm
        totals[c, NOTHING] += a == nothing
        totals[c, CHURNED] += left[n]
        for q in range(values.shape[1]):
            totals[c, len(OWN) + q] += values[n, q]
        for g in (c, C):
            if first[g, F_VISITS] < FIRST_VISITS:
                first[g, F_VISITS] += 1
                first[g, F_BAD] += bad
            slot = signal[g, S_SEEN] % WINDOW
            signal[g, S_BAD] += int(bad) - int(window[g, slot])
            window[g, slot] = bad
            signal[g, S_SEEN] += 1
            if signal[g, S_CALM] < 0 and signal[g, S_SEEN] >= WINDOW and signal[g, S_BAD] <= CALM * WINDOW:
                signal[g, S_CALM] = time[n]
        if len(user) > 0:
            u = user[n]
            people[u, P_VISITS] += 1
            people[u, P_BAD] += bad
            people[u, P_RUN] = people[u, P_RUN] + 1 if bad else 0
            people[u, P_STREAK] = max(people[u, P_STREAK], people[u, P_RUN])
            if time[n] - arrival[u] < early:
                people[u, P_EARLY] += bad

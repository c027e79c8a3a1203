"""KL-UCB, line by line from Algorithm 1 of Garivier & Cappé 2011, its index by 200 halvings."""

import math


def d(p, q):
    """Kullback-Leibler divergence of Bernoulli means, with 0 ln 0 = 0 and x ln(x / 0) = ∞ (section 2)."""

    def part(a, b):
        return 0.0 if a == 0 else math.inf if b == 0 else a * math.log(a / b)

    return part(p, q) + part(1 - p, 1 - q)


def largest(p, budget):
    """max{q in [p, 1]: d(p, q) ≤ budget}."""
    low, high = p, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:  # no number lies between them: all further halvings leave low as it is
            break
        low, high = (middle, high) if d(p, middle) <= budget else (low, middle)
    return low


def kl_ucb(available, rewards, c, uniform):
    """The arms that are chosen.

    Args:
        available: (T, K).
        rewards: (T, K), in [0, 1].
        c: multiple of log(log(t)).
        uniform: (T,) draws for ties: the ⌊uniform · ties⌋-th of the arms whose indices differ by less than 1e-7.
    """
    K = available.shape[1]
    N, S, chosen = [0] * K, [0.0] * K, []
    for t in range(1, len(available) + 1):
        arms = [a for a in range(K) if available[t - 1, a]]
        index = {a: math.inf for a in arms if N[a] == 0}  # lines 1 to 4: each arm is played once
        for a in arms:
            if N[a] > 0:  # line 6
                index[a] = largest(S[a] / N[a], max(0.0, math.log(t) + c * math.log(math.log(t))) / N[a])
        tied = [a for a in arms if index[a] >= max(index.values()) - 1e-7]
        a = tied[int(uniform[t - 1] * len(tied))]
        chosen.append(a)
        N[a], S[a] = N[a] + 1, S[a] + rewards[t - 1, a]  # lines 7 and 8
    return chosen

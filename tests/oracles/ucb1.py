"""UCB1 from Figure 1 of Auer, Cesa-Bianchi & Fischer 2002, and SW-UCB of Garivier & Moulines 2011: all rewards kept."""

import math

import numpy as np


def ucb1(available, rewards, uniform, *, alpha=1.0, window=math.inf):
    """The arms that are chosen (N,).

    Args:
        available: (N, K).
        rewards: (N, K), in [0, 1].
        uniform: (N,) draws for ties: the ⌊uniform · ties⌋-th of the arms whose indices differ by less than 1e-12.
        alpha: multiple of the width √(2 ln n / n_j).
        window: how many plays are remembered; ∞ is UCB1.
    """
    arms, earned = np.empty(len(available), dtype=np.int64), np.empty(len(available))
    for n in range(len(available)):
        first = max(0, n - window) if window < math.inf else 0
        index = {}
        for j in np.flatnonzero(available[n]).tolist():
            of_j = earned[first:n][arms[first:n] == j]
            # "Initialization: play each machine once"; in a window, c_t(τ, i) = ∞ where N_t(τ, i) = 0
            width = math.sqrt(2 * math.log(n - first) / len(of_j)) if len(of_j) else math.inf
            index[j] = of_j.sum() / len(of_j) + alpha * width if len(of_j) else math.inf
        tied = [j for j, value in index.items() if value >= max(index.values()) - 1e-12]
        j = tied[int(uniform[n] * len(tied))]
        arms[n], earned[n] = j, rewards[n, j]
    return arms.tolist()

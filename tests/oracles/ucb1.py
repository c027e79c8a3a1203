"""UCB1 from Figure 1 of Auer, Cesa-Bianchi & Fischer 2002, and SW-UCB of Garivier & Moulines 2011: all rewards kept."""

import math


def ucb1(available, rewards, uniform, *, alpha=1.0, window=math.inf):
    """The arms that are chosen (N,).

    Args:
        available: (N, K).
        rewards: (N, K), in [0, 1].
        uniform: (N,) draws for ties: the ⌊uniform · ties⌋-th of the arms whose indices differ by less than 1e-12.
        alpha: multiple of the width √(2 ln n / n_j).
        window: how many plays are remembered; ∞ is UCB1.
    """
    plays = []
    for n in range(len(available)):
        recent = plays[-window:] if window < math.inf else plays
        index = {}
        for j in range(available.shape[1]):
            of_j = [reward for arm, reward in recent if arm == j]
            if available[n, j]:
                # "Initialization: play each machine once"; in a window, c_t(τ, i) = ∞ where N_t(τ, i) = 0
                width = math.sqrt(2 * math.log(len(recent)) / len(of_j)) if of_j else math.inf
                index[j] = sum(of_j) / len(of_j) + alpha * width if of_j else math.inf
        tied = [j for j, value in index.items() if value >= max(index.values()) - 1e-12]
        j = tied[int(uniform[n] * len(tied))]
        plays.append((j, rewards[n, j]))
    return [arm for arm, _ in plays]

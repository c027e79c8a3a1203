"""LinUCB with disjoint arms, line by line from Algorithm 1 of Li, Chu, Langford & Schapire 2010."""

import numpy as np


def linucb(x, available, rewards, alpha, ridge, tie):
    """The arms that are chosen (T,).

    Args:
        x: (T, d) features, the same for all arms of a trial.
        available: (T, K) whether an arm is in A_t.
        rewards: (T, K).
        alpha: width of the bound.
        ridge: the identity matrix of line 5 is multiplied by it.
        tie: (T,) uniform draws for "ties broken arbitrarily" (line 11): the ⌊tie · ties⌋-th of the arms that tie, where
            arms that differ by less than 1e-9 do.
    """
    T, d = x.shape
    A, b, chosen = {}, {}, []
    for t in range(T):  # line 1
        arms = np.flatnonzero(available[t])  # line 2
        p = {}
        for a in arms:  # line 3
            if a not in A:  # line 4
                A[a] = ridge * np.eye(d)  # line 5
                b[a] = np.zeros(d)  # line 6
            theta = np.linalg.inv(A[a]) @ b[a]  # line 8
            p[a] = theta @ x[t] + alpha * np.sqrt(x[t] @ np.linalg.inv(A[a]) @ x[t])  # line 9
        tied = [a for a in arms if p[a] >= max(p.values()) - 1e-9]
        a = tied[int(tie[t] * len(tied))]  # line 11
        chosen.append(a)
        A[a] = A[a] + np.outer(x[t], x[t])  # line 12
        b[a] = b[a] + rewards[t, a] * x[t]  # line 13
    return np.array(chosen)

"""SquareCB, line by line from Algorithm 1 of Foster & Rakhlin 2020, with a ridge regression an arm as its oracle."""

import numpy as np


def squarecb(x, available, rewards, gamma, exponent, ridge, draw):
    """The arms that are chosen (T,), and the probability of each (T,).

    The paper has losses; they are minus the rewards. It draws an action from p_t; ours falls where `draw` does in the
    cumulative sums. Where several actions have the least prediction, "the" minimiser b_t is one of them at random, and
    p_t the mean over b_t; predictions that differ by less than 1e-9 are the same.

    Args:
        x: (T, d) features, the same for all arms of a trial.
        available: (T, K) the actions of a trial; K in the algorithm is how many they are.
        rewards: (T, K).
        gamma: learning rate at t = 1.
        exponent: the learning rate is gamma · t^exponent.
        ridge: regularisation of the oracle.
        draw: (T,) uniform draws.
    """
    T, d = x.shape
    history = {a: ([], []) for a in range(available.shape[1])}
    chosen, chance = [], []
    for t in range(T):
        actions = np.flatnonzero(available[t])
        K = mu = len(actions)
        prediction = []
        for a in actions:  # the oracle's predictions for each action
            X, y = np.array(history[a][0]).reshape(-1, d), np.array(history[a][1])
            prediction.append(x[t] @ np.linalg.solve(ridge * np.eye(d) + X.T @ X, X.T @ y))
        prediction = np.array(prediction)
        least = np.flatnonzero(prediction <= prediction.min() + 1e-9)
        p = np.zeros(K)
        for b in least:
            p_b = np.zeros(K)
            for a in range(K):
                if a != b:
                    gap = 0.0 if a in least else prediction[a] - prediction[b]
                    p_b[a] = 1 / (mu + gamma * (t + 1) ** exponent * gap)
            p_b[b] = 1 - p_b.sum()
            p += p_b / len(least)
        at = min(int(np.searchsorted(p.cumsum(), draw[t], side="right")), K - 1)
        chosen.append(actions[at])
        chance.append(p[at])
        history[actions[at]][0].append(x[t])
        history[actions[at]][1].append(-rewards[t, actions[at]])
    return np.array(chosen), np.array(chance)

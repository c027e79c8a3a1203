"""Epsilon-greedy with sample averages, from section 2.4 of Sutton & Barto 2018: all rewards of an arm are kept."""


def epsilon_greedy(available, rewards, epsilon, coin, tie):
    """The arms that are chosen, and the probability of each choice.

    Args:
        available: (N, K).
        rewards: (N, K).
        epsilon: probability of a uniform draw.
        coin: (N,) uniform draws: explore if below epsilon.
        tie: (N,) uniform draws for the arm among several.
    """
    earned = {k: [] for k in range(available.shape[1])}
    action, propensity = [], []
    for n in range(len(available)):
        arms = [k for k in earned if available[n, k]]
        estimate = {k: sum(earned[k]) / len(earned[k]) if earned[k] else 0.0 for k in arms}
        greedy = [k for k in arms if estimate[k] >= max(estimate.values()) - 1e-12]
        among = arms if coin[n] < epsilon else greedy
        k = among[int(tie[n] * len(among))]
        action.append(k)
        propensity.append(epsilon / len(arms) + (1 - epsilon) / len(greedy) * (k in greedy))
        earned[k].append(rewards[n, k])
    return action, propensity

"""What each metric of the summary means, in a line and an equation, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        title: as a column heading.
        unit: how its numbers are written.
        better: which end is better for whoever it is about; None where neither is.
        meaning: in a line.
        equation: in the letters of docs/metrics.md, and as it stands there.
    """

    title: str
    unit: Literal["count", "share", "money", "reward", "welfare", "days"]
    better: Literal["high", "low"] | None
    meaning: str
    equation: str


METRICS: Mapping[str, Metric] = {
    "visits": Metric("Visits", "count", "high", "visits that took place", "N"),
    "lost": Metric("Visits lost", "count", "low", "visits that did not take place because the customer had left", "L"),
    "customers": Metric("Customers", "count", None, "users who ever arrived, those who left included", "U"),
    "reward": Metric("Reward", "reward", "high", "what the objective paid", "Σ r_n"),
    "regret": Metric(
        "Regret", "reward", "low", "expected reward missed, against the best available action", "Σ (max_k μ_nk − μ_na)"
    ),
    "user_regret": Metric(
        "User regret",
        "welfare",
        "low",
        "the same with the user's welfare in place of the reward",
        "Σ (max_k W_nk − W_na)",
    ),
    "welfare": Metric("Welfare", "welfare", "high", "what the visits turned out to be worth to users", "Σ w_n"),
    "bad": Metric(
        "Bad recommendations", "count", "low", "shown actions that harm by more than the tolerance", "B = Σ b_n"
    ),
    "harm": Metric("Harm", "welfare", "low", "by how much what was shown left users worse off", "Σ h_n"),
    "purchases": Metric("Purchases", "count", "high", "recommended items that were bought", "Σ bought_n"),
    "revenue": Metric("Revenue", "money", "high", "price of what was bought", "Σ price_a · bought_n"),
    "margin": Metric(
        "Margin",
        "money",
        "high",
        "margin of what was bought and kept, less handling",
        "Σ (margin_a · (bought_n − returned_n) − handling · returned_n)",
    ),
    "returns": Metric("Returns", "count", "low", "purchases that were sent back", "Σ returned_n"),
    "regretted": Metric("Regretted", "count", "low", "purchases worth less than nothing to the buyer", "Σ regretted_n"),
    "irritated": Metric("Irritated", "count", "low", "visits in which the recommendation annoyed", "Σ irritated_n"),
    "nothing": Metric("Nothing shown", "count", None, "visits in which nothing was recommended", "Σ [a = nothing]"),
    "churned": Metric("Left", "count", "low", "customers who left for good", "Σ left_u"),
    "satisfaction": Metric("Satisfaction", "welfare", "high", "mean satisfaction at the end", "mean over u of s_u"),
    "organic": Metric(
        "Organic margin", "money", "high", "margin of visits that owe nothing to a recommendation", "Σ organic_n"
    ),
    "bad_per_visit": Metric(
        "Share of visits with a bad recommendation", "share", "low", "bad recommendations a visit served", "B / N"
    ),
    "bad_per_customer": Metric("Bad recommendations a customer", "count", "low", "those who left count too", "B / U"),
    "bad_first_30_days": Metric(
        "Bad in the first 30 days",
        "count",
        "low",
        "mean over users, each from the day of arrival",
        "mean over u of E_u",
    ),
    "bad_first_100": Metric(
        "Bad among the first 100 visits",
        "share",
        "low",
        "of the cohort's first 100 visits",
        "(b_1 + … + b_m) / m, m = min(100, N)",
    ),
    "days_to_signal": Metric(
        "Time to signal",
        "days",
        "low",
        "first time at which at most 25 % of the cohort's last 50 visits were bad; the horizon if that never came",
        "min {t_n : n ≥ 50, b_{n−49} + … + b_n ≤ 50 / 4}",
    ),
    "signal_reached": Metric(
        "Signal reached", "share", "high", "share of replications in which it came", "1 if it happened, else 0"
    ),
    "cvar95_bad": Metric(
        "Bad, worst-off 5 %",
        "count",
        "low",
        "mean over the 5 % of users with the most bad recommendations",
        "(Σ_i c_i B_(i)) / (Σ_i c_i), B_(1) ≥ B_(2) ≥ …, c_i = min(1, max(0, 0.05 U − i + 1))",
    ),
    "longest_streak": Metric(
        "Longest streak", "count", "low", "longest run of bad recommendations, mean over users", "mean over u of S_u"
    ),
    "worst_cohort_bad": Metric(
        "Bad in the worst cohort",
        "count",
        "low",
        "the largest exposure among the cohorts",
        "max over the cohorts of bad_per_customer",
    ),
    "churn": Metric("Left", "share", "low", "customers who left, of all who ever arrived", "churned / U"),
    "lost_share": Metric("Visits lost", "share", "low", "of the visits on the calendar", "L / (L + N)"),
    "reward_per_visit": Metric("Reward a visit", "reward", "high", "what the objective paid a visit", "reward / N"),
    "regret_per_visit": Metric("Regret a visit", "reward", "low", "expected reward missed a visit", "regret / N"),
    "user_regret_per_visit": Metric(
        "User regret a visit", "welfare", "low", "welfare missed a visit", "user_regret / N"
    ),
    "welfare_per_visit": Metric(
        "Welfare a visit", "welfare", "high", "what a visit turned out to be worth to the user", "welfare / N"
    ),
    "basket": Metric("Basket a visit", "money", "high", "price of what was bought, a visit", "revenue / N"),
    "return_rate": Metric(
        "Sent back, of purchases", "share", "low", "purchases that were sent back", "returns / purchases"
    ),
    "returns_per_visit": Metric(
        "Sent back, of visits",
        "share",
        "low",
        "visits served that ended in a purchase that was sent back",
        "returns / N",
    ),
    "regret_rate_buyers": Metric(
        "Buyers' regret", "share", "low", "purchases that were regretted", "regretted / purchases"
    ),
    "value_per_customer": Metric(
        "Money a customer", "money", "high", "margin, organic included, a customer", "(margin + organic) / U"
    ),
    "excess_bad": Metric(
        "Excess bad", "count", "low", "exposure minus the oracle's, in pairs", "bad_per_customer minus the oracle's"
    ),
    "excess_regret": Metric(
        "Excess regret", "reward", "low", "regret a visit minus the oracle's", "regret_per_visit minus the oracle's"
    ),
    "excess_value": Metric(
        "Excess value", "money", "high", "money a customer minus the oracle's", "value_per_customer minus the oracle's"
    ),
}

LETTERS = (
    ("n = 1 … N", "the visits of a cohort that took place in one replication, in the order of time"),
    ("a, k", "the action that was shown at a visit; any action that was available there"),
    ("μ_nk", "expected reward of action k at visit n, under the environment's objective [reward units]"),
    ("r_n", "the reward that came of visit n [reward units]"),
    (
        "W_nk",
        (
            "welfare of action k at visit n: by how much being shown it leaves this user better off, in expectation, "
            "than being shown nothing [welfare units]"
        ),
    ),
    ("w_n", "what visit n turned out to be worth to the user: W_na plus luck [welfare units]"),
    ("h_n = max(0, −W_na)", "harm of what was shown"),
    ("b_n = 1 if h_n > tolerance, else 0", "whether it was a bad recommendation"),
    ("bought_n, returned_n, regretted_n, irritated_n", "1 if that is what became of visit n, else 0"),
    ("price_a, margin_a, handling", "of the item that was shown; cost of a return [currency]"),
    ("organic_n", "the margin that visit n brings whatever is shown [currency]"),
    ("[a = nothing]", "1 if nothing was shown, else 0"),
    ("t_n, T", "the time of a visit, counted from 0, and the horizon [the world's clock: days, or visits]"),
    ("u = 1 … U", "the users of a cohort who ever arrived, those who have left included"),
    ("B_u, E_u, S_u", "bad recommendations to user u: all; those of the first 30 days; the longest run of them"),
    ("s_u, left_u", "satisfaction of user u [welfare units]; 1 if u has left for good, else 0"),
    ("B, L", "the bad recommendations to a cohort, and its visits that were lost"),
    ("R", "the replications"),
    ("churned, regret, …", "the metric of that name"),
)

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
        equation: in letters of the annex.
    """

    title: str
    unit: Literal["count", "share", "money", "reward", "welfare", "days"]
    better: Literal["high", "low"] | None
    meaning: str
    equation: str


METRICS: Mapping[str, Metric] = {
    "visits": Metric("Visits", "count", "high", "visits that took place", "N = Σₙ 1"),
    "lost": Metric("Visits lost", "count", "low", "visits that did not take place because the customer had left", "L"),
    "customers": Metric("Customers", "count", None, "users who ever arrived, those who left included", "U"),
    "reward": Metric("Reward", "reward", "high", "what the objective paid", "Σₙ rₙ"),
    "regret": Metric(
        "Regret", "reward", "low", "expected reward missed, against the best available action", "Σₙ (maxₖ μₙₖ − μₙₐ)"
    ),
    "user_regret": Metric(
        "User regret",
        "welfare",
        "low",
        "the same with the user's welfare in place of the reward",
        "Σₙ (maxₖ Wₙₖ − Wₙₐ)",
    ),
    "welfare": Metric("Welfare", "welfare", "high", "what the visits turned out to be worth to users", "Σₙ wₙ"),
    "bad": Metric(
        "Bad recommendations", "count", "low", "shown actions that harm by more than the tolerance", "B = Σₙ bₙ"
    ),
    "harm": Metric("Harm", "welfare", "low", "by how much what was shown left users worse off", "Σₙ max(0, −Wₙₐ)"),
    "purchases": Metric("Purchases", "count", "high", "recommended items that were bought", "P"),
    "revenue": Metric("Revenue", "money", "high", "price of what was bought", "Σₙ priceₐ · boughtₙ"),
    "margin": Metric("Margin", "money", "high", "margin of what was bought and kept, less handling", "M"),
    "returns": Metric("Returns", "count", "low", "purchases that were sent back", "R"),
    "regretted": Metric("Regretted", "count", "low", "purchases worth less than nothing to the buyer", "G"),
    "irritated": Metric("Irritated", "count", "low", "visits in which the recommendation annoyed", "Σₙ irritatedₙ"),
    "nothing": Metric("Nothing shown", "count", None, "visits in which nothing was recommended", "Σₙ [a = nothing]"),
    "churned": Metric("Left", "count", "low", "customers who left for good", "C"),
    "satisfaction": Metric("Satisfaction", "welfare", "high", "mean satisfaction at the end", "mean of s"),
    "organic": Metric("Organic margin", "money", "high", "margin of visits that owe nothing to a recommendation", "O"),
    "bad_per_visit": Metric(
        "Share of visits with a bad recommendation", "share", "low", "bad recommendations a visit served", "B / N"
    ),
    "bad_per_customer": Metric("Bad recommendations a customer", "count", "low", "those who left count too", "B / U"),
    "bad_first_30_days": Metric(
        "Bad in the first 30 days",
        "count",
        "low",
        "mean over users, each from the day of arrival",
        "mean of Bᵤ(30 days)",
    ),
    "bad_first_100": Metric(
        "Bad among the first 100 visits",
        "share",
        "low",
        "of the cohort's first 100 visits",
        "Σ(first m) bₙ / m, m = min(100, N)",
    ),
    "days_to_signal": Metric(
        "Time to signal",
        "days",
        "low",
        "first time at which at most 25 % of the cohort's last 50 visits were bad; the horizon if that never came",
        "min {tₙ : Σ(last 50) b ≤ 12}",
    ),
    "signal_reached": Metric(
        "Signal reached", "share", "high", "share of replications in which it came", "mean of [it came]"
    ),
    "cvar95_bad": Metric(
        "Bad, worst-off 5 %",
        "count",
        "low",
        "mean over the 5 % of users with the most bad recommendations",
        "CVaR₉₅(Bᵤ)",
    ),
    "longest_streak": Metric(
        "Longest streak", "count", "low", "longest run of bad recommendations, mean over users", "mean of streakᵤ"
    ),
    "worst_cohort_bad": Metric(
        "Bad in the worst cohort", "count", "low", "the largest exposure among the cohorts", "max over cohorts of B / U"
    ),
    "churn": Metric("Left", "share", "low", "customers who left, of all who ever arrived", "C / U"),
    "lost_share": Metric("Visits lost", "share", "low", "of the visits on the calendar", "L / (L + N)"),
    "reward_per_visit": Metric("Reward a visit", "reward", "high", "what the objective paid a visit", "Σ r / N"),
    "regret_per_visit": Metric("Regret a visit", "reward", "low", "expected reward missed a visit", "Σ regret / N"),
    "user_regret_per_visit": Metric(
        "User regret a visit", "welfare", "low", "welfare missed a visit", "Σ user regret / N"
    ),
    "welfare_per_visit": Metric(
        "Welfare a visit", "welfare", "high", "what a visit turned out to be worth to the user", "Σ w / N"
    ),
    "basket": Metric("Basket a visit", "money", "high", "price of what was bought, a visit", "revenue / N"),
    "return_rate": Metric("Sent back, of purchases", "share", "low", "purchases that were sent back", "R / P"),
    "returns_per_visit": Metric(
        "Sent back, of visits", "share", "low", "visits served that ended in a purchase that was sent back", "R / N"
    ),
    "regret_rate_buyers": Metric("Buyers' regret", "share", "low", "purchases that were regretted", "G / P"),
    "value_per_customer": Metric(
        "Money a customer", "money", "high", "margin, organic included, a customer", "(M + O) / U"
    ),
    "excess_bad": Metric("Excess bad", "count", "low", "exposure minus the oracle's, in pairs", "B / U − (B / U)*"),
    "excess_regret": Metric("Excess regret", "reward", "low", "regret a visit minus the oracle's", "regret − regret*"),
    "excess_value": Metric("Excess value", "money", "high", "money a customer minus the oracle's", "value − value*"),
}

LETTERS = (
    ("n, N", "a visit, and how many were served"),
    ("t, T", "when a visit was, and the horizon"),
    ("a, k", "the action that was shown, any available action"),
    ("μₙₖ, rₙ", "expected reward of action k at visit n, and the reward that came, under the objective"),
    ("Wₙₖ, wₙ", "expected welfare of being shown action k, against being shown nothing, and what it turned out to be"),
    ("bₙ", "1 where a shown action's harm max(0, −W) exceeds the tolerance, else 0"),
    ("u, U", "a user, and how many there are"),
    ("*", "the oracle's, in the same environment and replication"),
)

"""A policy around a policy."""

from __future__ import annotations

from bandits.policy import BuiltIn
from bandits.protocol import Needs, Policy
from bandits.registry import PolicyField


class Wrapper(BuiltIn):
    """A policy around another: what the inner one needs of a world, the outer one needs, unless it says otherwise.

    Args:
        policy: the inner one.
    """

    policy: PolicyField

    def __init__(self, policy: Policy, **fields: object) -> None:
        super().__init__(policy=policy, **fields)

    @property
    def sees_cohort(self) -> bool:
        """Whether it is told cohorts."""
        return Needs.of(self.policy).sees_cohort

    @property
    def sees_user(self) -> bool:
        """Whether it recognises users."""
        return Needs.of(self.policy).sees_user

    @property
    def sees_expected(self) -> bool:
        """Whether it is handed expected rewards."""
        return Needs.of(self.policy).sees_expected

    @property
    def sees_typical(self) -> bool:
        """Whether it is handed expected rewards of cohorts."""
        return Needs.of(self.policy).sees_typical

    @property
    def corrects(self) -> bool:
        """Whether it can correct what it has learnt."""
        return Needs.of(self.policy).corrects

    @property
    def uncertain(self) -> bool:
        """Whether it knows how uncertain its estimates are."""
        return bool(getattr(self.policy, "uncertain", False))

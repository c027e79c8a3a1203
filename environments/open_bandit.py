"""A world of real clicks: the random log of a fashion shop, replayed by rejection, see `environments.replay`.

Source: Saito, Aihara, Matsutani & Narita 2021, "Open Bandit Dataset and Pipeline: towards realistic and reproducible
off-policy evaluation", NeurIPS Datasets and Benchmarks; the small sample of 10,000 impressions a campaign.
"""

from __future__ import annotations

from pydantic import model_validator

from bandits.description import Description, identity
from bandits.errors import InputError
from bandits.protocol import Problem
from environments.drawn import BLOCK, Block, Horizon
from environments.open_bandit_files import FEWEST_IMPRESSIONS, FEWEST_ITEMS, OTHER, Campaign, UserFeature, load
from environments.protocol import About
from environments.replay import Log, Order, Replay
from environments.replay_words import cards, counting, estimating, repeating

SOURCE = (
    "Source: Open Bandit Dataset, small sample: impressions of the shop ZOZOTOWN in November 2019, under a uniformly "
    "random policy (Saito, Aihara, Matsutani and Narita 2021). Licence: CC BY 4.0; compressed anew, values unchanged."
)
HASHED = (
    "The shop has hashed what it knows of visitors and items, so cohorts have no better names than the first digits of "
    f"a hash. Values of a visitor's feature with fewer than {FEWEST_IMPRESSIONS} impressions (and the next rarest, "
    f"until they have as many together) are called {OTHER!r}, and so are values of an item's feature with fewer than "
    f"{FEWEST_ITEMS} items."
)
LEFT_OUT = (
    "Left out: the affinities of visitors and items, 0 for nearly all, and the time of day. Three items were shown at "
    "once; each counts as a visit of its own, and its position is a feature of the visit."
)


class OpenBandit(Description):
    """Recommend an item of a fashion shop to a real visitor; a reward is a click.

    Args:
        campaign: "all", "men" or "women": 80, 34 or 46 items.
        cohort: which of the visitors' features, hashed by the shop, makes the cohorts.
        order: "shuffled" if each replication replays the log in an order of its own, "log" for the order of time.
        horizon: how many impressions are replayed in a replication; None for all. The shuffled ones are a random part
            of the log; of the others they are the first.
        block: visits that are served together.
        observe_cohort: whether a policy that asks is told the visitor's cohort.
    """

    campaign: Campaign = "men"
    cohort: UserFeature = "user_feature_1"
    order: Order = "shuffled"
    horizon: Horizon | None = None
    block: Block = BLOCK
    observe_cohort: bool = True

    @model_validator(mode="after")
    def _fits_its_log(self) -> OpenBandit:
        if faults := self._log.faults_of_horizon(self.horizon):
            raise InputError(faults)
        return self

    @property
    def _log(self) -> Log:
        return load(self.campaign, self.cohort)[0]

    @property
    def problem(self) -> Problem:
        """What is public."""
        log, keys = load(self.campaign, self.cohort)
        return log.problem(keys if self.observe_cohort else None)

    def open(self, seed: int, replication: int) -> Replay:
        """Make the world of one replication."""
        return Replay(
            self._log,
            self.problem,
            horizon=self.horizon or len(self._log),
            order=self.order,
            block=self.block,
            bad_below=None,
            seed=seed,
            replication=replication,
        )

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        log, keys = load(self.campaign, self.cohort)
        horizon, number = self.horizon or len(log), self.cohort[-1]
        whom = "all" if self.campaign == "all" else f"{self.campaign}'s"
        return About(
            title=f"Open Bandit, {whom} clothes",
            scenario=identity(self),
            objective="clicks",
            objective_text="One for a click on the item that was shown, else 0.",
            cohorts=cards(log, keys, [f"visitors with feature {number}: {key}" for key in keys]),
            outcomes=(),
            tolerance=0.0,
            bad_means="",
            clock="visit",
            horizon=horizon,
            people=False,
            reward_unit="clicks",
            real=True,
            estimated=True,
            notes=(
                SOURCE,
                f"{len(log):,} impressions of {len(log.actions)} items, {log.reward.sum():.0f} clicks in all.",
                counting(log, horizon, told=True),
                estimating(log),
                repeating(log, horizon, self.order),
                HASHED,
                LEFT_OUT,
            ),
        )

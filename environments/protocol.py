"""What a world is: it serves blocks of visits, and answers to actions.

N visits, K actions, D features, Q outcomes, C cohorts, U users.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

from bandits.protocol import Block, Bools, Floats, Ints, Needs, Problem
from environments.changing import Change


@dataclass(frozen=True, slots=True)
class Visits:
    """A block of visits: a public part, all that a learner may see, and a hidden part, for the ledger.

    Args:
        index: (N,) number of each visit in its world: unique, and the same for every policy.
        time: (N,) when, in units of the world's clock; not decreasing.
        end: the clock when the block is over; where visits of the same time are still to come, that time.
        x: (N, D) features of the visitors.
        available: (N, K) which actions may be shown.
        rewards: (N, K) what each action would bring, or None where rewards are learnt later; NaN: see `Block`.
        cohort: (N,) hidden, but from policies that may see it.
        user: (N,) or None where visitors are not recognised.
        expected: (N, K) hidden: expected reward of each action, under the objective.
        welfare: (N, K) hidden: by how much being shown each action leaves the user better off, in expectation, than
            being shown nothing. Its harm is max(0, −welfare).
        z: (K, M) features of the actions, where there are any.
        typical: (N, K) hidden: mean of `expected` over the users of the visitor's cohort, if told (`Problem.typical`).
    """

    index: Ints
    time: Ints
    end: int
    x: Floats
    available: Bools
    rewards: Floats | None
    cohort: Ints
    user: Ints | None
    expected: Floats
    welfare: Floats
    z: Floats | None = None
    typical: Floats | None = None

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, rows: Ints) -> Visits:
        """Some of the visits, in the given order."""
        return replace(
            self,
            index=self.index[rows],
            time=self.time[rows],
            x=self.x[rows],
            available=self.available[rows],
            rewards=None if self.rewards is None else self.rewards[rows],
            cohort=self.cohort[rows],
            user=None if self.user is None else self.user[rows],
            expected=self.expected[rows],
            welfare=self.welfare[rows],
            typical=None if self.typical is None else self.typical[rows],
        )

    def shown_to(self, needs: Needs, *, asks: bool = False) -> Block:
        """The part that a policy with these needs may see; for `asks` see `Block`."""
        expected = self.expected if needs.sees_expected else None
        if needs.sees_typical and self.typical is not None:
            expected = self.typical
        return Block(
            x=self.x,
            available=self.available,
            rewards=self.rewards,
            z=self.z,
            cohort=self.cohort if needs.sees_cohort else None,
            user=self.user if needs.sees_user else None,
            expected=expected,
            asks=asks,
        )


@dataclass(frozen=True, slots=True)
class Late:
    """News about earlier visits: rewards that are learnt only now, or what must be added to rewards already learnt.

    Args:
        visits: the visits that it is about (their `rewards` is None).
        values: (N,) rewards, or corrections.
    """

    visits: Visits
    values: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a block.

    Args:
        reward: (N,) reward of each visit, all that will ever come of it included.
        values: (N, Q) outcomes of each visit, in the order of `About.outcomes`.
        left: (N,) whether the user left for good after the visit.
        lost: (L,) users whose visit in this block was lost, because they had left before.
        satisfaction: (C,) mean satisfaction of each cohort's users after the block, or None.
        late: rewards that became known by now (and were None in their block); a part for visits with the same z.
        corrections: changes, known by now, of rewards that were learnt at once; in parts as well.
        happened: (N,) which visits of a log took place, where it shows the same; None: all. The rest count nowhere.
    """

    reward: Floats
    values: Floats
    left: Bools
    lost: Ints
    satisfaction: Floats | None = None
    late: tuple[Late, ...] = ()
    corrections: tuple[Late, ...] = ()
    happened: Bools | None = None


@dataclass(frozen=True, slots=True)
class Users:
    """Everybody who ever visits in a replication.

    Args:
        cohort: (U,) index of each user's cohort.
        arrival: (U,) time from which each user is a customer.
    """

    cohort: Ints
    arrival: Ints


class World(Protocol):
    """The state of one simulated world."""

    @property
    def problem(self) -> Problem:
        """What is public."""
        ...

    @property
    def users(self) -> Users | None:
        """Who visits; None where every visit is somebody new."""
        ...

    def next_block(self, most: int | None = None) -> Visits | None:
        """Serve the next visits; None when the horizon is reached.

        Args:
            most: how many at most, at least 1; as many as the world likes without it. It must not change the world.
                With a clock of visits, time goes on by no more than that; a block without visits may then be served.
        """
        ...

    def respond(self, actions: Ints) -> Outcome:
        """Close the block with the actions that were shown (N,); the world moves on."""
        ...


@dataclass(frozen=True, slots=True)
class Cohort:
    """How a cohort is presented to people.

    Args:
        key: short, as in tables: "luke".
        name: as in sentences: "Luke", "visitors aged 18–29".
        role: "the office admin"; may be empty.
        pronoun: "he", "she" or "they".
        share: of the users (or of the visits, where users are not recognised).
        text: paragraphs of the card, as (heading, text).
    """

    key: str
    name: str
    share: float
    role: str = ""
    pronoun: Literal["he", "she", "they"] = "they"
    text: tuple[tuple[str, str], ...] = ()


EVERYBODY = Cohort(key="everybody", name="everybody", share=1.0)
"""The one cohort of a world that tells nobody apart."""


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of an environment, and what the ledger must know of it.

    Args:
        title: of the world, for people: "Acme Widgets".
        scenario: environments with the same text here are the same world under another objective.
        objective: what the policy is rewarded for, in a word: "long_term".
        objective_text: the same in a sentence.
        cohorts: C.
        outcomes: Q names of the columns of `Outcome.values`.
        tolerance: a shown action is a bad recommendation where its harm exceeds this [welfare units].
        bad_means: in a sentence, what makes a recommendation bad here; "" where nothing does, and harm is not told.
        clock: unit of time.
        horizon: length of a replication [clock units].
        people: whether visitors are recognised, so that things are told by person.
        reward_unit: "$", "points" …
        currency: "$", or "" where there is no money.
        real: whether visitors, and what comes of what they are shown, are taken from data about real people.
        estimated: whether expected rewards, and so regret, are estimates from data, rather than known.
        notes: what a reader must know: sources, licences, what is estimated, what is idealised.
        changes: when the world changes, in order, as far as that is known beforehand.
    """

    title: str
    scenario: str
    objective: str
    objective_text: str
    cohorts: tuple[Cohort, ...]
    outcomes: tuple[str, ...]
    tolerance: float
    bad_means: str
    clock: Literal["day", "visit"]
    horizon: int
    people: bool
    reward_unit: str = ""
    currency: str = ""
    real: bool = False
    estimated: bool = False
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


class Environment(Protocol):
    """A frozen description of a world."""

    @property
    def label(self) -> str:
        """Its name in tables."""
        ...

    @property
    def about(self) -> About:
        """How it is presented, and what the ledger must know."""
        ...

    @property
    def problem(self) -> Problem:
        """What is public before any replication: enough to refuse a policy that does not fit."""
        ...

    def open(self, seed: int, replication: int) -> World:
        """Make the world of one replication."""
        ...

"""The luck of one replication, drawn day by day: the numbers of `draws.py`, of which only a day's are kept.

U users, V variants, T visits on the calendar. A stream gives the same numbers in however many pieces it is asked. The
features of all visits come from one stream, feature after feature; so for each feature that stream is led past the
features before, once, and kept as it is then.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np

from bandits.cards import LabelledSample
from bandits.protocol import Floats, Ints
from bandits.streams import stream
from environments.shop.calendar import calendar, customers, tastes
from environments.shop.features import draw_sample, draw_user_level, draw_visit_level, visit_level_streams
from environments.shop.luck import Day, lags, patience
from environments.shop.rewards import truth_of
from environments.shop.scenario import Scenario
from environments.shop.shelves import shelves_of
from environments.shop.truth import Truth
from environments.shop.utility import anticipated

PIECE = 2**16
"""Users whose expectations are worked out together."""


class DayByDay:
    """The luck of one replication.

    Args:
        scenario: the shop and its customers.
        labelled: how many users' personas are known from a survey.
        seed: of the experiment.
        replication: its number.
    """

    cohort: Ints
    arrival: Ints
    v: Floats
    sample: LabelledSample

    def __init__(self, scenario: Scenario, labelled: int, seed: int, replication: int) -> None:
        self._scenario, self._seed, self._replication = scenario, seed, replication
        self.cohort, self.arrival = customers(scenario, self._rng("customers"))
        self._variants = shelves_of(scenario).variants
        theta = tastes(scenario, self.cohort, self._rng("tastes"))
        self.v = np.empty((len(self.cohort), len(self._variants)))
        for rows in self._pieces():
            self.v[rows] = anticipated(scenario.personas, self._variants, self.cohort[rows], theta[rows])
        self._own = draw_user_level(scenario, self.cohort, self._rng("user features"))
        visits = sum(len(day) for day in self._calendar())
        self._features = visit_level_streams(scenario, visits, self._rng("visit features"))
        self.sample = draw_sample(scenario, labelled, self._rng("survey"))

    def _rng(self, purpose: str) -> np.random.Generator:
        return stream(self._seed, self._replication, f"storefront:{purpose}")

    def _pieces(self) -> Iterator[slice]:
        for begin in range(0, len(self.cohort), PIECE):
            yield slice(begin, begin + PIECE)

    def _calendar(self) -> Iterator[Ints]:
        return calendar(self._scenario, self.cohort, self.arrival, self._rng("calendar"))

    def days(self) -> Iterator[Day]:
        """The days, from the first; each call begins anew."""
        features = copy.deepcopy(self._features)
        names = ("mood", "trial", "patience", "return lag")
        mood, trial, leave, lag = (self._rng(name) for name in names)
        begin = 0
        for user in self._calendar():
            N = len(user)
            yield Day(
                begin=begin,
                user=user,
                x=draw_visit_level(self._scenario, self.cohort[user], self._own[user], features),
                mood=mood.logistic(size=N),
                trial=trial.standard_normal(N),
                patience=patience(leave, N),
                lag=lags(self._scenario, lag, N),
            )
            begin += N

    def truths(self) -> Iterator[tuple[slice, Truth]]:
        """The expectations of some users after the other; worked out anew at each call."""
        for rows in self._pieces():
            yield rows, truth_of(self._scenario, self._variants, self.cohort[rows], self.v[rows])

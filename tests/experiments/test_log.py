"""The log of every visit: the same visits as in the books, in pieces, whole or not at all."""

import numpy as np
import polars as pl
import pytest

from bandits import LinearThompson, LinUCB, Random
from bandits.answers import Misbehaviour
from bandits.protocol import Choice
from environments import ClothingReviews, Storefront
from experiments import log as log_module
from experiments.runner import run_cell

SHOP = Storefront.load("acme", objective="long_term", customers=80, days=30, labelled=0)
CLOTHES = ClothingReviews(horizon=500, block=64)
PIECE = 100


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(log_module, "PIECE", PIECE)


def logged(tmp_path, environment, policy):
    folder = tmp_path / "log"
    books = run_cell(environment, policy, 3, 0, folder)
    parts = sorted(folder.iterdir())
    return books, pl.concat([pl.read_parquet(part) for part in parts]), parts


def test_columns_of_a_shop(tmp_path):
    _, log, _ = logged(tmp_path, SHOP, Random())
    assert log.columns == [
        "visit", "time", "cohort", "user", "action", "propensity", "propensity_error", "explored", "reward",
        *SHOP.about.outcomes, "left", "available",
        *(f"x_{name}" for name in SHOP.problem.features),
    ]  # fmt: skip
    assert log.drop("explored").null_count().sum_horizontal().item() == 0
    assert log["explored"].null_count() == len(log)
    assert (log["propensity_error"] == 0).all()
    assert set(log["cohort"]) == {"luke", "harmony", "tianqi"}
    assert set(log["action"]) == set(SHOP.problem.actions)
    assert (log["propensity"] == 1 / 13).all()
    assert log["available"].to_numpy().all()


def test_columns_of_strangers(tmp_path):
    _, log, _ = logged(tmp_path, CLOTHES, Random())
    assert log["user"].null_count() == len(log) == 500
    assert log["user"].dtype == pl.Int64
    assert log["visit"].to_list() == log["time"].to_list() == list(range(500))


class Mute:
    """Shows one of the items, and does not say with which probability."""

    def start(self, problem, rng):
        self.rng = rng
        return self

    def choose(self, visit):
        return Choice(int(self.rng.choice(np.flatnonzero(visit.available))))

    def learn(self, visit, choice, reward):
        pass


def test_a_propensity_that_cannot_be_told_is_null(tmp_path):
    _, log, _ = logged(tmp_path, SHOP, Mute())
    assert log["propensity"].null_count() == log["propensity_error"].null_count() == len(log)


def test_the_log_asks_for_the_propensities_that_take_time(tmp_path):
    """Thompson sampling computes its own for the log alone; and says where it explored. The first visit is a draw among
    12 items that are all alike and nothing: an item that is not better than nothing wins in 1 − 2^−12 of cases."""
    _, log, _ = logged(tmp_path, SHOP, LinearThompson())
    assert log["propensity"].is_between(0, 1, closed="right").all()
    assert (log["propensity_error"] == 0).all()
    assert log["explored"].any()
    assert not log["explored"].all()
    assert abs(log["propensity"][0] - (1 - 2**-12) / 12) < 1e-6


@pytest.mark.parametrize("environment", [SHOP, CLOTHES], ids=["shop", "clothes"])
def test_the_log_adds_up_to_the_books(tmp_path, environment):
    books, log, _ = logged(tmp_path, environment, LinUCB())
    sums = log.group_by("cohort").agg(
        pl.len().alias("visits"),
        pl.col("reward", *environment.about.outcomes).sum(),
        (pl.col("action") == "nothing").sum().alias("nothing"),
        pl.col("left").sum().alias("churned"),
    )
    if not environment.about.people:
        sums = sums.drop("churned")
    last = books.curves.filter(time=environment.about.horizon)
    for row in sums.to_dicts():
        closing = last.filter(cohort=row["cohort"]).row(0, named=True)
        assert {name: closing[name] for name in row} == pytest.approx(row)
    assert sums["visits"].sum() == last.filter(cohort="all")["visits"].item()


def test_the_log_changes_no_book(tmp_path):
    books, _, _ = logged(tmp_path, SHOP, LinearThompson())
    plain = run_cell(SHOP, LinearThompson(), 3, 0)
    assert books.curves.equals(plain.curves)
    assert books.users.equals(plain.users)


def test_it_is_written_in_pieces_of_whole_blocks(tmp_path):
    """A piece is written as soon as it has at least PIECE visits, so it has fewer than PIECE and one block more."""
    _, log, parts = logged(tmp_path, CLOTHES, Random())
    sizes = [len(pl.read_parquet(part)) for part in parts]
    assert [part.name for part in parts] == [f"part-{n:05d}.parquet" for n in range(len(parts))]
    assert sizes == [128, 128, 128, 116]  # of blocks of 64
    assert log["visit"].to_list() == list(range(500))
    assert len({tuple(pl.read_parquet(part).schema.items()) for part in parts}) == 1


def test_days_without_a_visit_do_not_disturb_it(tmp_path):
    """Three customers who come once in one to two weeks: most of sixty days are empty."""
    lonely = SHOP.model_copy(update={"customers": 3, "days": 60})
    books, log, _ = logged(tmp_path, lonely, Random())
    visits = books.curves.filter(cohort="all")["visits"].to_list()[-1]
    assert 0 < len(log) == visits < 60


def test_late_rewards_are_logged_with_their_visits(tmp_path):
    """The log tells what came of a visit at last, whenever the policy learnt it."""
    logs = []
    for feedback in ("at once", "wait", "correct"):
        environment = SHOP.model_copy(update={"feedback": feedback})
        logs.append(logged(tmp_path / feedback, environment, Random())[1])
    assert logs[0].equals(logs[1])
    assert logs[0].equals(logs[2])


class Breaking:
    """Fails at its 150th visit."""

    def start(self, problem, rng):
        return BreakingLearner()


class BreakingLearner:
    def __init__(self):
        self._left = 150

    def choose(self, visit):
        self._left -= 1
        if not self._left:
            raise RuntimeError("out of ideas")
        return Choice(int(np.argmax(visit.available)), 1.0)

    def learn(self, visit, choice, reward):
        pass


def test_a_cell_that_fails_leaves_no_log(tmp_path):
    with pytest.raises(Misbehaviour):
        run_cell(CLOTHES, Breaking(), 3, 0, tmp_path / "logs" / "cell")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == []
    assert not (tmp_path / "logs" / "cell").exists()


def test_an_older_log_is_replaced_as_a_whole(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "part-00099.parquet").write_bytes(b"older")
    _, log, parts = logged(tmp_path, CLOTHES, Random())
    assert len(log) == 500
    assert "part-00099.parquet" not in {part.name for part in parts}

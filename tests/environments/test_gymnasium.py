"""Worlds as Gymnasium's environments: what an agent sees, does and earns there is what a policy does in a run."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from bandits import Choice, InputError
from bandits.protocol import Problem
from environments import ENVIRONMENTS, About, ClothingReviews, Cohort, Eligible, Holdout, Launches, Outcome, Visits
from environments.gymnasium import BanditEnv
from environments.registry import environment_from
from experiments.runner import run_cell
from experiments.shelf import example
from experiments.shelves import needs_a_file
from tests.contracts.test_environments import ENVIRONMENT

SEED = 3
INFINITE = "ignore:.*Box observation space m.* value is.*infinity"
"""Features have no bounds, which Gymnasium remarks upon."""


LATE = ("wait", "correct", "changing", "delayed shop", "delayed clothing", "batched shop")
"""Those whose rewards are not final at once."""

WITHHOLDING = (Eligible, Holdout, Launches)
"""Kinds in which some actions may not be shown; the check shows any."""

FITTING = [environment for name, environment in ENVIRONMENT.items() if name not in LATE]
ONE_OF_A_KIND = list({type(environment): environment for environment in reversed(FITTING)}.values())


def these(environments):
    return pytest.mark.parametrize("environment", environments, ids=lambda environment: environment.label)


each = these(ONE_OF_A_KIND)


class Told(NamedTuple):
    reward: float
    ended: bool
    info: dict
    observation: dict


def episode(env, write=lambda observation: None, **reset):
    """Everything that an agent is told which shows at random what is available; `write` may spoil what it is shown."""
    rng = np.random.default_rng(5)
    observation, info = env.reset(**reset)
    told = [Told(0.0, False, info, observation)]
    while not told[-1].ended:
        action = rng.choice(np.flatnonzero(observation["action_mask"]))
        write(observation)
        observation, reward, ended, truncated, info = env.step(action)
        assert not truncated
        told.append(Told(reward, ended, info, observation))
    return told


def same(one, other):
    """Whether two agents were told the same, number by number."""
    return len(one) == len(other) and all(
        (a.reward, a.ended, a.info) == (b.reward, b.ended, b.info)
        and a.observation.keys() == b.observation.keys()
        and all(np.array_equal(a.observation[key], b.observation[key]) for key in a.observation)
        for a, b in zip(one, other, strict=True)
    )


class Script:
    """The same agent as a policy."""

    corrects = True

    def start(self, problem, rng):
        self.rng = np.random.default_rng(5)
        return self

    def choose(self, visit):
        return Choice(int(self.rng.choice(np.flatnonzero(visit.available))))

    def learn(self, visit, choice, reward):
        pass


@pytest.mark.filterwarnings(INFINITE, "ignore:.*not having a spec")
@these([environment for environment in ONE_OF_A_KIND if not isinstance(environment, WITHHOLDING)])
def test_gymnasium_has_nothing_to_complain_of(environment):
    check_env(BanditEnv(environment))


@each
def test_an_agent_earns_what_a_policy_earns_that_does_the_same(environment):
    told = episode(BanditEnv(environment, seed=SEED, replication=1))
    came = [step for step in told[1:] if step.info["happened"]]
    books = run_cell(environment, Script(), SEED, 1).curves.filter(cohort="all").tail(1)
    (visits,), (reward,) = books["visits"], books["reward"]
    assert len(came) == visits
    assert sum(step.reward for step in told) == pytest.approx(reward)
    for column in ("regret", "user_regret", "harm", "bad"):
        (entered,) = books[column]
        if entered is None:
            assert not any(column in step.info["evaluation"] for step in came)
        else:
            assert sum(step.info["evaluation"][column] for step in came) == pytest.approx(entered)


@each
def test_a_seed_is_an_episode_and_each_reset_without_one_is_another(environment):
    env, other = BanditEnv(environment), BanditEnv(environment, seed=7, replication=1)
    first, second = episode(env, seed=7), episode(env)
    assert same(first, episode(other, options={"replication": 0}))
    assert same(second, episode(other))
    assert not same(first, second)
    assert not same(first, episode(env, seed=8))


@each
def test_an_agent_sees_what_a_policy_may_see_and_no_more(environment):
    problem = environment.problem
    seen = {"x", "action_mask"} | ({"z"} if problem.action_features else set())
    may_know = {"cohort": problem.cohorts is not None, "user": problem.users is not None}
    known = {key for key, open_ in may_know.items() if open_}
    env = BanditEnv(environment)
    for step in episode(env):
        assert set(step.observation) == seen
        assert env.observation_space.contains(step.observation)
        assert known <= set(step.info) <= known | {"happened", "evaluation"}


@each
def test_an_agent_that_spoils_what_it_is_shown_changes_nothing(environment):
    def spoil(observation):
        for array in observation.values():
            array[...] = 0

    honest, spoilt = episode(BanditEnv(environment)), episode(BanditEnv(environment), write=spoil)
    assert [step.reward for step in honest] == [step.reward for step in spoilt]
    assert np.array_equal(honest[-1].observation["x"], spoilt[-1].observation["x"])


@these([ENVIRONMENT[name] for name in LATE])
def test_worlds_whose_rewards_are_not_final_at_once_are_refused(environment):
    with pytest.raises(InputError, match="a step must return the whole reward at once; take a world") as refused:
        BanditEnv(environment).reset()
    (line,) = refused.value.lines
    assert line.startswith(f"{environment.label}: ")


@these(FITTING)
def test_all_other_worlds_begin(environment):
    observation, _ = BanditEnv(environment, seed=SEED).reset()
    assert observation["action_mask"].any()


class Coins:
    """Three blocks: two visits, a day on which nobody comes, one visit; no features, and heads is worth 1.

    The second visit may be shown tails alone, and the log does not say what heads would have brought at the third.
    """

    label = "coins"
    problem = Problem(actions=("heads", "tails"), users=2)
    about = About(
        title="Coins",
        scenario="coins",
        objective="heads",
        objective_text="",
        cohorts=(Cohort("everybody", "everybody", 1.0),),
        outcomes=(),
        tolerance=0.1,
        bad_means="It harms.",
        clock="day",
        horizon=3,
        people=True,
    )

    def open(self, seed, replication):
        return Tosses()


class Tosses:
    problem = Coins.problem
    users = None

    def __init__(self):
        self.heard = []

    def next_block(self, most=None):
        day, size = len(self.heard), (2, 0, 1)[len(self.heard)] if len(self.heard) < 3 else None
        if size is None:
            return None
        index = np.arange(size) + 2 * (day == 2)
        rewards = np.array([[1.0, -0.5], [1.0, -0.5], [np.nan, -0.5]])[index]
        return Visits(
            index=index,
            time=np.full(size, day),
            end=day + 1,
            x=np.empty((size, 0)),
            available=np.array([[True, True], [False, True], [True, True]])[index],
            rewards=rewards,
            cohort=np.zeros(size, dtype=np.int64),
            user=np.array([0, 1, 0])[index],
            expected=np.nan_to_num(rewards, nan=1.0),
            welfare=np.array([[0.0, -0.25], [0.0, -0.0625], [0.0, 0.0]])[index],
        )

    def respond(self, actions):
        self.heard.append(actions.tolist())
        size = len(actions)
        return Outcome(np.zeros(size), np.empty((size, 0)), np.zeros(size, dtype=bool), np.empty(0, dtype=np.int64))


def test_three_visits_by_hand():
    """Tails at once: regret 1 − (−0.5) = 1.5, harm 0.25 > 0.1 is bad; tails where nothing else may be shown: regret 0,
    harm 0.0625 is not bad; heads at the third visit is not in the log: reward 0, and nothing to evaluate."""
    env = BanditEnv(Coins())
    observation, info = env.reset()
    assert observation["x"].shape == (0,)
    assert observation["action_mask"].tolist() == [1, 1]
    assert env.action_masks().tolist() == [True, True]
    assert info == {"user": 0}

    observation, reward, ended, _, info = env.step(1)
    truth = {"regret": 1.5, "user_regret": 0.25, "harm": 0.25, "bad": True}
    assert (reward, ended, info) == (-0.5, False, {"user": 1, "happened": True, "evaluation": truth})
    assert observation["action_mask"].tolist() == [0, 1]

    with pytest.raises(InputError, match=r"^action must be one of those available \(1\), got 0; see action_mask$"):
        env.step(0)
    with pytest.raises(InputError, match=r"available \(1\), got 2;"):
        env.step(2)
    _, reward, ended, _, info = env.step(np.int64(1))
    truth = {"regret": 0.0, "user_regret": 0.0, "harm": 0.0625, "bad": False}
    assert (reward, ended, info) == (-0.5, False, {"user": 0, "happened": True, "evaluation": truth})

    last, reward, ended, _, info = env.step(0)
    assert (reward, ended, info) == (0.0, True, {"user": 0, "happened": False})
    assert last["action_mask"].tolist() == [1, 1]
    assert env._episode._world.heard == [[1, 1], [], [0]]
    with pytest.raises(InputError, match="no episode is under way; call reset"):
        env.step(0)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"seed": -1}, "seed must be a whole number, at least 0, got -1"),
        ({"options": {"replication": "two"}}, "replication must be a whole number, at least 0, got 'two'"),
        ({"options": {"replicatoin": 2}}, "unknown option of reset 'replicatoin' (known: replication); did you mean"),
    ],
)
def test_a_wrong_reset_is_one_line(wrong, line):
    env = BanditEnv({"kind": "ClothingReviews"})
    with pytest.raises(InputError) as error:
        env.reset(**wrong)
    assert str(error.value).startswith(line)


def test_a_step_before_the_first_reset_and_a_wrong_world_are_one_line():
    with pytest.raises(InputError, match="no episode is under way"):
        BanditEnv(Coins()).step(0)
    with pytest.raises(InputError, match="no episode is under way"):
        BanditEnv(Coins()).action_masks()
    with pytest.raises(InputError, match="must be an environment"):
        BanditEnv(3)
    with pytest.raises(InputError, match="unknown environment 'Clothing'; did you mean 'ClothingReviews'"):
        BanditEnv({"kind": "Clothing"})
    with pytest.raises(InputError, match=r"^replication must be a whole number"):
        BanditEnv(Coins(), replication=1.5)


def test_a_world_that_nobody_visits_is_refused():
    nobody = environment_from({"kind": "Storefront", "scenario": "acme", "objective": "long_term", "customers": 1})
    quiet = nobody.model_copy(update={"days": 1})
    silent = next(r for r in range(100) if not len(quiet.open(0, r).next_block()))
    with pytest.raises(InputError, match=f"has no visit at all in replication {silent} of seed 0"):
        BanditEnv(quiet).reset(options={"replication": silent})


@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_every_kind_has_an_id(kind):
    parameters = {key: value for key, value in example(ENVIRONMENTS[kind]).items() if key != "kind"}
    if needs_a_file(ENVIRONMENTS[kind]):
        assert f"personabandits/{kind}-v0" in gymnasium.registry
        return
    try:
        env = gymnasium.make(f"personabandits/{kind}-v0", **parameters)
    except InputError as refused:
        assert "a step must return" in str(refused)  # noqa: PT017  it may be a world that corrects rewards
    else:
        assert type(env.unwrapped.environment) is ENVIRONMENTS[kind]


@pytest.mark.filterwarnings(INFINITE)
def test_acme_has_an_id_whose_parameters_can_be_changed():
    env = gymnasium.make("personabandits/Acme-v0", customers=50, days=20, objective="cart_value", seed=4)
    check_env(env.unwrapped)
    shop = environment_from(
        {"kind": "Storefront", "scenario": "acme", "objective": "cart_value", "customers": 50, "days": 20}
    )
    assert env.unwrapped.environment == shop
    assert same(episode(env, seed=4), episode(BanditEnv(shop, seed=4)))


def test_many_at_once_are_those_one_by_one():
    """A vector of three, reset with seed 3, has the worlds of seeds 3, 4 and 5; after their horizon come the next."""
    many = gymnasium.make_vec("personabandits/ClothingReviews-v0", num_envs=3, vectorization_mode="sync", horizon=5)
    ones = [BanditEnv(ClothingReviews(horizon=5), seed=3 + n) for n in range(3)]
    for replication in range(2):
        seen = many.step(np.zeros(3, dtype=np.int64))[0] if replication else many.reset(seed=3)[0]
        assert np.array_equal(seen["x"], [one.reset()[0]["x"] for one in ones])
        for t in range(5):
            actions = np.array([t, 1, 2])
            seen, rewards, ended, _, info = many.step(actions)
            alone = [one.step(action) for one, action in zip(ones, actions, strict=True)]
            assert np.array_equal(seen["x"], [step[0]["x"] for step in alone])
            assert rewards.tolist() == [step[1] for step in alone]
            assert ended.tolist() == [t == 4] * 3
            assert info["evaluation"]["regret"].tolist() == [step[4]["evaluation"]["regret"] for step in alone]


def test_without_gymnasium_worlds_work_and_a_line_says_how_to_get_it():
    code = (
        "import sys\n"
        "sys.modules['gymnasium'] = None\n"
        "import bandits, environments\n"
        "try:\n    import environments.gymnasium\n"
        "except bandits.InputError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "environments.gymnasium needs Gymnasium: pip install 'personabandits[gym]'\n"

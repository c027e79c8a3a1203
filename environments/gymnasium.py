"""Any world as a `gymnasium.Env`, so that other people's agents run in it. It needs the extra `gym`.

D features, K actions, M features of actions. A step is a visit, an episode is a replication:

    env = BanditEnv(ClothingReviews(horizon=1_000))             # or gymnasium.make("personabandits/ClothingReviews-v0")
    observation, info = env.reset(seed=7)                       # the world of seed 7, replication 0
    action = env.action_space.sample(observation["action_mask"])
    observation, reward, terminated, truncated, info = env.step(action)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from bandits.errors import InputError, unknown
from bandits.protocol import Bools, Problem
from environments import ENVIRONMENTS
from environments.episode import Episode, next_block
from environments.protocol import About, Environment, Visits
from environments.registry import environment_from

try:
    import gymnasium
    from gymnasium import spaces
except ModuleNotFoundError:
    raise InputError("environments.gymnasium needs Gymnasium: pip install 'personabandits[gym]'") from None

Observation = dict[str, npt.NDArray[Any]]
Info = dict[str, Any]


class BanditEnv(gymnasium.Env[Observation, np.int64]):
    """A world, visit by visit.

    Observation, all that a learner may see:
        x: (D,) features of the visitor.
        action_mask: (K,) 1 where an action may be shown; showing another is refused.
        z: (K, M) features of the actions, where there are any.

    The reward is what comes of the visit, and is known at once. `terminated` after the last visit of the horizon, when
    the last observation comes once more; `truncated` never. What is in `info`:
        cohort: of the visitor who is observed now, in worlds that let a policy know it: an index.
        user: who that is, in worlds that recognise their visitors: an id.
        happened: whether the visit that was acted upon took place. In a replayed log it does not where the log shows
            another action; its reward is 0 then.
        evaluation: hidden truth about the visit that was acted upon, for the books and not for the agent: `regret` and,
            where the world declares what is bad, `user_regret`, `harm`, and whether the action was `bad`. Of a visit
            that took place alone.

    Args:
        environment: a description of a world, or its table, as in a TOML file.
        seed: of the worlds, at least 0, until `reset` is given another.
        replication: of the first episode; every further one is the next.

    Raises:
        InputError: when it is no environment, or corrects rewards later.
    """

    def __init__(self, environment: Environment | Mapping[str, object], *, seed: int = 0, replication: int = 0) -> None:
        self.environment = environment_from(environment)
        self._about, problem = self.environment.about, self.environment.problem
        if problem.corrections:
            raise self._refusal("corrects rewards that an agent has already learnt")
        self.action_space = spaces.Discrete(len(problem.actions))
        self.observation_space = _space_of(problem)
        self._sees_cohort = problem.cohorts is not None
        self._seed, self._next = _number("seed", seed), _number("replication", replication)
        self._episode: Episode | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Open the world of the next replication.

        Args:
            seed: of the worlds from now on, beginning with replication 0.
            options: {"replication": r} opens that one.

        Raises:
            InputError: when an option is unknown, or a number is none; when the world tells rewards later than the
                visit; when nobody ever visits it.
        """
        asked = options or {}
        if wrong := [key for key in asked if key != "replication"]:
            raise InputError(unknown("option of reset", str(wrong[0]), ["replication"]))
        if seed is not None:
            self._seed, self._next = _number("seed", seed), 0
        super().reset(seed=seed)
        replication = _number("replication", asked.get("replication", self._next))
        world = self.environment.open(self._seed, replication)
        visits = next_block(world)
        if visits is None:
            what = f"has no visit at all in replication {replication} of seed {self._seed}; take a larger world"
            raise InputError(what, self.environment.label)
        if visits.rewards is None:
            raise self._refusal("tells rewards later than the visit")
        self._episode, self._next = Episode(world, visits), replication + 1
        return self._observed(self._episode)

    def step(self, action: np.int64 | int) -> tuple[Observation, float, bool, bool, Info]:
        """Show an action to the visitor who is observed now.

        Raises:
            InputError: when the action is not available, or no episode is under way.
        """
        episode = self._episode
        if episode is None or episode.over:
            raise InputError("no episode is under way; call reset() first")
        visits, n = episode.visits, episode.n
        assert visits.rewards is not None  # noqa: S101  reset has seen to it
        available = visits.available[n]
        if not self.action_space.contains(action) or not available[action]:
            those = ", ".join(map(str, np.flatnonzero(available)))
            raise InputError(f"action must be one of those available ({those}), got {action!r}; see action_mask")
        reward = float(visits.rewards[n, action])
        happened = not np.isnan(reward)
        episode.act(int(action))
        observation, info = self._observed(episode)
        info["happened"] = happened
        if happened:
            info["evaluation"] = _evaluation(visits, n, int(action), self._about)
        return observation, reward if happened else 0.0, episode.over, False, info

    def action_masks(self) -> Bools:
        """Which actions (K,) may be shown now, by the name under which agents with masks ask for it.

        Raises:
            InputError: when no episode is under way.
        """
        if self._episode is None:
            raise InputError("no episode is under way; call reset() first")
        masks: Bools = self._episode.visits.available[self._episode.n].copy()
        return masks

    def _observed(self, episode: Episode) -> tuple[Observation, Info]:
        """What may be seen of the visit that is under way; all new, since an agent may keep it, or write to it."""
        visits, n = episode.visits, episode.n
        observation = {"x": visits.x[n].copy(), "action_mask": visits.available[n].astype(np.int8)}
        if visits.z is not None:
            observation["z"] = visits.z.copy()
        info: Info = {}
        if self._sees_cohort:
            info["cohort"] = int(visits.cohort[n])
        if visits.user is not None:
            info["user"] = int(visits.user[n])
        return observation, info

    def _refusal(self, what: str) -> InputError:
        how = (
            "but a step must return the whole reward at once; take a world that tells it at once (of a storefront: "
            'feedback = "at once"), or run this one with `personabandits run`'
        )
        return InputError(f"{what}, {how}", self.environment.label)


def _space_of(problem: Problem) -> spaces.Space[Observation]:
    parts: dict[str, spaces.Space[Any]] = {
        "x": _numbers(len(problem.features)),
        "action_mask": spaces.MultiBinary(len(problem.actions)),
    }
    if problem.action_features:
        parts["z"] = _numbers(len(problem.actions), len(problem.action_features))
    return cast("spaces.Space[Observation]", spaces.Dict(parts))


def _numbers(*shape: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, shape, dtype=np.float64)


def _evaluation(visits: Visits, n: int, action: int, about: About) -> dict[str, float | bool]:
    """What the ledger of a run would enter of a visit; see docs/metrics.md."""
    expected, welfare, available = visits.expected[n], visits.welfare[n], visits.available[n]
    told: dict[str, float | bool] = {"regret": float(expected[available].max() - expected[action])}
    if about.bad_means:
        harm = max(0.0, -float(welfare[action]))
        told["user_regret"] = float(welfare[available].max() - welfare[action])
        told |= {"harm": harm, "bad": harm > about.tolerance}
    return told


def _number(what: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise InputError(f"{what} must be a whole number, at least 0, got {value!r}")
    return int(value)


def make(kind: str, *, seed: int = 0, replication: int = 0, **parameters: object) -> BanditEnv:
    """Make the environment that an id stands for: "personabandits/" and the kind of a world, and "-v0".

    Args:
        kind: of a TOML table.
        seed: see `BanditEnv`.
        replication: the same.
        parameters: of the world.

    Raises:
        InputError: as `BanditEnv` and the world do.
    """
    return BanditEnv({"kind": kind, **parameters}, seed=seed, replication=replication)


def _register() -> None:
    """Give Gymnasium an id for every kind of world, and one for Acme, whose parameters `gymnasium.make` takes."""
    tables = {kind: {"kind": kind} for kind in ENVIRONMENTS}
    tables["Acme"] = {"kind": "Storefront", "scenario": "acme", "objective": "long_term"}
    for name, table in tables.items():
        gymnasium.register(f"personabandits/{name}-v0", entry_point=f"{__name__}:make", kwargs=table)


_register()

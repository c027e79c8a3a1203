"""Vowpal Wabbit's contextual bandits, with all of their ways to explore."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from bandits.errors import Fault, InputError, unknown
from bandits.policy import BuiltIn
from bandits.protocol import BlockLearner, Problem
from bandits.wabbit import Wabbit

Exploration = Literal["epsilon", "first", "bag", "cover", "squarecb", "regcb", "softmax", "rnd", "synthcover"]

# what Vowpal Wabbit calls a field, and the explorations that heed it
_EXPLORING: dict[str, tuple[str, frozenset[str]]] = {
    "epsilon": ("epsilon", frozenset({"epsilon", "first", "bag", "cover", "squarecb", "softmax", "rnd", "synthcover"})),
    "first": ("first", frozenset({"first"})),
    "bag": ("bag", frozenset({"bag"})),
    "cover": ("cover", frozenset({"cover"})),
    "gamma": ("gamma_scale", frozenset({"squarecb"})),
    "lambda_": ("lambda", frozenset({"softmax"})),
    "rnd": ("rnd", frozenset({"rnd"})),
}
# these explorations are switched on by a number
_NUMBER = {"first": 500, "bag": 5, "cover": 5, "rnd": 1}
# with "mtr" these learn from the chosen action alone; the others look at all that were offered
_ALONE = frozenset({"epsilon", "first", "bag", "softmax"})
_CB_TYPES = {"squarecb": ("mtr",), "regcb": ("mtr",), "cover": ("mtr", "dr", "ips")}  # the others know all of them
_LEARNING = {"cb_type": "cb_type", "bits": "bit_precision", "learning_rate": "learning_rate", "power_t": "power_t"}

# What `extra` may hold: what reads and writes no file, prints nothing and leaves examples as they are made here;
# a value follows where there is "=".
_EXTRA = (
    "adaptive adax clip_p= coin ftrl ftrl_alpha= ftrl_beta= initial_t= initial_weight= invariant l1= l2= "
    "loss_function= max_prediction= min_prediction= noconstant normal_weights normalized pistol quantile_tau= "
    "random_weights sgd"
)
# no "nn" with "bag" and "rnd": its several regressions make Vowpal Wabbit (9.11) write where it must not
_EXTRA_EXPLORING = {
    "epsilon": "first_only nn=",
    "first": "nn=",
    "bag": "first_only greedify",
    "cover": "first_only nn= nounif psi=",
    "squarecb": "gamma_exponent= nn=",
    "regcb": "cb_max_cost= cb_min_cost= first_only mellowness= nn= regcbopt",
    "softmax": "nn=",
    "rnd": "rnd_alpha= rnd_invlambda=",
    "synthcover": "nn= synthcoverpsi= synthcoversize=",
}


def _product(letters: str) -> str:
    if not re.fullmatch("(?=.*a)[ua]{2,3}", letters):
        raise InputError(f"must be two or three letters u or a, at least one of them an a, got {letters!r}")
    return letters


class VowpalWabbit(BuiltIn):
    """Vowpal Wabbit's contextual bandit: one regression, learnt as visits come, with a choice of ways to explore.

    This is its `--cb_explore_adf`, with nine explorations.
    An action's expected reward is linear in the visitor's features (namespace u), in its own identity and features
    (namespace a), and in the products of the two, so that every action has weights of its own. An action is drawn from
    Vowpal Wabbit's distribution, so that the propensity of a choice is exact. Showing nothing has no feature at all:
    its predicted reward is 0, as its reward is, and nothing is learnt from it.

    Options that are None have Vowpal Wabbit's own defaults, stated here in parentheses.

    Args:
        exploration: "epsilon" (greedy but for a share of visits), "first" (uniform, then greedy), "bag" (bootstrap),
            "cover" (online cover), "squarecb" (inverse gap weighting), "regcb" (confidence bounds: elimination),
            "softmax", "rnd" (bonus by random network distillation) or "synthcover". Not "regcb" where nothing can be
            shown: its bounds are derived from features, which showing nothing has not.
        epsilon: share of uniform play (.05 for "epsilon" and "cover", else 0); not for "regcb".
        first: visits learnt from before "first" turns greedy (500).
        bag: bootstrapped policies of "bag" (5).
        cover: policies of "cover" (5).
        gamma: greediness of "squarecb", `--gamma_scale` (10): it is gamma · √visits, a typical reward being 1.
        lambda_: greediness of "softmax" (1), a typical reward being 1.
        rnd: random networks of "rnd" (1).
        cb_type: estimator of costs: "mtr" (importance-weighted regression), "dr" (doubly robust), "ips", "dm" ("mtr").
            "squarecb" and "regcb" know only "mtr", "cover" all but "dm". What Vowpal Wabbit calls the direct method
            here takes the cost of an action that was not chosen for 0: it predicts the reward times how often the
            action is chosen, to the advantage of what is chosen often. It is there for comparison; use "mtr".
        bits: 2^bits weights, of 16 bytes each, for each policy of "bag" and "cover" (18).
        learning_rate: (.5).
        power_t: how fast the learning rate falls (.5).
        interactions: products of namespaces, each with an "a": what all actions share can't tell them apart.
        extra: further options of Vowpal Wabbit, by their long names, such as "--l2 1e-6".

    Use it as the yardstick of industry, and where features are many and sparse. Learning is a gradient step a visit:
    what was learnt can't be corrected. Pooled over all users, as the regressions are: a small cohort is served what
    the others like.

    Source: Bietti, Agarwal & Langford 2021 ("bake-off"); Foster & Rakhlin 2020 (SquareCB); Foster et al. 2018 (RegCB).
    """

    corrects: ClassVar[bool] = False

    exploration: Exploration = "squarecb"
    epsilon: Annotated[float, Field(ge=0, le=1)] | None = None
    first: PositiveInt | None = None
    bag: Annotated[int, Field(ge=1, le=100)] | None = None
    cover: Annotated[int, Field(ge=1, le=100)] | None = None
    gamma: PositiveFloat | None = None
    lambda_: NonNegativeFloat | None = None
    rnd: Annotated[int, Field(ge=1, le=100)] | None = None
    cb_type: Literal["mtr", "dr", "ips", "dm"] | None = None
    bits: Annotated[int, Field(ge=4, le=26)] | None = None
    learning_rate: PositiveFloat | None = None
    power_t: Annotated[float, Field(ge=0, le=1)] | None = None
    interactions: tuple[Annotated[str, AfterValidator(_product)], ...] = Field(default=("ua",), strict=False)
    extra: str = ""

    @model_validator(mode="after")
    def _no_idle_option(self) -> VowpalWabbit:
        here = f"with exploration {self.exploration!r}"
        faults = [
            Fault(f"does nothing {here} (only with {_listed(heeded)}); leave it out", (field,))
            for field, (_, heeded) in _EXPLORING.items()
            if getattr(self, field) is not None and self.exploration not in heeded
        ]
        known_types = _CB_TYPES.get(self.exploration)
        if known_types and self.cb_type not in {None, *known_types}:
            due = " or ".join(map(repr, known_types))
            faults.append(Fault(f"must be {due} {here}, got {self.cb_type!r}", ("cb_type",)))
        known = _known(f"{_EXTRA} {_EXTRA_EXPLORING[self.exploration]}")
        faults += [Fault(what, ("extra",)) for what in _faults_of(self.extra, self.exploration, known)]
        if faults:
            raise InputError(faults)
        return self

    def misfit(self, problem: Problem) -> str | None:
        """Why the policy does not fit a world, or None."""
        if self.exploration == "regcb" and problem.nothing is not None:
            return "has no bounds for showing nothing, as this world can, with exploration 'regcb'; choose another"
        if self.extra:
            try:
                self._open(problem, seed=0)
            except InputError as error:
                return " ".join(fault.what for fault in error.faults)
        return None

    def _begin(self, problem: Problem, rng: np.random.Generator) -> BlockLearner:
        workspace = self._open(problem, seed=int(rng.integers(2**32)))
        return Wabbit(
            workspace,
            problem,
            rng,
            averages=self.cb_type in {"dr", "ips"},
            alone=self.exploration in _ALONE and self.cb_type in {None, "mtr"},
            reopen=lambda path: self._reopen(problem, path),
        )

    def command_line(self, problem: Problem, seed: int) -> list[str]:
        """The options of Vowpal Wabbit.

        Args:
            problem: of the world.
            seed: of Vowpal Wabbit's own luck: bootstraps, random networks and random weights.
        """
        line = ["--quiet", "--cb_explore_adf", f"--random_seed={seed}", "--per_model_save_load"]
        if self.exploration in _NUMBER:
            line.append(f"--{self.exploration}={getattr(self, self.exploration) or _NUMBER[self.exploration]}")
        elif self.exploration != "epsilon":
            line.append(f"--{self.exploration}")
        fields = {field: option for field, (option, _) in _EXPLORING.items() if field not in _NUMBER} | _LEARNING
        line += [f"--{fields[f]}={getattr(self, f)}" for f in fields if getattr(self, f) is not None]
        line += [f"--interactions={product}" for product in self.interactions]
        if problem.nothing is not None:
            # what all actions share would move the predicted reward of nothing away from 0
            line += ["--noconstant", "--ignore_linear=u"]
        if self.exploration == "regcb":
            line += [bound for bound in _cost_bounds(problem) if bound.split("=")[0] not in self.extra]
        return line + [f"--{name}" + ("" if value is None else f"={value}") for name, value in _pairs(self.extra)]

    def _open(self, problem: Problem, seed: int) -> Any:  # noqa: ANN401  Vowpal Wabbit ships no types
        return self._opened(self.command_line(problem, seed))

    def _reopen(self, problem: Problem, path: str) -> Any:  # noqa: ANN401  the same
        # a model knows how far its luck has come: no seed may say otherwise, and no random weights draw from it again
        anew = ("--random_seed", "--random_weights")
        line = [option for option in self.command_line(problem, seed=0) if not option.startswith(anew)]
        return self._opened([*line, f"--initial_regressor={path}"])

    def _opened(self, line: list[str]) -> Any:  # noqa: ANN401  the same
        try:
            import vowpalwabbit  # noqa: PLC0415  heavy, and needed by this policy alone
        except ImportError:
            raise InputError("needs the package vowpalwabbit; run: pip install vowpalwabbit", "VowpalWabbit") from None
        try:
            return vowpalwabbit.Workspace(arg_list=line)
        except RuntimeError as error:
            what = f"has options that Vowpal Wabbit refuses: {error}; mend extra, {self.extra!r}"
            raise InputError(what, "VowpalWabbit") from None


def _cost_bounds(problem: Problem) -> list[str]:
    """The range of costs that RegCB needs; where the world states none, three typical rewards either way."""
    low, high = problem.reward_range or (-3 * problem.reward_scale, 3 * problem.reward_scale)
    return [f"--cb_min_cost={-high / problem.reward_scale}", f"--cb_max_cost={-low / problem.reward_scale}"]


def _listed(explorations: frozenset[str]) -> str:
    return ", ".join(repr(exploration) for exploration in sorted(explorations))


def _known(words: str) -> dict[str, bool]:
    return {word.rstrip("="): word.endswith("=") for word in words.split()}


def _pairs(extra: str) -> list[tuple[str, str | None]]:
    """Options and their values: "--l2 1e-6 --sgd" and "--l2=1e-6 --sgd" are (("l2", "1e-6"), ("sgd", None))."""
    pairs: list[tuple[str, str | None]] = []
    for word in extra.split():
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            pairs.append((name, value if equals else None))
        elif pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], word)
        else:
            pairs.append(("", word))
    return pairs


def _faults_of(extra: str, exploration: str, known: dict[str, bool]) -> list[str]:
    """What is wrong with `extra`."""
    own = {option: field for field, (option, _) in _EXPLORING.items()} | {o: f for f, o in _LEARNING.items()}
    own |= dict.fromkeys(("interactions", "quadratic", "cubic"), "interactions")
    faults = []
    said: set[str] = set()
    for name, value in _pairs(extra):
        if name in said:
            faults.append(f"--{name} is given twice")
        elif not name:
            faults.append(f"{value!r} is not the value of an option; write options by their long names")
        elif name in own:
            faults.append(f"--{name} has a field of its own: {own[name]}")
        elif name not in known:
            faults.append(unknown(f"option for exploration {exploration!r}", f"--{name}", [f"--{k}" for k in known]))
        elif known[name] != (value is not None):
            faults.append(f"--{name} needs a value" if known[name] else f"--{name} takes no value, got {value!r}")
        said |= {name} - {""}
    return faults

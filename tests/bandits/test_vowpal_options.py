"""The options of Vowpal Wabbit's policies: none is idle, and what is wrong is said."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from bandits.errors import InputError
from bandits.vowpal import VowpalWabbit
from tests.bandits.vowpal_world import assert_same, block, problem, resumed
from tests.oracles.vowpal_by_text import by_text

OPTIONS = [
    {"exploration": "epsilon", "epsilon": 0.5},
    {"exploration": "bag", "bag": 2},
    {"exploration": "bag", "epsilon": 0.5},
    {"exploration": "cover", "cover": 2},
    {"exploration": "cover", "cb_type": "ips"},
    {"exploration": "first", "first": 20, "epsilon": 0.5},
    {"exploration": "softmax", "lambda_": 3.0},
    {"exploration": "softmax", "cb_type": "dr"},
    {"exploration": "softmax", "cb_type": "ips"},
    {"exploration": "softmax", "cb_type": "dm"},
    {"exploration": "rnd", "rnd": 3},
    {"exploration": "rnd", "epsilon": 0.5},
    {"exploration": "synthcover", "epsilon": 0.5},
    {"gamma": 50.0},
    {"epsilon": 0.5},
    {"bits": 4},
    {"learning_rate": 0.1},
    {"power_t": 0.1},
    {"interactions": ("ua", "uua")},
    {"interactions": ()},
    {"exploration": "epsilon", "extra": "--first_only"},
    {"exploration": "bag", "extra": "--greedify"},
    {"exploration": "cover", "extra": "--psi 0.1"},
    {"exploration": "cover", "extra": "--nounif"},
    {"extra": "--gamma_exponent 0.9"},
    {"exploration": "regcb", "extra": "--mellowness 0.001"},
    {"exploration": "regcb", "extra": "--regcbopt"},
    {"exploration": "regcb", "extra": "--cb_min_cost=-1 --cb_max_cost 1 --mellowness 0.001"},
    {"exploration": "rnd", "extra": "--rnd_alpha 1"},
    {"exploration": "rnd", "extra": "--rnd_invlambda 1"},
    {"exploration": "synthcover", "extra": "--synthcoverpsi 1"},
    {"exploration": "synthcover", "extra": "--synthcoversize 5"},
    *(
        {"exploration": "softmax", "extra": extra}
        for extra in (
            "--adaptive",
            "--adax",
            "--clip_p 0.5",
            "--coin",
            "--ftrl",
            "--ftrl --ftrl_alpha 1",
            "--ftrl --ftrl_beta 1",
            "--initial_t 9",
            "--initial_weight 0.1",
            "--invariant",
            "--l1 0.001",
            "--l2 0.01",
            "--loss_function quantile",
            "--loss_function quantile --quantile_tau 0.2",
            "--max_prediction 0.1",
            "--min_prediction=-0.1",
            "--nn 3",
            "--noconstant",
            "--normal_weights",
            "--normalized",
            "--pistol",
            "--random_weights",
            "--sgd",
        )
    ),
]


def said(fields):
    """The name of a test case."""
    return " ".join(f"{key}={value}" for key, value in fields.items())


class TestOptions:
    @pytest.mark.parametrize(
        ("fields", "line"),
        [
            (
                {"gamma": 3.0, "exploration": "epsilon"},
                "gamma: does nothing with exploration 'epsilon' (only with 'squarecb')",
            ),
            ({"lambda_": 3.0}, "lambda_: does nothing with exploration 'squarecb' (only with 'softmax')"),
            ({"bag": 3}, "bag: does nothing"),
            ({"cover": 3}, "cover: does nothing"),
            ({"first": 3}, "first: does nothing"),
            ({"rnd": 3}, "rnd: does nothing"),
            ({"exploration": "regcb", "epsilon": 0.1}, "epsilon: does nothing with exploration 'regcb'"),
            ({"cb_type": "dr"}, "cb_type: must be 'mtr' with exploration 'squarecb', got 'dr'"),
            ({"cb_type": "dm"}, "cb_type: must be 'mtr' with exploration 'squarecb', got 'dm'"),
            (
                {"exploration": "cover", "cb_type": "dm"},
                "cb_type: must be 'mtr' or 'dr' or 'ips' with exploration 'cover', got 'dm'",
            ),
            ({"exploration": "bag", "extra": "--nn 3"}, "extra: unknown option for exploration 'bag' '--nn'"),
            ({"exploration": "rnd", "extra": "--nn 3"}, "extra: unknown option for exploration 'rnd' '--nn'"),
            ({"exploration": "greedy"}, "exploration: must be 'epsilon', 'first'"),
            ({"exploration": "epsilon", "epsilon": 1.5}, "epsilon: must be less than or equal to 1"),
            ({"bits": 40}, "bits: must be less than or equal to 26"),
            *(
                (
                    {"interactions": ["ua", product]},
                    f"interactions[2]: must be two or three letters u or a, at least one of them an a, got {product!r}",
                )
                for product in ("uu", "ub", "a", "uuua", "ua\n")
            ),
            ({"learnin_rate": 1.0}, "did you mean 'learning_rate'?"),
            ({"extra": "--l3 1e-6"}, "extra: unknown option for exploration 'squarecb' '--l3'"),
            ({"extra": "--l2"}, "extra: --l2 needs a value"),
            ({"extra": "--sgd 1"}, "extra: --sgd takes no value, got '1'"),
            ({"extra": "--l2 1 --l2 2"}, "extra: --l2 is given twice"),
            ({"extra": "stray"}, "extra: 'stray' is not the value of an option"),
            ({"extra": "-b 20"}, "extra: '-b' is not the value of an option; write options by their long names"),
            ({"extra": "--learning_rate 1"}, "extra: --learning_rate has a field of its own: learning_rate"),
            ({"extra": "--quadratic ua"}, "extra: --quadratic has a field of its own: interactions"),
            ({"extra": "--mellowness 1"}, "extra: unknown option for exploration 'squarecb' '--mellowness'"),
            *(
                ({"extra": extra}, "extra: unknown option")
                for extra in (
                    "--data x",
                    "--final_regressor x",
                    "--predictions x",
                    "--audit",
                    "--daemon",
                    "--help",
                    "--testonly",
                )
            ),
        ],
    )
    def test_what_is_wrong_or_idle_is_refused_in_one_line(self, fields, line):
        with pytest.raises(InputError) as caught:
            VowpalWabbit(**fields)
        assert any(line in said for said in caught.value.lines), caught.value.lines
        assert all(said.startswith("VowpalWabbit: ") and "\n" not in said for said in caught.value.lines)

    def test_all_faults_are_said_at_once(self):
        with pytest.raises(InputError) as caught:
            VowpalWabbit(exploration="epsilon", gamma=3.0, lambda_=2.0, extra="--l2")
        assert len(caught.value.lines) == 3

    def test_what_vowpal_wabbit_refuses_is_said_before_the_run_and_at_the_start(self):
        policy = VowpalWabbit(extra="--l2 much")
        line = "has options that Vowpal Wabbit refuses: Failed to convert much to f; mend extra, '--l2 much'"
        assert policy.misfit(problem()) == line
        with pytest.raises(InputError) as caught:
            policy.start(problem(), np.random.default_rng(5))
        assert caught.value.lines == [f"policy 'VowpalWabbit(extra=--l2 much)' {line}"]
        assert VowpalWabbit().misfit(problem()) is None
        assert VowpalWabbit(extra="--l2 1e-6").misfit(problem()) is None

    @pytest.mark.parametrize("fields", OPTIONS, ids=said)
    def test_every_option_does_something_and_the_same_as_by_text(self, fields):
        visits, policy = block(150), VowpalWabbit(**fields)
        fast = policy.start(problem(), np.random.default_rng(5)).play(visits)
        assert_same(fast, by_text(policy, problem(), visits, np.random.default_rng(5)))
        plain = VowpalWabbit(exploration=policy.exploration).start(problem(), np.random.default_rng(5)).play(visits)
        assert (fast.propensity != plain.propensity).any()

    @pytest.mark.parametrize(
        "fields",
        [
            *OPTIONS,
            *(
                {"exploration": exploration, "extra": extra}
                for exploration in ("bag", "cover", "rnd", "synthcover")
                for extra in ("--coin", "--ftrl", "--l1 0.001", "--normal_weights", "--random_weights", "--sgd")
            ),
        ],
        ids=said,
    )
    def test_with_every_option_a_loaded_learner_goes_on_as_the_saved_one(self, fields):
        policy, visits = VowpalWabbit(**fields), block(150)
        learner = policy.start(problem(), np.random.default_rng(5))
        learner.play(visits.rows(np.arange(50)))
        other, later = resumed(policy, problem(), learner), visits.rows(np.arange(50, 150))
        assert_same(other.play(later), learner.play(later))

    def test_regcb_is_told_the_range_of_costs(self):
        """Rewards −1 to 4 at a scale of 2 are costs −2 to .5; where the world states none, −3 to 3; else `extra`."""
        policy = VowpalWabbit(exploration="regcb")
        bounded = policy.command_line(problem(reward_range=(-1.0, 4.0), reward_scale=2.0), 0)
        assert {"--cb_min_cost=-2.0", "--cb_max_cost=0.5"} <= set(bounded)
        assert {"--cb_min_cost=-3.0", "--cb_max_cost=3.0"} <= set(policy.command_line(problem(reward_scale=2.0), 0))
        own = VowpalWabbit(exploration="regcb", extra="--cb_min_cost -1").command_line(problem(), 0)
        assert [word for word in own if "cost" in word] == ["--cb_max_cost=3.0", "--cb_min_cost=-1"]

    def test_a_description_is_hashable_picklable_and_a_toml_table(self):
        policy = VowpalWabbit(exploration="bag", bag=3, interactions=["ua", "uua"])
        assert policy.label == "VowpalWabbit(exploration=bag, bag=3, interactions=('ua', 'uua'))"
        assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301  our own bytes
        assert len({policy, policy}) == 1

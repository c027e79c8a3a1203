"""Whether a policy fits a world, and how it is started there."""

from __future__ import annotations

import numpy as np

from bandits.answers import Misbehaviour, blamed
from bandits.description import label_of
from bandits.errors import InputError
from bandits.loops import in_blocks, is_ours
from bandits.protocol import BlockLearner, Needs, Policy, Problem


def misfit_of(policy: Policy, problem: Problem) -> str | None:
    """Why a policy does not fit a world, in words that follow its name; None if it fits.

    What every policy may ask for (labels, user ids, corrections) is judged here; the rest by its own `misfit(problem)`,
    if it has one.
    """
    return _unmet(Needs.of(policy), policy, problem) or _own_misfit(policy, problem)


def _unmet(needs: Needs, policy: Policy, problem: Problem) -> str | None:
    """What a policy asks of a world that does not give it."""
    if needs.sees_cohort and problem.cohorts is None:
        return "needs cohort labels, and this world shows none (see observe_persona, or observe_cohort, of the world)"
    if (needs.sees_expected or needs.sees_typical) and not is_ours(policy):
        return "asks for expected rewards, which the oracles alone are handed"
    if needs.sees_typical and not problem.typical:
        return "needs the expected rewards of cohorts, which this world does not tell"
    if needs.sees_user and problem.users is None:
        return "needs to recognise returning users, and this world's visitors are strangers"
    if problem.corrections and not needs.corrects:
        return "cannot correct a reward it has already learnt; use feedback = 'at once' or 'wait'"
    return None


def _own_misfit(policy: Policy, problem: Problem) -> str | None:
    """What a policy itself says of a world."""
    own = getattr(policy, "misfit", None)
    if not callable(own):
        return None
    try:
        why = own(problem)
    except Exception as error:
        if is_ours(policy):
            raise
        return f"cannot tell whether it fits: its misfit raised {type(error).__name__}: {error}"
    return None if why is None else str(why)


def start(policy: Policy, problem: Problem, rng: np.random.Generator) -> BlockLearner:
    """Start a policy on a world that it fits.

    Raises:
        InputError: when it does not fit.
        Misbehaviour: when its `start` fails, or makes something that is no learner.
    """
    if why := misfit_of(policy, problem):
        raise InputError(f"policy {label_of(policy)!r} {why}")
    with blamed(None):
        learner = policy.start(problem, rng)
    if not all(callable(getattr(learner, verb, None)) for verb in ("choose", "learn")):
        raise Misbehaviour(f"started {learner!r}", ", which has no choose and learn")
    return in_blocks(learner)

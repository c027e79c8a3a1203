"""Learners on disk: saved, and loaded again, they go on bit for bit as if they had never stopped.

A file is a zip of numpy arrays (.npz), without pickles: loading one executes none of its content. It holds

    state/…    all that was learnt, and the state of every random generator
    policy     the policy's table, as JSON
    problem    what was public about the world, as JSON; a labelled sample as arrays
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt

from bandits.cards import FeatureCard, LabelledSample, PersonaCard
from bandits.description import label_of, table_of
from bandits.errors import InputError
from bandits.learner_state import Arrays, text_array, text_of
from bandits.protocol import BlockLearner, Policy, Problem
from bandits.registry import policy_from

FORMAT = 1
STATE = "state/"


def save(learner: BlockLearner, path: str | os.PathLike[str]) -> None:
    """Write a learner to a file, whole or not at all.

    Raises:
        InputError: when it cannot be saved, or the file cannot be written.
    """
    if learner.origin is None:
        raise InputError("cannot be saved: it was not started by a policy of `bandits`", type(learner).__name__)
    policy, problem = learner.origin
    content = {
        "format": np.array(FORMAT),
        "policy": text_array(json.dumps(table_of(policy))),
        **_problem_arrays(problem),
        **{STATE + name: array for name, array in learner.state().items()},
    }
    target = pathlib.Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            try:
                np.savez(file, allow_pickle=False, **content)
                file.flush()
                os.fsync(file.fileno())
                pathlib.Path(file.name).replace(target)
            except BaseException:
                pathlib.Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", str(path)) from None


def load(path: str | os.PathLike[str], policy: Policy | None = None) -> BlockLearner:
    """Make the learner again that was saved.

    Args:
        path: of the file.
        policy: the one that it was started by. Needed only where that is of one's own, or wraps one that is: a file
            does not get to say which code is run.

    Raises:
        InputError: when there is no such file, or it holds no learner, or that of another policy.
    """
    content = _read(path)
    saved = json.loads(text_of(content["policy"]))
    if policy is None:
        if _names_code(saved):
            raise InputError("holds a policy of one's own; hand it in: load(path, policy)", str(path))
        policy = _policy_of(saved)
    _same_policy(saved, policy, path)
    learner = policy.start(_problem_of(content), np.random.default_rng(0))
    if not isinstance(learner, BlockLearner):
        raise InputError("holds a learner that does not play blocks, and so was not saved by `bandits`", str(path))
    _take_over(learner, content, path)
    return learner


def load_into(learner: BlockLearner, path: str | os.PathLike[str]) -> None:
    """Let a learner go on where another of the same policy and problem was saved.

    Raises:
        InputError: when the file holds no learner, or that of another policy or problem.
    """
    if learner.origin is None:
        raise InputError("cannot load: it was not started by a policy of `bandits`", type(learner).__name__)
    _take_over(learner, _read(path), path)


def _take_over(learner: BlockLearner, content: Arrays, path: str | os.PathLike[str]) -> None:
    policy, problem = learner.origin or (None, None)
    _same_policy(json.loads(text_of(content["policy"])), policy, path)
    if problem is None or text_of(content["problem"]) != text_of(_problem_arrays(problem)["problem"]):
        raise InputError("holds a learner for another problem: other actions, features or bounds", str(path))
    state = {name.removeprefix(STATE): array for name, array in content.items() if name.startswith(STATE)}
    try:
        learner.restore(state)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"is damaged: {error}", str(path)) from None


def _same_policy(saved: dict[str, Any], policy: Policy | None, path: str | os.PathLike[str]) -> None:
    if policy is None or saved != json.loads(json.dumps(table_of(policy))):
        raise InputError(f"holds a learner of {_label(saved)}, not of {label_of(policy)}", str(path))


def _read(path: str | os.PathLike[str]) -> Arrays:
    try:
        with pathlib.Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                content = {name: arrays[name] for name in names}
    except FileNotFoundError:
        raise InputError("there is no such file", str(path)) from None
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"holds no saved learner: {error}", str(path)) from None
    if not {"format", "policy", "problem"} <= set(content):
        raise InputError("holds no saved learner", str(path))
    if int(content["format"]) != FORMAT:
        raise InputError(f"was saved in format {int(content['format'])}, and this version reads {FORMAT}", str(path))
    return content


def _label(table: dict[str, Any]) -> str:
    """How the policy of a table is called, as far as that can be told without running code of one's own."""
    return str(table.get("kind")) if _names_code(table) else label_of(_policy_of(table))


def _policy_of(table: dict[str, Any]) -> Policy:
    return policy_from({key: value for key, value in table.items() if value is not None})


def _names_code(table: object) -> bool:
    """Whether a policy's table names a class of one's own, at any depth."""
    if isinstance(table, dict):
        return ":" in str(table.get("kind", "")) or any(map(_names_code, table.values()))
    return isinstance(table, list) and any(map(_names_code, table))


def _problem_arrays(problem: Problem) -> dict[str, npt.NDArray[np.generic]]:
    fields = {field.name: getattr(problem, field.name) for field in dataclasses.fields(problem)}
    sample = fields.pop("sample")
    fields["cards"] = [dataclasses.asdict(card) for card in problem.cards]
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    if sample is not None:
        fields["sample"] = {"cohorts": sample.cohorts, "level": sample.level}
        arrays = {"sample/x": sample.x, "sample/cohort": sample.cohort}
    return {"problem": text_array(json.dumps(fields, sort_keys=True)), **arrays}


def _problem_of(content: Arrays) -> Problem:
    fields: dict[str, Any] = json.loads(text_of(content["problem"]))
    cards = [
        PersonaCard(**{**card, "features": tuple(FeatureCard(**feature) for feature in card["features"])})
        for card in fields.pop("cards")
    ]
    sample = fields.pop("sample", None)
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    if sample is not None:
        x, cohort = content["sample/x"].astype(np.float64), content["sample/cohort"].astype(np.int64)
        sample = LabelledSample(x, cohort, tuple(sample["cohorts"]), tuple(sample["level"]))
    return Problem(**fields, cards=tuple(cards), sample=sample)

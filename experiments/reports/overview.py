"""Several worlds on one page: which policy wins where, and who fares worst there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.phrases import policy
from experiments.reports.wording import Unit, counted, listing, shorten, words

REGRET = "regret_per_visit"
BAD = "bad_per_visit"
NAME = 60
SHARE = Unit("share")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a policy came to in a world.

    Args:
        number: for all; "–" where it was not run, or nothing took place.
        aside: the cohort that fares worst, and what it came to; "" where there is one cohort.
        best: whether no other policy is clearly better.
    """

    number: str
    aside: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A world, or a world under one of its objectives.

    Args:
        key: of its section in the page.
        name: of the world, and of the objective where there are several.
        kind: simulated or real data, and how large.
        reference: what Random missed a visit, in the world's units.
        cells: one a policy, in the order of the columns.
    """

    key: str
    name: str
    kind: str
    reference: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """A table of worlds × policies.

    Args:
        key: unique in the page.
        caption: what it shows.
        policies: headings.
        lines: one a world.
        compared: whether numbers are shares of what Random came to.
    """

    key: str
    caption: str
    policies: tuple[str, ...]
    lines: tuple[Line, ...]
    compared: bool


def names(stories: Sequence[Story]) -> list[str]:
    """What to call each world among the others: its title, and its label where two share a title."""
    titles = [story.main.about.title for story in stories]
    return [
        title if titles.count(title) == 1 else f"{title}: {shorten(story.main.label, NAME)}"
        for title, story in zip(titles, stories, strict=True)
    ]


def kind(setting: Setting) -> str:
    """What a world is made of: "real data, regret estimated"."""
    about = setting.about
    made = "real data" if about.real or about.estimated else "simulated"
    return made + (", regret estimated" if about.estimated else "")


def shape(setting: Setting) -> str:
    """Its kind, its cohorts and its length, in a line."""
    cohorts = len(setting.about.cohorts)
    told = [kind(setting), counted(cohorts, "cohort")] if cohorts > 1 else [kind(setting)]
    return ", ".join([*told, counted(setting.about.horizon, setting.about.clock)])


def chance(setting: Setting) -> str:
    """The label of the policy that shows anything at random; "" where it was not run."""
    return next((p.label for p in setting.policies if p.kind == "Random"), "")


def reference(setting: Setting) -> float | None:
    """What showing anything at random missed a visit, where it was run and missed something."""
    missed = setting.get(chance(setting), ALL, REGRET)
    return missed.value if missed and missed.value > 0 else None


def winners(setting: Setting, metric: str = REGRET) -> list[str]:
    """The policy with the least, and those that luck alone may have put behind it; best first."""
    order = setting.ranked(metric)
    if not order:
        return []
    best, rest = order[0], order[1:]
    return [best, *(p for p in rest if _as_good(setting, p, best, metric))]


def _as_good(setting: Setting, label: str, best: str, metric: str) -> bool:
    if setting.get(label, ALL, metric).value == setting.get(best, ALL, metric).value:
        return True
    more = setting.difference(label, best, ALL, metric)
    return more.has_interval and not more.excludes_zero


def worst(setting: Setting, label: str, metric: str = REGRET) -> tuple[Cohort, float] | None:
    """The cohort that fares worst under a policy, and how badly; None where there is one cohort."""
    found = [(c, e.value) for c in setting.cohorts if (e := setting.get(label, c.key, metric))]
    return max(found, key=lambda pair: pair[1]) if len(found) > 1 else None


def relative(setting: Setting, missed: float) -> str:
    """Regret a visit in percent of that at random: "12 %"; "" where there is nothing to compare with."""
    whole = reference(setting)
    return "" if whole is None or math.isnan(missed) else SHARE.write(missed / whole, 0)


def lines(stories: Sequence[Story]) -> list[tuple[str, Setting]]:
    """(name, setting), one for each world, or each objective of it."""
    return [(name, setting) for _, name, setting in _entries(stories, [""] * len(stories))]


def by_regret(stories: Sequence[Story], keys: Sequence[str]) -> Overview:
    """Regret a visit of every policy in every world, in percent of Random's; ranks where that was not run."""
    entries = _entries(stories, keys)
    labels = _columns([setting for _, _, setting in entries], REGRET)
    rows = tuple(_line(key, name, setting, labels, REGRET) for key, name, setting in entries)
    compared = any(reference(setting) is not None for _, _, setting in entries)
    how = (
        "Regret a visit, in percent of what showing anything at random misses in the same world (first column; where "
        "that was not run: ranks)"
        if compared
        else "Ranks by regret a visit: showing anything at random, to compare with, was not run"
    )
    caption = f"{how}. Small: the cohort that misses most under that policy. {_bold(entries)}"
    if any(setting.about.estimated for _, _, setting in entries):
        caption += " Where it says “regret estimated”, regret is against estimates from data."
    return Overview("worlds-regret", caption, labels, rows, compared)


def by_harm(stories: Sequence[Story], keys: Sequence[str]) -> Overview | None:
    """The share of visits that showed something bad, in the worlds that say what is bad."""
    entries = [entry for entry in _entries(stories, keys) if entry[2].harms]
    if not entries:
        return None
    labels = _columns([setting for _, _, setting in entries], BAD)
    rows = tuple(_line(key, name, setting, labels, BAD) for key, name, setting in entries)
    caption = (
        "Share of visits with something bad, in the worlds that say what is bad. Small: the cohort that was shown most "
        f"of it under that policy. {_bold(entries)}"
    )
    return Overview("worlds-bad", caption, labels, rows, compared=False)


def lead(stories: Sequence[Story]) -> Markup:
    """Which policy wins where, in a sentence or two."""
    settings = [setting for story in stories for setting in story.settings]
    won: dict[str, int] = {}
    told = [found for setting in settings if len(setting.contenders) > 1 and (found := winners(setting))]
    for labels in told:
        for label in labels:
            won[label] = won.get(label, 0) + 1
    if not told:
        return Markup("No world had two policies to compare.")
    most = max(won.values())
    leaders = [policy(label) for label, count in won.items() if count == most]
    rows = f"{words(most)} of the {words(len(told))} rows" if most < len(told) else "every row"
    each = " each" if len(leaders) > 1 and most < len(told) else ""
    sentence = Markup("Of the policies that could be shipped, {} missed least, or not clearly more, in {}{}.").format(
        listing(leaders), rows, each
    )
    return sentence + (" No policy did so everywhere." if most < len(told) else "")


def _entries(stories: Sequence[Story], keys: Sequence[str]) -> list[tuple[str, str, Setting]]:
    """(key of the section, name, setting), a line each."""
    return [
        (key, f"{name}: {story.name(setting)}" if len(story.settings) > 1 else name, setting)
        for key, name, story in zip(keys, names(stories), stories, strict=True)
        for setting in story.settings
    ]


def _columns(settings: Sequence[Setting], metric: str) -> tuple[str, ...]:
    """The policies that could be shipped, in the order of the experiment; Random is what regret is compared with."""
    told: Mapping[str, str] = {p.label: p.kind for s in settings for p in s.policies if p.label in s.contenders}
    kept = [label for label, kind in told.items() if metric != REGRET or kind != "Random"]
    return tuple(kept or told)


def _line(key: str, name: str, setting: Setting, labels: Sequence[str], metric: str) -> Line:
    unit = setting.unit(REGRET)
    best = set(winners(setting, metric)) if len(setting.contenders) > 1 else set()
    ranks = {label: place for place, label in enumerate(setting.ranked(metric), 1)}

    def write(value: float) -> str:
        return SHARE.write(value) if metric == BAD else relative(setting, value)

    cells = []
    for label in labels:
        found = setting.get(label, ALL, metric)
        if not found or label not in ranks:
            cells.append(Cell("–"))
            continue
        hit = worst(setting, label, metric)
        aside = "" if hit is None else f"{hit[0].name}: {write(hit[1])}".removesuffix(": ")
        cells.append(Cell(write(found.value) or f"no. {ranks[label]}", aside, label in best))
    random = chance(setting)
    return Line(
        key,
        name,
        shape(setting),
        Cell(unit.say(setting.get(random, ALL, REGRET)).number, "", random in best),
        tuple(cells),
    )


def _bold(entries: Sequence[tuple[str, str, Setting]]) -> str:
    repeated = any(setting.replications > 1 for _, _, setting in entries)
    return (
        "Bold: the least of a row, and what the 95\N{NO-BREAK SPACE}% interval of the paired difference does not tell "
        "from it."
        if repeated
        else "Bold: the least of a row; with one repetition that may be luck."
    )

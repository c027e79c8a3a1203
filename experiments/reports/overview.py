"""Several worlds on one page: which policy wins where, and who fares worst there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from environments.protocol import Cohort
from experiments.reports.chance import FLAT, NOBODY, REGRET, chance, flat, reference, verdict, winners
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.phrases import policy
from experiments.reports.wording import Unit, counted, listing, shorten, words

BAD = "bad_per_visit"
NAME = 60
NOTE = 80  # characters: a longer note stands in the section of its world only
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
        kind: simulated or real data, how large, and what is done to it, if that is short.
        verdict: why nobody wins; "" where somebody does.
        reference: what Random missed a visit, in the world's units.
        cells: one a policy, in the order of the columns.
    """

    key: str
    name: str
    kind: str
    verdict: str
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
    """What to call each world among the others: its title; where two share one, the name that it was given, or both."""
    titles = [story.main.about.title for story in stories]
    return [
        title if titles.count(title) == 1 else _name(story, titles)
        for title, story in zip(titles, stories, strict=True)
    ]


def _name(story: Story, titles: Sequence[str]) -> str:
    """The name that somebody gave it, if it is of the whole world and no other's title; else title and label."""
    label, title = story.main.label, story.main.about.title
    alone = story.main.named and len(story.settings) == 1 and label not in titles
    return shorten(label, NAME) if alone else f"{title}: {shorten(label, NAME)}"


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
    settings = [setting for story in stories for setting in story.settings if len(setting.contenders) > 1]
    won: dict[str, int] = {}
    for label in (label for setting in settings for label in winners(setting)):
        won[label] = won.get(label, 0) + 1
    why = [verdict(setting) for setting in settings if winners(setting) or verdict(setting)]
    rows, equal, untold = len(why), why.count(NOBODY), why.count(FLAT)
    if not rows:
        return Markup("No world had two policies to compare.")
    if not won:
        nobody = "In no row is a policy clearly better than showing anything at random." if equal else ""
        return Markup(" ").join(part for part in (nobody, _untold(untold)) if part)
    most = max(won.values())
    leaders = [policy(label) for label, count in won.items() if count == most]
    where = f"{words(most)} of the {words(rows)} rows" if most < rows else "every row"
    each = " each" if len(leaders) > 1 and most < rows else ""
    sentences = [
        Markup("Of the policies that could be shipped, {} missed least, or not clearly more, in {}{}.").format(
            listing(leaders), where, each
        )
    ]
    if most < rows - equal - untold:
        sentences.append(Markup("No policy did so everywhere."))
    if equal:
        sentences.append(escape(f"In {_some(equal)} no policy is clearly better than showing anything at random."))
    return Markup(" ").join([*sentences, _untold(untold)] if untold else sentences)


def _some(count: int) -> str:
    return f"{words(count)} row{'' if count == 1 else 's'}"


def _untold(count: int) -> str:
    what = "regret cannot be told, since all actions are expected to bring the same."
    return f"In {_some(count)} {what}" if count else ""


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
    untold = metric == REGRET and flat(setting)
    ranks = {label: place for place, label in enumerate(setting.ranked(metric), 1)}

    def write(value: float) -> str:
        return SHARE.write(value) if metric == BAD else relative(setting, value)

    cells = []
    for label in labels:
        found = setting.get(label, ALL, metric)
        if not found or label not in ranks or untold:
            cells.append(Cell("–"))
            continue
        hit = worst(setting, label, metric)
        aside = "" if hit is None else f"{hit[0].name}: {write(hit[1])}".removesuffix(": ")
        cells.append(Cell(write(found.value) or f"no. {ranks[label]}", aside, label in best))
    random = chance(setting)
    return Line(
        key,
        name,
        shape(setting) + "".join(f". {note}" for note in setting.added if len(note) <= NOTE),
        verdict(setting) if metric == REGRET else "",
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

"""How people, policies, objectives and time are named in sentences."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from environments.protocol import Cohort
from experiments.reports.facts import Setting
from experiments.reports.wording import Estimate, Said, Unit

HALF = 0.5
POSSESSIVE = {"he": "his", "she": "her", "they": "their"}
OBJECT = {"he": "him", "she": "her", "they": "them"}


def policy(label: str) -> Markup:
    """A policy's name, set apart from the sentence around it."""
    return Markup('<span class="policy">{}</span>').format(soft(label))


def soft(label: str) -> Markup:
    """A label that may be broken after its parentheses, commas and equals signs."""
    return Markup(re.sub(r"([(,=_/])(?=\S)", r"\1<wbr>", str(escape(label))))  # noqa: S704  it is escaped


def quoted(name: str) -> Markup:
    """An objective's name."""
    return Markup("“{}”").format(name)


def possessive(cohort: Cohort) -> str:
    """His, her or their."""
    return POSSESSIVE[cohort.pronoun]


def him(cohort: Cohort) -> str:
    """Him, her or them."""
    return OBJECT[cohort.pronoun]


def is_person(cohort: Cohort) -> bool:
    """Whether the cohort is called by the name of one person, and not as a group: "visitors aged 18–29"."""
    return not cohort.name[:1].islower()


def was(cohort: Cohort) -> str:
    """Was for one person by name, were for a group."""
    return "was" if is_person(cohort) else "were"


def like(cohort: Cohort) -> str:
    """The people whom a cohort stands for: "customers like Luke", or its own name where it is a group."""
    return f"customers like {cohort.name}" if is_person(cohort) else cohort.name


def horizon(setting: Setting) -> str:
    """The end of a replication: "day 180", "visit 20,000"."""
    return f"{setting.about.clock} {setting.about.horizon:,}"


def span(setting: Setting, count: float | None = None) -> str:
    """A length of time: "180 days", "20,000 visits"."""
    length = setting.about.horizon if count is None else count
    if length < HALF:
        return f"less than one {setting.about.clock}"
    return f"{length:,.0f} {setting.about.clock}{'' if round(length) == 1 else 's'}"


def intervals(setting: Setting, mark: str) -> str:
    """A line that says which marks of a figure are intervals, where there are any."""
    return f" {mark} 95\N{NO-BREAK SPACE}% intervals." if setting.replications > 1 else ""


def verdict(setting: Setting, metric: str, difference: Estimate) -> Markup:
    """Whether a paired difference could be luck, in parentheses."""
    if not difference.has_interval:
        return Markup("(one repetition: it could be luck)")
    interval = gap(setting, metric, difference).interval
    if not interval:
        return Markup("(the same in every repetition)")
    judged = "unlikely to be luck" if difference.excludes_zero else "it could be luck"
    return Markup("(95\N{NO-BREAK SPACE}% interval {}: {})").format(interval, judged)


def gap(setting: Setting, metric: str, difference: Estimate) -> Said:
    """How a difference is written: that of two shares in percentage points."""
    unit = setting.unit(metric)
    if unit.kind != "share":
        return unit.say(difference)
    said = Unit("count").say(difference.times(100))
    return Said(f"{said.number} percentage points", said.interval)

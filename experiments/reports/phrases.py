"""How people, policies, objectives and time are named in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from environments.protocol import EVERYBODY, Cohort
from experiments.reports.facts import FIRST_DAYS, Setting
from experiments.reports.wording import Estimate, Said, Unit, counted, headline, listing, words

HALF = 0.5
MANY = 5  # names, and more are too many for a sentence
MOST = 8  # kinds of changes of a world: more are not listed
POSSESSIVE = {"he": "his", "she": "her", "they": "their"}
OBJECT = {"he": "him", "she": "her", "they": "them"}


def policy(label: str) -> Markup:
    """A policy's name, set apart from the sentence around it."""
    return Markup('<span class="policy">{}</span>').format(soft(label))


def soft(label: str) -> Markup:
    """A label that may be broken after its parentheses, commas and equals signs."""
    return Markup(re.sub(r"([(,=_/])(?=\S)", r"\1<wbr>", str(escape(label))))  # noqa: S704  it is escaped


def narrow(label: str) -> Markup:
    """A label for a column that is narrow: it may also be broken where a word begins within a word."""
    return Markup(re.sub(r"([a-z])(?=[A-Z][a-z])", r"\1<wbr>", str(soft(label))))  # noqa: S704  it is escaped


def quoted(name: str) -> Markup:
    """An objective's name."""
    return Markup("“{}”").format(name)


def was_shown(cohort: Cohort) -> str:
    """Luke was shown, visitors aged 18–29 were shown."""
    return f"{called(cohort)} {was(cohort)} shown"


def possessive(cohort: Cohort) -> str:
    """His, her or their."""
    return POSSESSIVE[cohort.pronoun]


def him(cohort: Cohort) -> str:
    """Him, her or them."""
    return OBJECT[cohort.pronoun]


def against(values: Mapping[str, float], unit: Unit, decimals: int | None = None) -> Markup:
    """Other cohorts by name and value, or the range of many: "12 % for Luke and 30 % for Tianqi"."""
    if len(values) <= MANY:
        return listing(
            [Markup("{} for {}").format(unit.write(value, decimals), name) for name, value in values.items()]
        )
    ends = [unit.write(end, decimals) for end in (min(values.values()), max(values.values()))]
    return Markup("{} to {} for the {} others").format(*ends, words(len(values)))


def shown_of(setting: Setting) -> str:
    """A sentence that says which cohorts a figure shows, where it does not show all."""
    if len(setting.followed) == len(setting.cohorts):
        return ""
    shown, all_ = words(len(setting.followed)), words(len(setting.cohorts))
    return f" Of the {all_} cohorts {shown} are shown, from the one that fares worst to the one that fares best."


def sentence(text: str) -> str:
    """The same with a capital and a full stop."""
    return headline(text) + ("" if text.endswith((".", "!", "?")) else ".")


def is_person(cohort: Cohort) -> bool:
    """Whether the cohort is called by the name of one person, and not as a group: "visitors aged 18–29"."""
    return not cohort.name[:1].islower()


def is_bare(cohort: Cohort) -> bool:
    """Whether its name is a word that does not say of whom: "few"."""
    name = cohort.name
    plural = name.endswith(("s", "men", "people"))
    return not is_person(cohort) and " " not in name and not plural and cohort.key != EVERYBODY.key


def called(cohort: Cohort) -> str:
    """How a sentence calls it: "Luke", "visitors aged 18–29"; a word that does not say of whom is marked as a name."""
    return f"the cohort “{cohort.name}”" if is_bare(cohort) else cohort.name


def is_one(cohort: Cohort) -> bool:
    """Whether what is said of it is said in the singular: not of a group."""
    return is_person(cohort) or is_bare(cohort) or cohort.key == EVERYBODY.key


def was(cohort: Cohort) -> str:
    """Was for one person by name, were for a group."""
    return "was" if is_one(cohort) else "were"


def by(cohort: Cohort) -> str:
    """Whose visits: " by customers like Luke"; nothing where nobody is told apart."""
    return "" if cohort.key == EVERYBODY.key else f" by {like(cohort)}"


def like(cohort: Cohort) -> str:
    """The people whom a cohort stands for: "customers like Luke", or what a group is called."""
    return f"customers like {cohort.name}" if is_person(cohort) else called(cohort)


def each_of(cohort: Cohort) -> str:
    """One of them, for the head of a sentence: "A customer like Luke"."""
    if is_person(cohort):
        return f"A customer like {cohort.name}"
    if cohort.key == EVERYBODY.key:
        return "The average customer"
    return f"On average, each of {'' if is_bare(cohort) else 'the '}{called(cohort)}"


def nobody_came(setting: Setting, cohort: Cohort) -> Markup:
    """Why nothing is told of a cohort."""
    like_whom = f"{'No customer' if setting.about.people else 'Nobody'} like {cohort.name}"
    who = f"Nobody of {called(cohort)}" if is_bare(cohort) else like_whom
    return Markup("{} came in any repetition, so that there is nothing to tell.").format(who)


def horizon(setting: Setting) -> str:
    """The end of a replication: "day 180", "visit 20,000"."""
    return f"{setting.about.clock} {setting.about.horizon:,}"


def span(setting: Setting, count: float | None = None) -> str:
    """A length of time: "180 days", "20,000 visits"."""
    length = setting.about.horizon if count is None else count
    if length < HALF:
        return f"less than one {setting.about.clock}"
    return counted(length, setting.about.clock)


def intervals(setting: Setting, mark: str) -> str:
    """A line that says which marks of a figure are intervals, where there are any."""
    return f" {mark} 95\N{NO-BREAK SPACE}% intervals." if setting.replications > 1 else ""


def changing(setting: Setting) -> str:
    """A sentence that says what the upright lines of a figure mark, where the world changes on known days."""
    changes, clock = setting.about.changes, setting.about.clock
    if not changes:
        return ""
    when: dict[str, list[str]] = {}
    for change in changes:
        when.setdefault(change.label, []).append(f"{clock} {change.time:,}")
    told = [
        f"{label} ({listing(times) if len(times) <= MANY else f'{len(times)} times, from {times[0]} to {times[-1]}'})"
        for label, times in when.items()
    ]
    if len(told) > MOST:
        ends = f"from {clock} {changes[0].time:,} to {clock} {changes[-1].time:,}"
        return f" Upright lines mark when the world changes, {ends}; where there is room, they say how."
    return f" Upright lines mark when the world changes: {'; '.join(told)}."


def verdict(difference: Estimate, said: Said) -> Markup:
    """Whether a paired difference could be luck, in parentheses; `said` is how it is written."""
    if not difference.has_interval:
        return Markup("(one repetition: it could be luck)")
    if not said.interval:
        return Markup("(the same in every repetition)")
    judged = "unlikely to be luck" if difference.excludes_zero else "it could be luck"
    return Markup("(95\N{NO-BREAK SPACE}% interval {}: {})").format(said.interval, judged)


def gap(setting: Setting, metric: str, difference: Estimate, ends: tuple[Estimate, Estimate] | None = None) -> Said:
    """How a difference is written: that of two shares in percentage points.

    Args:
        setting: where it was found.
        metric: what differs.
        difference: the first minus the second.
        ends: the first and the second, where they are written beside it: one more decimal is given, where the
            difference of what is written would be another.
    """
    unit = setting.unit(metric)
    share = unit.kind == "share"
    written, factor = (Unit("count"), 100.0) if share else (unit, 1.0)
    scaled = difference.times(factor)
    said = written.say(scaled)
    digits = len(re.sub(r"\D", "", said.number.partition(".")[2]))
    if ends and all(ends):
        first, second = (round(end.value * factor, digits) for end in ends)
        if not math.isclose(first - second, round(scaled.value, digits), abs_tol=1e-9):
            said = written.say(scaled, 2 if written.leads else digits + 1)
    return Said(f"{said.number} percentage points", said.interval) if share else said


def first_days(setting: Setting, cohort: Cohort) -> str:
    """The time in which early harm is counted: "his first 30 days", or "his 20 days", where there are no more."""
    return f"{possessive(cohort)} {f'first {FIRST_DAYS} days' if setting.long else span(setting)}"


def waited(setting: Setting, estimate: Estimate) -> Said:
    """A length of time and its interval, with the same decimals."""
    said = Unit("days").say(estimate)
    if said.is_zero:
        return Said(span(setting, 0), said.interval)
    return Said(f"{said.number} {setting.about.clock}{'' if said.number == '1' else 's'}", said.interval)

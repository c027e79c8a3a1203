"""The figures of the report: each has one message, which is its title, made of the numbers that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from bandits.protocol import Floats
from environments.protocol import EVERYBODY, Cohort
from experiments.reports.casting import pens
from experiments.reports.chance import chance
from experiments.reports.curves import Line, curves
from experiments.reports.drawing import PENS, Pen, to_svg
from experiments.reports.facts import Competitor, Setting
from experiments.reports.phrases import called, changing, intervals, policy, shown_of, was_shown
from experiments.reports.wording import Unit, capital, listing

SIGNAL = 0.25
SHARE = Unit("share")
WINDOWS = 10
NOBODY = 1e-9  # visits: what rounding leaves of none


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels under one message, and a line on how to read them."""

    key: str
    title: Markup
    reading: str
    panels: tuple[Markup, ...]


def recent_share(setting: Setting, label: str, cohort: str) -> tuple[Floats, Floats] | None:
    """Share of bad recommendations among the visits of the preceding tenth of the time, (P,) times and (P,) shares.

    (B(t) − B(t − T / 10)) / (N(t) − N(t − T / 10)), with straight lines between the checkpoints, whose distances
    differ; in the first tenth there is nothing before 0, so that the share is of all visits so far.
    """
    found = recent(setting, label, cohort, "bad")
    return None if found is None else (found[0], np.clip(found[1], 0.0, 1.0))


def recent(setting: Setting, label: str, cohort: str, column: str) -> tuple[Floats, Floats] | None:
    """A column a visit, among the visits of the preceding tenth of the time, (P,) times and (P,) means."""
    told, visits = setting.series(label, cohort, column), setting.series(label, cohort, "visits")
    if told is None or visits is None or len(told[0]) != len(visits[0]):
        return None
    time, before = told[0], told[0] - setting.about.horizon / WINDOWS
    knots = np.concatenate([[0.0], time])
    total, served = (
        sums - np.interp(before, knots, np.concatenate([[0.0], sums]), left=0.0) for sums in (told[1], visits[1])
    )
    kept = served > NOBODY
    if not kept.any():
        return None
    return time[kept], total[kept] / served[kept]


def described(values: Iterable[tuple[str, str]]) -> str:
    """Names and values, for those who do not see the figure."""
    return "; ".join(f"{name}: {value}" for name, value in values) + "."


def persona(setting: Setting, cohort: Cohort, key: str) -> Figure | None:
    """What a cohort saw over time: the share that was bad, and how much that came to."""
    if not setting.came(cohort) or not setting.harms:
        return None
    styles = pens(setting)
    shares = [(p.label, recent_share(setting, p.label, cohort.key)) for p in drawn_policies(setting)]
    lines = [Line(label, *found, styles.get(label)) for label, found in shares if found is not None]
    if not lines:
        return None
    panels = [
        _share_panel(
            lines, "Visits with something bad", "share of the preceding tenth of the time", setting, f"{key}-share"
        )
    ]
    total = _totals(setting, cohort)
    if total:
        unit = setting.unit("bad_per_customer")
        drawn = curves(
            "Bad recommendations so far",
            "added up, a customer",
            total,
            unit,
            clock=setting.about.clock,
            end=setting.about.horizon,
            top=1.05 * max(float(line.y.max()) for line in total) or 1.0,
            changes=setting.about.changes,
        )
        said = described((line.label, unit.write(float(line.y[-1]))) for line in total if line.pen)
        title = f"{cohort.name}: bad recommendations a customer, added up over time"
        panels.append(to_svg(drawn, f"{key}-total", title, f"By the end, {said}"))
    order = setting.ranked(setting.exposure, cohort.key)
    unit = setting.unit(setting.exposure)
    by_head = setting.exposure == "bad_per_customer"
    ends = [
        Markup("{}{} under {}").format(
            unit.say(setting.get(p, cohort.key, setting.exposure)).number,
            (" bad recommendations" if by_head else " of visits") if place == 0 else "",
            policy(p),
        )
        for place, p in enumerate(dict.fromkeys((order[-1], order[0])))
    ]
    if len(order) > 1 and unit.alike(*(setting.get(p, cohort.key, setting.exposure) for p in order)):
        number = unit.say(setting.get(order[0], cohort.key, setting.exposure)).number
        what = f"{number} bad recommendations" if by_head else f"{number} of visits"
        ends = [Markup("{} under each policy").format(what)]
    head = was_shown(cohort) if by_head else f"{called(cohort)}, shown something bad in"
    whom = "" if cohort.key == EVERYBODY.key else f"{called(cohort)} "
    reading = (
        f"Of every hundred visits in the preceding tenth of the time, how many showed {whom}something bad; "
        "in the first tenth, of all visits so far. The dashed rule is one in four. Policies without a name are grey."
    )
    if total:
        reading += f" Then the same, added up for each customer.{intervals(setting, 'Shaded are')}"
    reading += changing(setting)
    return Figure(key, Markup("{} {}").format(capital(head), listing(ends)), reading, tuple(panels))


def drawn_policies(setting: Setting) -> list[Competitor]:
    """All policies that may show something bad."""
    return [p for p in setting.policies if p.label != setting.nothing]


def _share_panel(lines: Sequence[Line], name: str, counted: str, setting: Setting, key: str) -> Markup:
    drawn = curves(
        name,
        counted,
        lines,
        SHARE,
        clock=setting.about.clock,
        end=setting.about.horizon,
        top=1.0,
        rule=SIGNAL,
        changes=setting.about.changes,
    )
    said = described((line.label, SHARE.write(float(line.y[-1]))) for line in lines if line.pen)
    return to_svg(drawn, key, f"{name}: {counted}", f"In the last tenth of the time, {said}")


def _totals(setting: Setting, cohort: Cohort) -> list[Line]:
    styles, found = pens(setting), []
    for competitor in drawn_policies(setting):
        label = competitor.label
        customers = setting.get(label, cohort.key, "customers")
        series = setting.series(label, cohort.key, "bad")
        if not customers or series is None or customers.value <= 0:
            continue
        low, high = (setting.series(label, cohort.key, f"bad_{end}") for end in ("low", "high"))
        band = None
        if low is not None and high is not None and len(low[1]) == len(high[1]) == len(series[1]):
            band = (low[1] / customers.value, high[1] / customers.value)
        found.append(Line(label, series[0], series[1] / customers.value, styles.get(label), band))
    return found


def learning(setting: Setting, key: str) -> Figure | None:
    """Under each named policy, how long each cohort waits until the policy has learnt what it wants."""
    if not setting.harms or len(setting.cohorts) < 2:  # noqa: PLR2004  one cohort is no comparison
        return None
    panels, gaps = [], {}
    names = {cohort.name: called(cohort) for cohort in setting.followed}
    for number, label in enumerate(label for label in pens(setting) if label != setting.oracle):
        lines = []
        for pen, cohort in zip(cohort_pens(setting), setting.followed, strict=True):
            found = recent_share(setting, label, cohort.key)
            if found is not None:
                lines.append(Line(cohort.name, *found, pen))
        if lines:
            panels.append(_share_panel(lines, label, "share of visits with something bad", setting, f"{key}-{number}"))
            ends = sorted((float(line.y[-1]), line.label) for line in lines)
            gaps[label] = (ends[-1], ends[0])
    if not panels:
        return None
    learn = [label for label in gaps if label in setting.contenders and label != chance(setting)]
    widest = max(learn or gaps, key=lambda label: gaps[label][0][0] - gaps[label][1][0])
    (most, worst), (least, best) = gaps[widest]
    if most - least < 0.05 or worst == best:  # noqa: PLR2004  five visits in a hundred
        title = Markup("In the last tenth of the time, no policy treated one group much worse than another")
    else:
        title = Markup(
            "What suits {} does not suit {}: in the last tenth of the time, "
            "{} showed something bad in {} of visits by {}, in {} by {}"
        ).format(
            names[best],
            names[worst],
            policy(widest),
            SHARE.write(most, 0),
            names[worst],
            SHARE.write(least, 0),
            names[best],
        )
    reading = (
        "One panel a policy, one line a group of people: a line that stays up is a group that the policy "
        "has not learnt to serve. Counted are the visits of the preceding tenth of the time; in the first tenth, all "
        f"visits so far. The dashed rule is one visit in four.{shown_of(setting)}{changing(setting)}"
    )
    return Figure(key, title, reading, tuple(panels))


def cohort_pens(setting: Setting) -> list[Pen]:
    """A pen for each cohort that figures show."""
    return list(PENS[: len(setting.followed)])

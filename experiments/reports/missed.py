"""Where nothing is declared bad, what is told is what was missed: regret, by cohort and over time."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.casting import pens
from experiments.reports.chance import beats_chance, flat
from experiments.reports.curves import Line, curves
from experiments.reports.drawing import Pen, to_svg
from experiments.reports.facts import ALL, ESTIMATED, Setting
from experiments.reports.figures import Figure, cohort_pens, described, drawn_policies, recent
from experiments.reports.phrases import MANY, against, by, called, changing, intervals, is_one, policy, shown_of, span
from experiments.reports.wording import capital, headline, listing, words

METRIC = "regret_per_visit"
APART = 0.1  # of the larger: with less between them, two cohorts fare alike
FEW = 20  # visits: of fewer, a mean says little
TENTH = "of the visits of the preceding tenth of the time"


def who_misses(setting: Setting) -> tuple[str, Markup] | None:
    """The finding: which cohort misses most, and under which policy."""
    unit = setting.unit(METRIC)
    missed = {c.key: mean for c in setting.cohorts if (mean := setting.suffering(c)) is not None}
    order = setting.ranked(METRIC)[::-1]
    if not order or not missed:
        return None
    if flat(setting):
        return "Regret cannot be told.", Markup("All actions are expected to bring the same, whatever is shown.")
    most = max((c for c in setting.cohorts if c.key in missed), key=lambda c: missed[c.key])
    others = [c for c in setting.cohorts if c.key in missed and c.key != most.key]
    digits = unit.decimals(missed[most.key])
    count = len(order)
    sentence = Markup("{}, a visit{} missed {} of what its best action was expected to bring").format(
        f"Averaged over the {words(count)} policies that could be shipped"
        if count > 1
        else Markup("Under {}").format(policy(order[0])),
        by(most),
        unit.write(missed[most.key], digits),
    )
    if others:
        sentence += Markup(", against {}").format(against({called(c): missed[c.key] for c in others}, unit, digits))
    if count > 1:
        told = [unit.say(setting.get(p, ALL, METRIC)) for p in (order[0], order[-1])]
        if unit.alike(*(setting.get(p, ALL, METRIC) for p in order)):
            sentence += Markup(". It came to the same under each policy")
        else:
            sentence += Markup(". Over all visits it was most under {}, {}, and least under {}, {}").format(
                policy(order[0]), told[0].with_noun("", first=True), policy(order[-1]), told[1]
            )
    close = [called(c) for c in others if missed[most.key] - missed[c.key] < APART * missed[most.key]]
    if not others:
        return "How much was missed.", sentence + "."
    if len(close) == len(others) or len(close) >= MANY:
        return "No cohort misses much more than another.", sentence + "."
    name = headline(listing([called(most), *close]).unescape())
    return f"{name} {'misses' if is_one(most) and not close else 'miss'} most.", sentence + "."


def altogether(setting: Setting, cohort: Cohort) -> list[Markup]:
    """What the visits of a cohort missed under the policies, and in the end."""
    unit = setting.unit(METRIC)
    order = setting.ranked(METRIC, cohort.key)[::-1]
    if not order or flat(setting):
        return []
    came = " that took place" if setting.patchy else ""
    head = Markup("Over all {} the average visit{}{} missed").format(span(setting), by(cohort), came)
    values = [setting.get(p, cohort.key, METRIC) for p in order]
    if len(order) == 1 or unit.alike(*values):
        under = policy(order[0]) if len(order) == 1 else f"each of the {words(len(order))} policies"
        return [Markup("{} {} under {}.").format(head, unit.say(values[0]), under)]
    told = [
        Markup("{} {} under {}, the most, and {} under {}, the least.").format(
            head,
            unit.say(values[0]).with_noun("", first=True),
            policy(order[0]),
            unit.say(values[-1]),
            policy(order[-1]),
        )
    ]
    late = {
        p: float(found[1][-1])
        for p in order
        if enough(setting, p, cohort) and (found := recent(setting, p, cohort.key, "regret")) is not None
    }
    if len(late) == len(order):
        best = min(late, key=lambda p: late[p])
        told.append(
            Markup("In the last tenth of the time it was least under {}: {}.").format(
                policy(best), unit.write(late[best], unit.decimals(max(late.values())))
            )
        )
    return told


def enough(setting: Setting, label: str, cohort: Cohort) -> bool:
    """Whether so many visits took place in the last tenth of the time that a mean over them says something."""
    visits = setting.series(label, cohort.key, "visits")
    if visits is None:
        return False
    before = float(np.interp(0.9 * setting.about.horizon, visits[0], visits[1]))
    return float(visits[1][-1]) - before >= FEW


def persona(setting: Setting, cohort: Cohort, key: str) -> Figure | None:
    """What a cohort missed over time: a visit, and added up."""
    if not setting.came(cohort) or setting.harms or flat(setting):
        return None
    styles, unit = pens(setting), setting.unit(METRIC)
    mark = ESTIMATED if setting.about.estimated else ""
    labels = [p.label for p in drawn_policies(setting)]
    late = [
        Line(label, *found, styles.get(label))
        for label in labels
        if (found := recent(setting, label, cohort.key, "regret")) is not None
    ]
    order = setting.ranked(METRIC, cohort.key)
    if not late or not order:
        return None
    total = [line for label in labels if (line := _total(setting, label, cohort, styles.get(label))) is not None]
    panels = []
    for lines, part, name, what, when in (
        (late, "recent", "Regret a visit", TENTH, "In the last tenth of the time"),
        (total, "total", "Regret so far", "added up", "By the end"),
    ):
        if not lines:
            continue
        heads = setting.unit("regret").heads
        drawn = curves(
            name + mark + heads[0],
            what,
            lines,
            heads[1],
            clock=setting.about.clock,
            end=setting.about.horizon,
            top=_top(lines),
            changes=setting.about.changes,
        )
        said = described((line.label, heads[1].write(float(line.y[-1]))) for line in lines if line.pen)
        panels.append(to_svg(drawn, f"{key}-{part}", f"{cohort.name}: {name.lower()}, {what}", f"{when}, {said}"))
    ends = [unit.say(setting.get(p, cohort.key, METRIC)).number for p in (order[-1], order[0])]
    title = Markup("{} missed {} a visit under {} and {} under {}").format(
        capital(called(cohort)), ends[0], policy(order[-1]), ends[1], policy(order[0])
    )
    if ends[0] == ends[1]:
        each = "each policy" if len(order) > 1 else policy(order[0])
        title = Markup("{} missed {} a visit under {}").format(capital(called(cohort)), ends[0], each)
    reading = (
        f"Expected reward missed a visit, {TENTH}; in the first tenth, of all visits so far. Then the same, added up."
        f"{intervals(setting, 'Shaded are')}"
    )
    if not all(line.pen for line in late):
        reading += " Policies without a name are grey."
    reading += changing(setting)
    return Figure(key, title, reading, tuple(panels))


def _top(lines: list[Line]) -> float:
    return 1.05 * max(float(line.y.max()) for line in lines) or 1.0


def _total(setting: Setting, label: str, cohort: Cohort, pen: Pen | None) -> Line | None:
    found = setting.series(label, cohort.key, "regret")
    if found is None:
        return None
    low, high = (setting.series(label, cohort.key, f"regret_{end}") for end in ("low", "high"))
    whole = low is not None and high is not None and len(low[1]) == len(high[1]) == len(found[1])
    band = (low[1], high[1]) if whole and low is not None and high is not None else None
    return Line(label, *found, pen, band)


def learning(setting: Setting, key: str) -> Figure | None:
    """Under each named policy, what each cohort still misses; None where there is one cohort."""
    if setting.harms or flat(setting) or len(setting.cohorts) < 2:  # noqa: PLR2004  one cohort is no comparison
        return None
    unit, names = setting.unit(METRIC), {cohort.name: called(cohort) for cohort in setting.followed}
    drawn: dict[str, list[Line]] = {}
    for label in pens(setting):
        found = {c.name: recent(setting, label, c.key, "regret") for c in setting.followed}
        lines = [
            Line(name, *ends, pen)
            for (name, ends), pen in zip(found.items(), cohort_pens(setting), strict=True)
            if ends is not None
        ]
        if lines and label != setting.oracle:
            drawn[label] = lines
    if not drawn:
        return None
    top = _top([line for lines in drawn.values() for line in lines])
    panels, gaps = [], {}
    mark = ESTIMATED if setting.about.estimated else ""
    for number, (label, lines) in enumerate(drawn.items()):
        subtitle = "regret a visit" + mark + unit.heads[0]
        panel = curves(
            label,
            subtitle,
            lines,
            unit.heads[1],
            clock=setting.about.clock,
            end=setting.about.horizon,
            top=top,
            changes=setting.about.changes,
        )
        ends = sorted((float(line.y[-1]), line.label) for line in lines)
        said = described((line.label, unit.write(float(line.y[-1]))) for line in lines)
        panels.append(
            to_svg(panel, f"{key}-{number}", f"{label}: {subtitle}", f"In the last tenth of the time, {said}")
        )
        gaps[label] = (ends[-1], ends[0])
    learn = [label for label in gaps if label in setting.contenders and beats_chance(setting, label)]
    widest = max(learn or gaps, key=lambda label: gaps[label][0][0] - gaps[label][1][0])
    (most, worst), (least, best) = gaps[widest]
    if not all(enough(setting, label, cohort) for label in drawn for cohort in setting.followed):
        title = Markup("What each group missed under each policy; of some, few visits came in the last tenth")
    elif not learn:
        title = Markup("What each group missed under each policy; no policy did clearly better than at random")
    elif unit.write(most) == unit.write(least) or most - least < APART * top:
        title = Markup("In the last tenth of the time, no policy served one group much worse than another")
    else:
        title = Markup(
            "What suits {} does not suit {}: in the last tenth of the time, {} missed {} a visit by {}, {} by {}"
        ).format(
            names[best],
            names[worst],
            policy(widest),
            unit.write(most),
            names[worst],
            unit.write(least),
            names[best],
        )
    reading = (
        "One panel a policy, one line a group of people: a line that stays up is a group that the policy has not "
        f"learnt to serve. Counted is regret a visit, {TENTH}; in the first tenth, of all visits so far."
        f"{shown_of(setting)}{changing(setting)}"
    )
    return Figure(key, title, reading, tuple(panels))

"""The figures of the report: each has one message, which is its title, made of the numbers that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from bandits.protocol import Floats
from environments.protocol import Cohort
from experiments.casting import pens
from experiments.drawing import PENS, Pen, to_svg
from experiments.facts import ALL, Setting, Story
from experiments.panels import Dot, Line, Row, bars, curves, scatter
from experiments.phrases import horizon, like, policy, quoted, was
from experiments.wording import Estimate, Unit, capital, listing

SIGNAL = 0.25
SHARE = Unit("share")


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels under one message, and a line on how to read them."""

    key: str
    title: Markup
    reading: str
    panels: tuple[Markup, ...]


def recent_share(setting: Setting, label: str, cohort: str) -> tuple[Floats, Floats] | None:
    """Share of bad recommendations among the visits of the preceding tenth of the time, (P,) times and (P,) shares."""
    bad, visits = setting.series(label, cohort, "bad"), setting.series(label, cohort, "visits")
    if bad is None or visits is None or len(bad[0]) != len(visits[0]):
        return None
    window = max(1, len(bad[0]) // 10)
    behind = [np.concatenate([np.zeros(window), values])[: len(values)] for values in (bad[1], visits[1])]
    served = visits[1] - behind[1]
    kept = served > 0
    if not kept.any():
        return None
    return bad[0][kept], (bad[1] - behind[0])[kept] / served[kept]


def _described(values: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in values) + "."


def persona(setting: Setting, cohort: Cohort, key: str) -> Figure | None:
    """What a cohort saw over time: the share that was bad, and how much that came to."""
    styles = pens(setting)
    shares = [(p.label, recent_share(setting, p.label, cohort.key)) for p in _drawn(setting)]
    lines = [Line(label, *found, styles.get(label)) for label, found in shares if found is not None]
    if not lines:
        return None
    panels = [_share_panel(lines, cohort.name, setting, f"{key}-share")]
    total = _totals(setting, cohort)
    if total:
        unit = setting.unit("bad_per_customer")
        drawn = curves(
            cohort.name,
            "bad recommendations so far, a customer",
            total,
            unit,
            clock=setting.about.clock,
            end=setting.about.horizon,
            top=1.05 * max(float(line.y.max()) for line in total),
        )
        said = _described((line.label, unit.write(float(line.y[-1]))) for line in total if line.pen)
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
    head = f"{cohort.name} {was(cohort)} shown" if by_head else f"{cohort.name}, shown something bad in"
    reading = (
        f"Left: of every hundred visits in the preceding tenth of the time, how many showed {cohort.name} something bad; "
        "the dashed rule is one in four."
    )
    if total:
        reading += " Right: the same, added up for each customer; the shading is the 95\N{NO-BREAK SPACE}% interval."
    return Figure(key, Markup("{} {}").format(capital(head), listing(ends)), reading, tuple(panels))


def _drawn(setting: Setting):  # type: ignore[no-untyped-def]
    return [p for p in setting.policies if p.label != setting.nothing]


def _share_panel(lines: Sequence[Line], name: str, setting: Setting, key: str) -> Markup:
    drawn = curves(
        name,
        "share of visits with a bad recommendation",
        lines,
        SHARE,
        clock=setting.about.clock,
        end=setting.about.horizon,
        top=1.0,
        rule=SIGNAL,
    )
    said = _described((line.label, SHARE.write(float(line.y[-1]))) for line in lines if line.pen)
    return to_svg(
        drawn, key, f"{name}: share of visits with a bad recommendation, over time", f"In the last tenth, {said}"
    )


def _totals(setting: Setting, cohort: Cohort) -> list[Line]:
    styles, found = pens(setting), []
    for competitor in _drawn(setting):
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
    panels, gaps = [], {}
    for number, label in enumerate(label for label in pens(setting) if label != setting.oracle):
        lines = []
        for pen, cohort in zip(_cohort_pens(setting), setting.cohorts, strict=True):
            found = recent_share(setting, label, cohort.key)
            if found is not None:
                lines.append(Line(cohort.name, *found, pen))
        if lines:
            panels.append(_share_panel(lines, label, setting, f"{key}-{number}"))
            ends = sorted((float(line.y[-1]), line.label) for line in lines)
            gaps[label] = (ends[-1], ends[0])
    if not panels:
        return None
    widest = max(gaps, key=lambda label: gaps[label][0][0] - gaps[label][1][0])
    (most, worst), (least, best) = gaps[widest]
    if most - least < 0.05 or worst == best:  # noqa: PLR2004  five visits in a hundred
        title = Markup("In the end, no policy treats one group much worse than another")
    else:
        title = Markup(
            "What suits {} does not suit {}: in the end, {} still showed something bad in {} of visits by {}, in {} by {}"
        ).format(best, worst, policy(widest), SHARE.write(most, 0), worst, SHARE.write(least, 0), best)
    reading = (
        "One panel a policy, one line a group of customers: a line that stays up is a group that the policy "
        "has not learnt to serve. The dashed rule is one visit in four."
    )
    return Figure(key, title, reading, tuple(panels))


def _cohort_pens(setting: Setting) -> list[Pen]:
    return [PENS[i % len(PENS)] for i in range(len(setting.cohorts))]


def tradeoff(setting: Setting, key: str) -> Figure | None:
    """Regret against exposure, for each cohort."""
    styles, panels = pens(setting), []
    measures = (setting.exposure, "regret_per_visit")
    units = (setting.unit(measures[0]), setting.unit(measures[1]))
    across = "bad recommendations a customer" if setting.about.people else "share of visits with a bad recommendation"
    for cohort in setting.cohorts:
        dots = [
            Dot(
                p.label,
                setting.get(p.label, cohort.key, measures[0]),
                setting.get(p.label, cohort.key, measures[1]),
                styles.get(p.label),
            )
            for p in _drawn(setting)
        ]
        dots = [dot for dot in dots if dot.x and dot.y]
        if len(dots) < 2:  # noqa: PLR2004  one point is no comparison
            continue
        drawn = scatter(cohort.name, across, "regret a visit", dots, units)
        said = _described((d.label, f"{units[0].say(d.x)} and {units[1].say(d.y)}") for d in dots if d.pen)
        title = f"{cohort.name}: regret a visit against {across}"
        panels.append(to_svg(drawn, f"{key}-{cohort.key}", title, f"{capital(across)} and regret a visit: {said}"))
    if not panels:
        return None
    sufferer = setting.sufferer
    regrets, harms = setting.ranked("regret_per_visit"), setting.ranked(setting.exposure, sufferer.key)
    if regrets[0] == harms[0]:
        title = Markup("The policy with the least regret, {}, is also the one that spares {} most").format(
            policy(regrets[0]), sufferer.name
        )
    else:
        title = Markup("Least regret is not least harm: {} regrets least, {} spares {} most").format(
            policy(regrets[0]), policy(harms[0]), sufferer.name
        )
    reading = "Each point is a policy; the nearer to the lower left corner, the better for both. Lines are 95\N{NO-BREAK SPACE}% intervals."
    return Figure(key, title, reading, tuple(panels))


def leaving(setting: Setting, key: str) -> Figure | None:
    """Who leaves, under each policy, and when nothing is shown."""
    if not setting.has("churn"):
        return None
    styles, panels = pens(setting), []
    order = [p for p in setting.ranked("churn", ALL, [c.label for c in setting.policies]) if p != setting.nothing][::-1]
    extra: list[tuple[float, Cohort, str]] = []
    for cohort in setting.cohorts:
        rows = [Row(p, setting.get(p, cohort.key, "churn"), styles.get(p)) for p in order]
        rows = [row for row in rows if row.estimate]
        if not rows:
            continue
        quiet = setting.get(setting.nothing or "", cohort.key, "churn")
        reference = ("nothing shown", quiet.value) if quiet else None
        drawn = bars(cohort.name, f"left for good by {horizon(setting)}", rows, SHARE, reference=reference)
        said = _described((row.label, str(SHARE.say(row.estimate))) for row in rows)
        compared = f"When nothing is shown, {SHARE.say(quiet)}. " if quiet else ""
        panels.append(
            to_svg(drawn, f"{key}-{cohort.key}", f"{cohort.name}: share who left, by policy", compared + said)
        )
        shipped = [row for row in rows if row.label in setting.contenders]
        extra += [(row.estimate.value - (quiet.value if quiet else 0), cohort, row.label) for row in shipped]
    if not extra:
        return None
    _, cohort, label = max(extra, key=lambda e: e[0])
    title = Markup("{} of {} are gone by {} under {}").format(
        SHARE.write(setting.get(label, cohort.key, "churn").value, 0), like(cohort), horizon(setting), policy(label)
    )
    quiet = setting.get(setting.nothing or "", cohort.key, "churn")
    if quiet:
        title += Markup(", {} when nothing is shown").format(SHARE.write(quiet.value, 0))
    return Figure(key, title, "The thin line on each bar is its 95\N{NO-BREAK SPACE}% interval.", tuple(panels))


OBJECTIVE_MEASURES = (
    ("basket", "sold a visit"),
    ("return_rate", "of what was bought was sent back"),
    ("churn", "of the customers left"),
    ("value_per_customer", "margin a customer"),
)


def objectives(story: Story, label: str, key: str) -> Figure | None:
    """One policy under each objective: basket, returns, churn and money."""
    settings = [s for s in story.settings if any(p.label == label for p in s.policies)]
    panels = []
    for metric, subtitle in OBJECTIVE_MEASURES:
        rows = [Row(story.name(s), s.get(label, ALL, metric), PENS[1]) for s in settings]
        rows = [row for row in rows if row.estimate]
        if len(rows) < 2:  # noqa: PLR2004  one bar is no comparison
            continue
        unit = story.main.unit(metric)
        quiet = Estimate()
        if story.main.nothing and metric in {"churn", "value_per_customer"}:
            quiet = story.main.get(story.main.nothing, ALL, metric)
        heads = {"basket": "Basket", "return_rate": "Returns", "churn": "Customers lost", "value_per_customer": "Money"}
        drawn = bars(heads[metric], subtitle, rows, unit, reference=("nothing shown", quiet.value) if quiet else None)
        said = _described((row.label, str(unit.say(row.estimate))) for row in rows)
        panels.append(to_svg(drawn, f"{key}-{metric}", f"{heads[metric]} under each objective: {subtitle}", said))
    if not panels:
        return None
    churn = [(s.get(label, ALL, "churn").value, story.name(s)) for s in settings if s.get(label, ALL, "churn")]
    if len(churn) > 1:
        (least, best), (most, worst) = min(churn), max(churn)
        title = Markup("{} loses the most customers, {}; {} the fewest, {}").format(
            capital(quoted(worst)), SHARE.write(most), quoted(best), SHARE.write(least)
        )
    else:
        title = Markup("What each objective bought, and what it cost")
    return Figure(
        key,
        title,
        f"All customers, under the policy “{label}”. Thin lines are 95\N{NO-BREAK SPACE}% intervals.",
        tuple(panels),
    )

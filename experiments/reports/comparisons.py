"""The figures that set policies, and objectives, side by side: regret and exposure, who leaves, what it bought."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.bars import Row, bars
from experiments.reports.casting import pens
from experiments.reports.chance import flat
from experiments.reports.drawing import PENS, to_svg
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.figures import SHARE, Figure, described, drawn_policies
from experiments.reports.phrases import called, horizon, intervals, like, policy, quoted, shown_of
from experiments.reports.points import Dot, scatter
from experiments.reports.wording import Estimate, capital, listing


def tradeoff(setting: Setting, key: str) -> Figure | None:
    """Regret against exposure, for each cohort; None where nothing is declared bad, or nothing can be missed."""
    if not setting.harms or flat(setting):
        return None
    styles, panels = pens(setting), []
    unharmed: list[str] = []
    measures = (setting.exposure, "regret_per_visit")
    units = (setting.unit(measures[0]), setting.unit(measures[1]))
    across = "bad recommendations a customer" if setting.about.people else "share of visits with a bad recommendation"
    for number, cohort in enumerate(setting.followed):
        dots = [
            Dot(
                p.label,
                setting.get(p.label, cohort.key, measures[0]),
                setting.get(p.label, cohort.key, measures[1]),
                styles.get(p.label),
            )
            for p in drawn_policies(setting)
        ]
        dots = [dot for dot in dots if dot.x and dot.y]
        if len(dots) < 2:  # noqa: PLR2004  one point is no comparison
            continue
        if not any(dot.x.value for dot in dots):
            unharmed.append(called(cohort))
            continue
        drawn = scatter(cohort.name, across, setting.marked("regret_per_visit", "regret a visit"), dots, units)
        said = described((d.label, f"{units[0].say(d.x)} and {units[1].say(d.y)}") for d in dots if d.pen)
        title = f"{cohort.name}: regret a visit against {across}"
        panels.append(to_svg(drawn, f"{key}-{number}", title, f"{capital(across)} and regret a visit: {said}"))
    if not panels:
        return None
    sufferer = setting.sufferer
    regrets, harms = setting.ranked("regret_per_visit"), setting.ranked(setting.exposure, sufferer.key)
    least, spared = (setting.get(p[0], sufferer.key, setting.exposure) for p in (regrets, harms))
    if regrets[0] == harms[0] or setting.unit(setting.exposure).alike(least, spared):
        title = Markup("The policy with the least regret, {}, also spares {} most").format(
            policy(regrets[0]), called(sufferer)
        )
    else:
        title = Markup("Least regret is not least harm: {} regrets least, {} spares {} most").format(
            policy(regrets[0]), policy(harms[0]), called(sufferer)
        )
    reading = (
        "Each point is a policy; the nearer to the lower left corner, the better for both. "
        "Policies without a name are grey."
    ) + intervals(setting, "Lines are")
    reading += shown_of(setting)
    if unharmed:
        reading += f" Without a panel: {listing(unharmed)}, shown nothing bad by any policy."
    return Figure(key, title, reading, tuple(panels))


def leaving(setting: Setting, key: str) -> Figure | None:
    """Who leaves, under each policy, and when nothing is shown."""
    if not setting.has("churn"):
        return None
    styles, panels = pens(setting), []
    order = [p for p in setting.ranked("churn", ALL, [c.label for c in setting.policies]) if p != setting.nothing][::-1]
    extra: list[tuple[float, Cohort, str]] = []
    for number, cohort in enumerate(setting.followed):
        rows = [Row(p, setting.get(p, cohort.key, "churn"), styles.get(p)) for p in order]
        rows = [row for row in rows if row.estimate]
        if not rows:
            continue
        quiet = setting.get(setting.nothing or "", cohort.key, "churn")
        reference = ("nothing shown", quiet.value) if quiet else None
        drawn = bars(cohort.name, f"left for good by {horizon(setting)}", rows, SHARE, reference=reference)
        said = described((row.label, str(SHARE.say(row.estimate))) for row in rows)
        compared = f"When nothing is shown, {SHARE.say(quiet)}. " if quiet else ""
        panels.append(to_svg(drawn, f"{key}-{number}", f"{cohort.name}: share who left, by policy", compared + said))
        shipped = [row for row in rows if row.label in setting.contenders]
        extra += [(row.estimate.value - (quiet.value if quiet else 0), cohort, row.label) for row in shipped]
    if not extra:
        return None
    _, cohort, label = max(extra, key=lambda e: e[0])
    title = Markup("{} of {} are gone by {} under {}").format(
        (gone := SHARE.write(setting.get(label, cohort.key, "churn").value, 0)),
        like(cohort),
        horizon(setting),
        policy(label),
    )
    quiet = setting.get(setting.nothing or "", cohort.key, "churn")
    if quiet and SHARE.write(quiet.value, 0) == gone:
        title += Markup(", as when nothing is shown")
    elif quiet:
        title += Markup(", {} when nothing is shown").format(SHARE.write(quiet.value, 0))
    reading = f"The share of each group who left for good.{intervals(setting, 'Thin lines on the bars are')}"
    if setting.nothing:
        reading += " The upright marks show how many left when nothing was shown."
    return Figure(key, title, reading + shown_of(setting), tuple(panels))


OBJECTIVE_MEASURES = (
    ("basket", "Basket", "sold a visit"),
    ("return_rate", "Return rate", "of what was bought was sent back"),
    ("returns_per_visit", "Returns", "of the visits ended in a return"),
    ("churn", "Customers lost", "of the customers left"),
    ("value_per_customer", "Money", "margin a customer"),
)


def objectives(story: Story, label: str, key: str) -> Figure | None:
    """One policy under each objective: basket, returns of what was bought and of visits, churn and money."""
    settings = [s for s in story.settings if any(p.label == label for p in s.policies)]
    panels = []
    for metric, head, subtitle in OBJECTIVE_MEASURES:
        rows = [Row(story.name(s), s.get(label, ALL, metric), PENS[1]) for s in settings]
        rows = [row for row in rows if row.estimate]
        if len(rows) < 2:  # noqa: PLR2004  one bar is no comparison
            continue
        unit = story.main.unit(metric)
        quiet = Estimate()
        if story.quiet and metric in {"churn", "value_per_customer"}:
            quiet = story.quiet.get(story.quiet.nothing or "", ALL, metric)
        drawn = bars(head, subtitle, rows, unit, reference=("nothing shown", quiet.value) if quiet else None)
        said = described((row.label, str(unit.say(row.estimate))) for row in rows)
        panels.append(to_svg(drawn, f"{key}-{metric}", f"{head} under each objective: {subtitle}", said))
    if not panels:
        return None
    return Figure(
        key,
        _who_loses(story, settings, label),
        f"All customers, under the policy “{label}”.{intervals(story.main, 'Thin lines on the bars are')}",
        tuple(panels),
    )


def _who_loses(story: Story, settings: Sequence[Setting], label: str) -> Markup:
    churn = [(found, story.name(s)) for s in settings if (found := s.get(label, ALL, "churn"))]
    if len(churn) < 2:  # noqa: PLR2004  one objective is no comparison
        return Markup("What each objective bought, and what it cost")
    (least, best), (most, worst) = (pick(churn, key=lambda pair: pair[0].value) for pick in (min, max))
    if SHARE.alike(least, most):
        return Markup("Each objective loses the same share of the customers, {}").format(SHARE.write(most.value))
    if least.overlaps(most):
        return Markup("No clear difference in how many customers the objectives lose: {} to {}").format(
            SHARE.write(least.value), SHARE.write(most.value)
        )
    shared = [sum(SHARE.unclear(found, end) for found, _ in churn) > 1 for end in (least, most)]
    if any(shared):
        return Markup("{} loses more customers than {}: {} against {}").format(
            capital(quoted(worst)), quoted(best), SHARE.write(most.value), SHARE.write(least.value)
        )
    return Markup("{} loses the most customers, {}; {} the fewest, {}").format(
        capital(quoted(worst)), SHARE.write(most.value), quoted(best), SHARE.write(least.value)
    )

"""What each objective bought and what it cost, under one and the same policy."""

from __future__ import annotations

from markupsafe import Markup

from experiments.reports.definitions import METRICS
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.phrases import verdict
from experiments.reports.wording import Unit, listing

SHARE = Unit("share")
# a metric; what to call the best and the worst, alone and where intervals overlap
BARGAINS = (
    ("basket", "the largest basket", "as large a basket as any", "the smallest basket", "as small a basket as any"),
    (
        "return_rate",
        "the lowest return rate",
        "as low a return rate as any",
        "the highest return rate",
        "as high a return rate as any",
    ),
    (
        "returns_per_visit",
        "the fewest visits that ended in a return",
        "as few visits that ended in a return as any",
        "the most visits that ended in a return",
        "as many visits that ended in a return as any",
    ),
    (
        "churn",
        "the fewest customers lost",
        "as few customers lost as any",
        "the most customers lost",
        "as many customers lost as any",
    ),
    (
        "value_per_customer",
        "the most money a customer",
        "as much money a customer as any",
        "the least money a customer",
        "as little money a customer as any",
    ),
)


def bought(story: Story, label: str) -> list[tuple[str, Markup]]:
    """What each objective bought and what it cost, under one policy: (objective, sentences)."""
    settings = [s for s in story.settings if any(p.label == label for p in s.policies)]
    told: list[tuple[Setting, list[str], list[str]]] = []
    clear = False
    for setting in settings:
        gains: list[str] = []
        costs: list[str] = []
        for metric, best, best_shared, worst, worst_shared in BARGAINS:
            values = {s.label: found for s in settings if (found := s.get(label, ALL, metric))}
            if setting.label not in values or len(values) < 2:  # noqa: PLR2004  one objective is no comparison
                continue
            unit = setting.unit(metric)
            number = unit.say(values[setting.label]).number
            lowest, highest = (pick(values.values(), key=lambda e: e.value) for pick in (min, max))
            if unit.unclear(lowest, highest):
                continue
            clear = True
            sign = 1 if METRICS[metric].better == "high" else -1
            for ends, name, shared, wanted in ((gains, best, best_shared, sign), (costs, worst, worst_shared, -sign)):
                first = max(values, key=lambda key: wanted * values[key].value)
                rivals = [
                    key for key in values if key != setting.label and unit.unclear(values[key], values[setting.label])
                ]
                if first == setting.label and not rivals:
                    ends.append(f"{name} ({number})")
                elif first == setting.label or first in rivals:
                    ends.append(f"{shared} ({number})")
        told.append((setting, gains, costs))
    return [
        (story.name(setting), _bargain(story, setting, label, gains, costs, clear)) for setting, gains, costs in told
    ]


def _bargain(story: Story, setting: Setting, label: str, gains: list[str], costs: list[str], clear: bool) -> Markup:
    if gains and costs:
        sentence = Markup("It bought {}, and paid with {}.").format(listing(gains), listing(costs))
    elif gains:
        sentence = Markup("It bought {}, and is the worst in none of these measures.").format(listing(gains))
    elif costs:
        sentence = Markup("It is the best in none of these measures, and paid with {}.").format(listing(costs))
    elif not clear:
        sentence = Markup("No clear difference from the others in any of these measures.")
    else:
        sentence = Markup("It is neither the best nor the worst in any of these measures.")
    if setting.nothing is not None:
        more = setting.difference(label, setting.nothing, ALL, "churn")
        if more:
            said = Unit("count").say(more.times(100 if more.value >= 0 else -100))
            if said.is_zero:
                sentence += Markup(" As many customers left as when nothing was shown {}.").format(verdict(more, said))
            else:
                sentence += Markup(" Of every hundred customers, {} {} left than when nothing was shown {}.").format(
                    said.number, "more" if more.value >= 0 else "fewer", verdict(more, said)
                )
    elif story.quiet is not None and (own := setting.get(label, ALL, "churn")):
        quiet = story.quiet.get(story.quiet.nothing or "", ALL, "churn")
        if SHARE.alike(quiet, own):
            sentence += Markup(" As many customers left as where nothing was shown: {}.").format(SHARE.say(own))
        else:
            sentence += Markup(" Where nothing was shown, {} of the customers left; here {}.").format(
                SHARE.say(quiet), SHARE.say(own)
            )
    return sentence

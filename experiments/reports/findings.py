"""What was found, in a few sentences: who suffers most, what is best for whom, and whether luck could explain it."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.phrases import gap, is_person, like, policy, possessive, quoted, span, verdict, was
from experiments.reports.wording import Unit, capital, headline, listing, words

SHARE = Unit("share")
NARROW = 0.01  # a lead of less than one visit in a hundred is shared
SILENT = 0.999  # of the visits without a recommendation: such a policy shows nothing, whatever it is called


def findings(story: Story) -> list[tuple[str, Markup]]:
    """(heading, sentences) on the main setting of a story, and on what its objectives did."""
    setting = story.main
    makers = (_suffers, _business, _spared, _early, _leaves)
    told = [found for maker in makers if (found := maker(setting)) is not None]
    rewarded = _objectives(story)
    return [*told, rewarded] if rewarded is not None else told


def _aside(setting: Setting) -> Markup:
    """That the marks, which nobody would ship, are not counted among the policies."""
    marks = [policy(label) for label in setting.marks if label not in setting.contenders]
    return Markup(" other than {}").format(listing(marks)) if marks else Markup("")


def _suffers(setting: Setting) -> tuple[str, Markup] | None:
    exposure = {
        cohort.key: float(np.mean(seen))
        for cohort in setting.cohorts
        if (seen := [e.value for p in setting.contenders if (e := setting.get(p, cohort.key, "bad_per_visit"))])
    }
    sufferer = setting.sufferer
    order = setting.ranked("bad_per_visit", sufferer.key)[::-1]
    if not order or not exposure[sufferer.key]:
        return None
    count = len(setting.contenders)
    whole = (
        Markup("Averaged over the {} policies{}, {}").format(
            words(count), _aside(setting), SHARE.write(exposure[sufferer.key])
        )
        if (count > 1)
        else Markup("Under {}, {}").format(policy(order[0]), SHARE.write(exposure[sufferer.key]))
    )
    sentence = whole + Markup(" of the visits by {} showed them something bad").format(like(sufferer))
    others = [c for c in setting.cohorts if c.key != sufferer.key and c.key in exposure]
    if others:
        sentence += Markup(", against {}").format(
            listing([Markup("{} for {}").format(SHARE.write(exposure[c.key]), c.name) for c in others])
        )
    sentence += Markup(". It was worst under {}: {}").format(
        policy(order[0]), SHARE.say(setting.get(order[0], sufferer.key, "bad_per_visit")).with_noun("", first=True)
    )
    total = setting.get(order[0], sufferer.key, "bad_per_customer")
    if total:
        sentence += Markup(", or {} bad recommendations a customer in {}").format(
            setting.unit("bad_per_customer").say(total).number, span(setting)
        )
    close = [c.name for c in others if exposure[sufferer.key] - exposure[c.key] < NARROW]
    name = headline(listing([sufferer.name, *close]).unescape())
    verb = "suffers" if is_person(sufferer) and not close else "suffer"
    return f"{name} {verb} most.", sentence + "."


def _business(setting: Setting) -> tuple[str, Markup] | None:
    metric = setting.business
    order = setting.ranked(metric)
    if not order:
        return None
    unit = setting.unit(metric)
    head, each = ("a customer was worth", "") if metric == "value_per_customer" else ("a visit earned", "")
    sentence = Markup("Under {} {} most: {}").format(
        policy(order[0]), head, unit.say(setting.get(order[0], ALL, metric)).with_noun(each, first=True)
    )
    if len(order) > 1:
        less = setting.difference(order[0], order[1], ALL, metric)
        if less:
            sentence += Markup(". Under the next, {}, it was {} less {}").format(
                policy(order[1]), gap(setting, metric, less).number, verdict(setting, metric, less)
            )
    ideal = setting.get(setting.oracle or "", ALL, metric)
    if ideal:
        sentence += Markup(
            ". For comparison, under {}, which is told what to expect of every recommendation, it was {}"
        ).format(policy(setting.oracle or ""), unit.say(ideal).number)
    return f"What {_best(setting)}.", sentence + "."


def _best(setting: Setting) -> str:
    return "is best for the business" if setting.about.currency else "earns most"


def _speaks(setting: Setting, label: str) -> bool:
    visits, nothing = setting.get(label, ALL, "visits"), setting.get(label, ALL, "nothing")
    return not (visits and nothing) or nothing.value < SILENT * visits.value


def _spared(setting: Setting) -> tuple[str, Markup] | None:
    sufferer, metric = setting.sufferer, setting.exposure
    order = [p for p in setting.ranked(metric, sufferer.key) if _speaks(setting, p)]
    if len(order) < 2:  # noqa: PLR2004  one policy is no choice
        return None
    best, worst, unit = order[0], order[-1], setting.unit(metric)
    what = "bad recommendations a customer" if metric == "bad_per_customer" else "of the visits with something bad"
    sentence = Markup("{} {} spared most under {}: {}, where it was {} under {}").format(
        capital(sufferer.name),
        was(sufferer),
        policy(best),
        unit.say(setting.get(best, sufferer.key, metric)).with_noun(what, first=True),
        unit.say(setting.get(worst, sufferer.key, metric)).number,
        policy(worst),
    )
    if worst != order[1]:
        more = setting.difference(order[1], best, sufferer.key, metric)
        if more:
            sentence += Markup(". The next best, {}, showed {} more {}").format(
                policy(order[1]), gap(setting, metric, more).number, verdict(setting, metric, more)
            )
    earner = (setting.ranked(setting.business) or [best])[0]
    if earner == best:
        sentence += Markup(". It is also what {}: nobody has to choose").format(_best(setting))
    else:
        cost = setting.difference(earner, best, ALL, setting.business)
        each = "a customer" if setting.business == "value_per_customer" else "a visit"
        if cost:
            sentence += Markup(". Preferring it to {} costs {}{} {} {}").format(
                policy(earner),
                "the business " if setting.about.currency else "",
                gap(setting, setting.business, cost).number,
                each,
                verdict(setting, setting.business, cost),
            )
    return f"What is best for {sufferer.name}.", sentence + "."


def _early(setting: Setting) -> tuple[str, Markup] | None:
    sufferer, days = setting.sufferer, 30
    order = [p for p in setting.ranked("bad_per_customer", sufferer.key) if _speaks(setting, p)]
    if not order or setting.about.clock != "day" or setting.about.horizon <= days:
        return None
    first, total = (setting.get(order[0], sufferer.key, m) for m in ("bad_first_30_days", "bad_per_customer"))
    if not first or not total or total.value <= 0 or first.value / total.value < 1.5 * days / setting.about.horizon:
        return None
    unit = setting.unit("bad_per_customer")
    sentence = Markup(
        "Even under {}, {} of the {} bad recommendations that {} was shown in {} came in {} first 30 days: "
        "those who come first pay for what the policy learns."
    ).format(
        policy(order[0]),
        unit.write(first.value),
        unit.write(total.value),
        sufferer.name,
        span(setting),
        possessive(sufferer),
    )
    return "The harm comes early.", sentence


def _leaves(setting: Setting) -> tuple[str, Markup] | None:
    if setting.nothing is None or not setting.get(setting.nothing, ALL, "churn"):
        return None
    more = {p: setting.difference(p, setting.nothing, ALL, "churn") for p in setting.contenders}
    more = {p: d for p, d in more.items() if d}
    if not more:
        return None
    beyond = [p for p, d in more.items() if d.excludes_zero and d.value > 0]
    fewer = [p for p, d in more.items() if d.excludes_zero and d.value < 0]
    quiet = SHARE.say(setting.get(setting.nothing, ALL, "churn"))
    worst = max(more, key=lambda p: more[p].value)
    sentence = Markup("When nothing was shown, {} of the customers left. ").format(quiet)
    if any(d.has_interval for d in more.values()):
        sentence += Markup(
            "Under {} of the {} policies more left than that, beyond the interval, and under {} fewer. "
        ).format(
            words(len(beyond)).replace("no", "none", 1), words(len(more)), words(len(fewer)).replace("no", "none", 1)
        )
    sentence += Markup("The most left under {}: {}.").format(policy(worst), SHARE.say(setting.get(worst, ALL, "churn")))
    return "Who leaves.", sentence


def _objectives(story: Story) -> tuple[str, Markup] | None:
    if not story.shared:
        return None
    label = story.shared[0]
    churn = {s.label: (s, found) for s in story.settings if (found := s.get(label, ALL, "churn"))}
    if len(churn) < 2:  # noqa: PLR2004  one objective is no comparison
        return None
    (worst, most), (best, least) = (pick(churn.values(), key=lambda pair: pair[1].value) for pick in (max, min))
    sentence = Markup(
        "The same policy, {}, lost {} of the customers when it was rewarded for {}, and {} when it was rewarded for {}"
    ).format(policy(label), SHARE.say(most), quoted(story.name(worst)), SHARE.say(least), quoted(story.name(best)))
    return "What a policy is rewarded for matters.", sentence + "."

"""What was found, in a few sentences: who suffers most, what is best for whom, and whether luck could explain it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from experiments.reports.chance import beats_chance
from experiments.reports.facts import ALL, FIRST_DAYS, Setting, Story
from experiments.reports.missed import who_misses
from experiments.reports.phrases import against, by, called, gap, is_one, policy, possessive, quoted, span, verdict, was
from experiments.reports.wording import Estimate, Unit, capital, headline, listing, words

SHARE = Unit("share")
NARROW = 0.01  # a lead of less than one visit in a hundred is shared
SILENT = 0.999  # of the visits without a recommendation: such a policy shows nothing, whatever it is called


def findings(story: Story) -> list[tuple[str, Markup]]:
    """(heading, sentences) on the main setting of a story, and on what its objectives did."""
    setting = story.main
    makers = (_suffers if setting.harms else who_misses, _business, _spared, _early, _leaves)
    told = [found for maker in makers if (found := maker(setting)) is not None]
    rewarded = _objectives(story)
    return [*told, rewarded] if rewarded is not None else told


def _aside(setting: Setting) -> Markup:
    """That the marks, which nobody would ship, are not counted among the policies."""
    marks = [policy(label) for label in setting.marks if label not in setting.contenders]
    return Markup(" other than {}").format(listing(marks)) if marks else Markup("")


def _suffers(setting: Setting) -> tuple[str, Markup] | None:
    exposure = {c.key: mean for c in setting.cohorts if (mean := setting.suffering(c)) is not None}
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
    shown = Markup(" of the visits{} showed {}something bad")
    sentence = whole + shown.format(by(sufferer), "them " if by(sufferer) else "")
    others = [c for c in setting.cohorts if c.key != sufferer.key and c.key in exposure]
    if others:
        sentence += Markup(", against {}").format(against({called(c): exposure[c.key] for c in others}, SHARE))
    measured = [setting.get(p, sufferer.key, "bad_per_visit") for p in order]
    same = len(order) > 1 and SHARE.alike(*measured)
    sentence += Markup(". It was {} under {}: {}").format(
        "the same" if same else "worst",
        "each" if same else policy(order[0]),
        SHARE.say(setting.get(order[0], sufferer.key, "bad_per_visit")).with_noun("", first=True),
    )
    total = setting.get(order[0], sufferer.key, "bad_per_customer")
    if total:
        sentence += Markup(", or {} bad recommendations a customer in {}").format(
            setting.unit("bad_per_customer").say(total).number, span(setting)
        )
    close = [called(c) for c in others if exposure[sufferer.key] - exposure[c.key] < NARROW]
    name = headline(listing([called(sufferer), *close]).unescape())
    verb = "suffers" if is_one(sufferer) and not close else "suffer"
    return f"{name} {verb} most." if others else "How much was bad.", sentence + "."


def _business(setting: Setting) -> tuple[str, Markup] | None:
    metric = setting.business
    order = setting.ranked(metric)
    if not order:
        return None
    unit = setting.unit(metric)
    worth = [setting.get(p, ALL, metric) for p in order]
    head = "a customer was worth" if metric == "value_per_customer" else "a visit earned"
    most = unit.say(worth[0]).with_noun("", first=True)
    if _level(setting, order, ALL, metric):
        sentence = Markup("Under each policy {} the same: {}").format(head, most)
    elif len(order) > 1 and not beats_chance(setting, order[0], metric):
        return f"What {_best(setting)}.", Markup("No policy is clearly better than showing anything at random.")
    else:
        sentence = Markup("Under {} {} most: {}").format(policy(order[0]), head, most)
        less = setting.difference(order[0], order[1], ALL, metric) if len(order) > 1 else Estimate()
        if less:
            said = gap(setting, metric, less, (worth[0], worth[1]))
            sentence += Markup(". Under the next, {}, it was {} {}").format(
                policy(order[1]), "the same" if said.is_zero else f"{said.number} less", verdict(less, said)
            )
    ideal = setting.get(setting.oracle or "", ALL, metric)
    if ideal:
        sentence += Markup(
            ". For comparison, under {}, which is told what to expect of every recommendation, it was {}"
        ).format(policy(setting.oracle or ""), unit.say(ideal).number)
    return f"What {_best(setting)}.", sentence + "."


def _level(setting: Setting, order: Sequence[str], cohort: str, metric: str) -> bool:
    """Whether several policies came to the same, as printed, and nothing is left between best and worst."""
    if len(order) < 2 or not setting.unit(metric).alike(*(setting.get(p, cohort, metric) for p in order)):  # noqa: PLR2004
        return False
    between = setting.difference(order[0], order[-1], cohort, metric)
    return not between or gap(setting, metric, between).is_zero


def _best(setting: Setting) -> str:
    return "is best for the business" if setting.about.currency else "earns most"


def _speaks(setting: Setting, label: str) -> bool:
    visits, nothing = setting.get(label, ALL, "visits"), setting.get(label, ALL, "nothing")
    return not (visits and nothing) or nothing.value < SILENT * visits.value


def _spared(setting: Setting) -> tuple[str, Markup] | None:
    sufferer, metric = setting.sufferer, setting.exposure
    order = [p for p in setting.ranked(metric, sufferer.key) if _speaks(setting, p)]
    choice = setting.harms or len(setting.cohorts) > 1  # else what is missed least is what earns most
    if len(order) < 2 or not choice:  # noqa: PLR2004  one policy is no choice
        return None
    best, worst, unit = order[0], order[-1], setting.unit(metric)
    if not setting.harms and not beats_chance(setting, best):
        return None
    what = {
        "bad_per_customer": "bad recommendations a customer",
        "bad_per_visit": "of the visits with something bad",
        "regret_per_visit": "missed a visit",
    }[metric]
    showed, few = ("showed", "few") if setting.harms else ("missed", "little")
    if _level(setting, order, sufferer.key, metric):
        return None
    sentence = Markup("{} {} spared most under {}: {}, where it was {} under {}").format(
        capital(called(sufferer)),
        was(sufferer),
        policy(best),
        unit.say(setting.get(best, sufferer.key, metric)).with_noun(what, first=True),
        unit.say(setting.get(worst, sufferer.key, metric)).number,
        policy(worst),
    )
    if worst != order[1]:
        more = setting.difference(order[1], best, sufferer.key, metric)
        if more:
            pair = (setting.get(order[1], sufferer.key, metric), setting.get(best, sufferer.key, metric))
            said = gap(setting, metric, more, pair)
            sentence += Markup(". The next best, {}, {} {} {}").format(
                policy(order[1]), showed, f"as {few}" if said.is_zero else f"{said.number} more", verdict(more, said)
            )
    earner = (setting.ranked(setting.business) or [best])[0]
    if not beats_chance(setting, earner, setting.business):
        return f"What is best for {called(sufferer)}.", sentence + "."
    if earner == best:
        sentence += Markup(". It is also what {}: nobody has to choose").format(_best(setting))
    else:
        cost = setting.difference(earner, best, ALL, setting.business)
        each = "a customer" if setting.business == "value_per_customer" else "a visit"
        pair = (setting.get(earner, ALL, setting.business), setting.get(best, ALL, setting.business))
        said = gap(setting, setting.business, cost, pair)
        if cost and said.is_zero:
            sentence += Markup(". Preferring it to {} costs nothing {}").format(policy(earner), verdict(cost, said))
        elif cost:
            sentence += Markup(". Preferring it to {} costs {}{} {} {}").format(
                policy(earner),
                "the business " if setting.about.currency else "",
                said.number,
                each,
                verdict(cost, said),
            )
    return f"What is best for {called(sufferer)}.", sentence + "."


def _early(setting: Setting) -> tuple[str, Markup] | None:
    sufferer, days = setting.sufferer, FIRST_DAYS
    order = [p for p in setting.ranked("bad_per_customer", sufferer.key) if _speaks(setting, p)]
    if not order or setting.about.clock != "day" or not setting.long:
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
        called(sufferer),
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
            "Under {} of the {} clearly more left than that, and under {} clearly fewer (clearly: the "
            "95\N{NO-BREAK SPACE}% interval of the difference does not contain zero). "
        ).format(
            words(len(beyond)).replace("no", "none", 1),
            f"{words(len(more))} policies" if len(more) > 1 else "one policy",
            words(len(fewer)).replace("no", "none", 1),
        )
    left = {p: setting.get(p, ALL, "churn") for p in more}
    if len(left) > 1 and SHARE.alike(*left.values()):
        sentence += Markup("Under each policy the same share left: {}.").format(SHARE.say(left[worst]))
    else:
        sentence += Markup("The most left under {}: {}.").format(policy(worst), SHARE.say(left[worst]))
    return "Who leaves.", sentence


def _objectives(story: Story) -> tuple[str, Markup] | None:
    if not story.shared:
        return None
    label = story.shared[0]
    churn = {s.label: (s, found) for s in story.settings if (found := s.get(label, ALL, "churn"))}
    if len(churn) < 2:  # noqa: PLR2004  one objective is no comparison
        return None
    (worst, most), (best, least) = (pick(churn.values(), key=lambda pair: pair[1].value) for pick in (max, min))
    if SHARE.alike(most, least):
        same = Markup("The same policy, {}, lost {} of the customers, whatever it was rewarded for.")
        return "What a policy is rewarded for.", same.format(policy(label), SHARE.say(most))
    sentence = Markup(
        "The same policy, {}, lost {} of the customers when it was rewarded for {}, and {} when it was rewarded for {}"
    ).format(policy(label), SHARE.say(most), quoted(story.name(worst)), SHARE.say(least), quoted(story.name(best)))
    if most.overlaps(least):
        return "What a policy is rewarded for.", sentence + ": no clear difference, since luck could explain it."
    return "What a policy is rewarded for matters.", sentence + "."

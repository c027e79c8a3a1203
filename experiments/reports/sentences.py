"""What happened to one persona under each policy, in sentences made of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from environments.protocol import Cohort
from experiments.reports.casting import highlights
from experiments.reports.facts import Setting
from experiments.reports.milestones import signal
from experiments.reports.missed import altogether
from experiments.reports.phrases import (
    by,
    each_of,
    first_days,
    him,
    horizon,
    like,
    nobody_came,
    policy,
    possessive,
    span,
    was_shown,
)
from experiments.reports.wording import Estimate, Said, Unit, capital, listing, words

FEW = 6
COUNT = Unit("count")


def about_persona(setting: Setting, cohort: Cohort) -> list[Markup]:
    """The paragraphs on a persona; what a world does not have is not told."""
    if not setting.came(cohort):
        return [nobody_came(setting, cohort)]
    harm = ((_early, _altogether), (signal,), (_unlucky,))
    groups = (*(harm if setting.harms else ((altogether,),)), (_leaving,), (_money,))
    told = [[sentence for maker in makers for sentence in maker(setting, cohort)] for makers in groups]
    return [Markup(" ").join(sentences) for sentences in told if sentences]


def under_each(setting: Setting, cohort: Cohort) -> list[tuple[str, Markup]]:
    """One sentence a policy, the one that harms this cohort most first: (label, sentence)."""
    told = []
    for label in setting.ranked(setting.exposure, cohort.key, [p.label for p in setting.policies])[::-1]:
        parts: list[str | Markup] = []
        early = f"{{}} bad recommendations in {first_days(setting, cohort)}"
        for metric, text in (
            ("bad_first_30_days", early),
            ("bad_per_customer", "{} in all" if setting.long else ""),
            ("bad_per_visit", "something bad in {} of {his} visits"),
        ):
            if not text:
                continue
            found = setting.get(label, cohort.key, metric)
            if found:
                parts.append(text.format(setting.unit(metric).say(found), his=possessive(cohort)))
        sentence = Markup("{} {}").format(capital(was_shown(cohort)), listing(parts))
        churn, value = (setting.get(label, cohort.key, metric) for metric in ("churn", "value_per_customer"))
        if churn:
            sentence += Markup("; {} of customers like {him} left").format(
                setting.unit("churn").say(churn), him=him(cohort)
            )
        if value and setting.about.currency:
            sentence += Markup(", and each was worth {}").format(setting.unit("value_per_customer").say(value))
        told.append((label, sentence + "."))
    return told


def _under(labels: Sequence[str], said: Sequence[Said], noun: str) -> list[Markup]:
    """7.1 bad recommendations under A (95 % interval 6.8 to 7.4), 2.4 under B (2.2 to 2.6)."""
    parts = []
    for place, (label, one) in enumerate(zip(labels, said, strict=True)):
        word = "95\N{NO-BREAK SPACE}% interval " if place == 0 else ""
        interval = f" ({word}{one.interval})" if one.interval else ""
        what = f" {noun}" if place == 0 and noun else ""
        parts.append(Markup("{}{} under {}{}").format(one.number, what, policy(label), interval))
    return parts


def _same(measured: Mapping[str, Estimate], unit: Unit) -> tuple[str, str] | None:
    """The number and whose it is, where several policies come to the same as printed."""
    if len(measured) < 2 or not unit.alike(*measured.values()):  # noqa: PLR2004  one policy is like no other
        return None
    first = unit.say(next(iter(measured.values())))
    return first.number, f"each of the {words(len(measured))} policies"


def _ends(setting: Setting, cohort: Cohort, metric: str, order: Sequence[str], noun: str) -> Markup:
    """The most and the least, or what all have in common."""
    if same := _same({p: setting.get(p, cohort.key, metric) for p in order}, COUNT):
        return escape(f"{same[0]} {noun}".rstrip() + f" under {same[1]}")
    ends = list(dict.fromkeys((order[0], order[-1])))
    return listing(_under(ends, [COUNT.say(setting.get(p, cohort.key, metric)) for p in ends], noun))


def _when_nothing(setting: Setting, cohort: Cohort, metric: str, same: tuple[str, str] | None) -> Markup:
    quiet = setting.get(setting.nothing or "", cohort.key, metric)
    if not quiet:
        return Markup("")
    said = setting.unit(metric).say(quiet)
    if same and said.number == same[0]:
        return Markup(", and the same when nothing was shown")
    return Markup("; when nothing was shown, {}").format(said)


def _named(setting: Setting, order: Sequence[str]) -> tuple[list[str], list[str]]:
    """Who is named in a sentence, and who is summed up as the others."""
    if len(order) <= FEW:
        return list(order), []
    chosen = {order[0], order[-1], *highlights(setting)}
    return [p for p in order if p in chosen], [p for p in order if p not in chosen]


def _early(setting: Setting, cohort: Cohort) -> list[Markup]:
    metric, factor = ("bad_first_30_days", 1) if setting.has("bad_first_30_days") else ("bad_first_100", 100)
    order = setting.ranked(metric, cohort.key)[::-1]
    if not order:
        return []
    counts = {p: setting.get(p, cohort.key, metric).times(factor) for p in order}
    head = Markup("In {} {}").format(first_days(setting, cohort), was_shown(cohort))
    if same := _same(counts, COUNT):
        return [
            Markup("{} {} bad recommendations under {}.").format(head, *same)
            if factor == 1
            else Markup("Of the first 100 visits{}, {} showed a bad recommendation under {}.").format(by(cohort), *same)
        ]
    named, others = _named(setting, order)
    parts = _under(named, [COUNT.say(counts[p]) for p in named], "bad recommendations" if factor == 1 else "")
    if factor == 1:
        first = Markup("{} {}.").format(head, listing(parts))
    else:
        first = Markup("Of the first 100 visits{}, this many showed a bad recommendation: {}.").format(
            by(cohort), listing(parts)
        )
    told = [first]
    if others:
        values = sorted(counts[p].value for p in others)
        least, most = COUNT.write(values[0]), COUNT.write(values[-1])
        whose = Markup("the other {}").format(words(len(others))) if len(others) > 1 else policy(others[0])
        range_ = least if least == most else f"between {least} and {most}"
        told.append(Markup("Under {} it was {}.").format(whose, range_))
    floor = setting.get(setting.oracle or "", cohort.key, metric).times(factor)
    if floor:
        told.append(
            Markup("{} {}, which is told what to expect of every recommendation, it was {}.").format(
                "Under" if COUNT.say(floor).is_zero else "Even under", policy(setting.oracle or ""), COUNT.say(floor)
            )
        )
    return told


def _altogether(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked(setting.exposure, cohort.key)[::-1]
    if not order or (setting.has("bad_first_30_days") and not setting.has("bad_per_visit")):
        return []
    share = setting.unit("bad_per_visit")
    measure = {p: setting.get(p, cohort.key, setting.exposure) for p in order}
    shares = [e for p in order if (e := setting.get(p, cohort.key, "bad_per_visit"))]
    if (same := _same(measure, setting.unit(setting.exposure))) and share.alike(*shares):
        if setting.exposure == "bad_per_visit":
            alike = Markup("Over all {} something bad was shown in {} of the visits{} under {}.")
            return [alike.format(span(setting), same[0], by(cohort), same[1])]
        return [Markup("Over all {} that came to {} under {}.").format(span(setting), *same)]
    parts = []
    for label in dict.fromkeys((order[0], order[-1])):
        found = setting.get(label, cohort.key, "bad_per_visit")
        if setting.exposure == "bad_per_visit":
            parts.append(Markup("{} under {}").format(share.say(found), policy(label)))
        else:
            total = COUNT.say(setting.get(label, cohort.key, setting.exposure))
            parts.append(
                Markup("{} under {}, in {} of {} visits").format(
                    total, policy(label), share.say(found).number, possessive(cohort)
                )
            )
    if setting.exposure == "bad_per_visit":
        whose = Markup("of the visits{} that showed something bad").format(by(cohort))
        return [Markup("Over all {} the share {} was {}.").format(span(setting), whose, listing(parts))]
    return [Markup("Over all {} that came to {}.").format(span(setting), listing(parts))]


def _unlucky(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked("cvar95_bad", cohort.key)[::-1]
    if not order:
        return []
    sentence = Markup("Averages hide the unlucky: of {}, the one in twenty who fared worst saw {}").format(
        like(cohort), _ends(setting, cohort, "cvar95_bad", order, "bad recommendations")
    )
    told = [sentence + "."]
    order = setting.ranked("longest_streak", cohort.key)[::-1]
    if order:
        told.append(
            Markup("The longest unbroken run of bad recommendations, averaged over all {}, was {}.").format(
                like(cohort), _ends(setting, cohort, "longest_streak", order, "")
            )
        )
    return told


def _leaving(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked("churn", cohort.key)[::-1]
    if not order:
        return []
    unit = setting.unit("churn")
    worst, best = order[0], order[-1]
    same = _same({p: setting.get(p, cohort.key, "churn") for p in order}, unit)
    sentence = Markup("By {}, {} of {} had left under {}").format(
        horizon(setting),
        unit.say(setting.get(worst, cohort.key, "churn")),
        like(cohort),
        same[1] if same else policy(worst),
    )
    if best != worst and not same:
        sentence += Markup(", the most, and {} under {}, the fewest").format(
            unit.say(setting.get(best, cohort.key, "churn")), policy(best)
        )
    sentence += _when_nothing(setting, cohort, "churn", same)
    told = [sentence + "."]
    lost = setting.get(worst, cohort.key, "lost_share")
    if lost and lost.value > 0:
        told.append(
            Markup("Because they had left, {} of their visits never took place under {}.").format(
                unit.say(lost), policy(worst)
            )
        )
    return told


def _money(setting: Setting, cohort: Cohort) -> list[Markup]:
    metric = setting.business
    order = setting.ranked(metric, cohort.key)
    if not order:
        return []
    unit = setting.unit(metric)
    by_head = metric == "value_per_customer"
    head = f"{each_of(cohort)} was worth" if by_head else f"The average visit{by(cohort)} earned"
    same = _same({p: setting.get(p, cohort.key, metric) for p in order}, unit)
    sentence = Markup("{} {} under {}").format(
        head, unit.say(setting.get(order[0], cohort.key, metric)), same[1] if same else policy(order[0])
    )
    if len(order) > 1 and not same:
        sentence += Markup(", the most, and {} under {}, the least").format(
            unit.say(setting.get(order[-1], cohort.key, metric)), policy(order[-1])
        )
    sentence += _when_nothing(setting, cohort, metric, same)
    return [sentence + "."]

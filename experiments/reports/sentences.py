"""What happened to one persona under each policy, in sentences made of the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.casting import highlights
from experiments.reports.facts import Setting
from experiments.reports.phrases import him, horizon, is_person, like, policy, possessive, span, was
from experiments.reports.wording import Said, Unit, capital, listing, words

FEW = 6
COUNT = Unit("count")


def about_persona(setting: Setting, cohort: Cohort) -> list[Markup]:
    """The paragraphs on a persona; what a world does not have is not told."""
    groups = ((_early, _altogether), (_signal,), (_unlucky,), (_leaving,), (_money,))
    told = [[sentence for maker in makers for sentence in maker(setting, cohort)] for makers in groups]
    return [Markup(" ").join(sentences) for sentences in told if sentences]


def under_each(setting: Setting, cohort: Cohort) -> list[tuple[str, Markup]]:
    """One sentence a policy, the one that harms this cohort most first: (label, sentence)."""
    told = []
    for label in setting.ranked(setting.exposure, cohort.key, [p.label for p in setting.policies])[::-1]:
        parts: list[str | Markup] = []
        for metric, text in (
            ("bad_first_30_days", "{} bad recommendations in {his} first 30 days"),
            ("bad_per_customer", "{} in all"),
            ("bad_per_visit", "something bad in {} of {his} visits"),
        ):
            found = setting.get(label, cohort.key, metric)
            if found:
                parts.append(text.format(setting.unit(metric).say(found), his=possessive(cohort)))
        sentence = Markup("{} {} shown {}").format(capital(cohort.name), was(cohort), listing(parts))
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
    named, others = _named(setting, order)
    parts = _under(named, [COUNT.say(counts[p]) for p in named], "bad recommendations" if factor == 1 else "")
    if factor == 1:
        head = Markup("In {} first 30 days {} {} shown").format(possessive(cohort), cohort.name, was(cohort))
        first = Markup("{} {}.").format(head, listing(parts))
    else:
        first = Markup("Of the first 100 visits by {}, this many showed a bad recommendation: {}.").format(
            like(cohort), listing(parts)
        )
    told = [first]
    if others:
        values = sorted(counts[p].value for p in others)
        told.append(
            Markup("Under the other {} it was between {} and {}.").format(
                words(len(others)), COUNT.write(values[0]), COUNT.write(values[-1])
            )
            if len(others) > 1
            else Markup("Under {} it was {}.").format(policy(others[0]), COUNT.write(values[0]))
        )
    floor = setting.get(setting.oracle or "", cohort.key, metric).times(factor)
    if floor:
        told.append(
            Markup("Even under {}, which is told what to expect of every recommendation, it was {}.").format(
                policy(setting.oracle or ""), COUNT.say(floor)
            )
        )
    return told


def _altogether(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked(setting.exposure, cohort.key)[::-1]
    if not order or (setting.has("bad_first_30_days") and not setting.has("bad_per_visit")):
        return []
    share = setting.unit("bad_per_visit")
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
        whose = Markup("of the visits by {} that showed something bad").format(like(cohort))
        return [Markup("Over all {} the share {} was {}.").format(span(setting), whose, listing(parts))]
    return [Markup("Over all {} that came to {}.").format(span(setting), listing(parts))]


def _signal(setting: Setting, cohort: Cohort) -> list[Markup]:
    reached = {
        p: setting.get(p, cohort.key, "signal_reached").value
        for p in setting.contenders
        if setting.get(p, cohort.key, "signal_reached") and setting.get(p, cohort.key, "days_to_signal")
    }
    if not reached:
        return []
    milestone = Markup("at most a quarter of the last 50 visits by {} showed something bad").format(like(cohort))
    always = setting.ranked("days_to_signal", cohort.key, [p for p in reached if reached[p] == 1])
    sometimes = [p for p in setting.ranked("signal_reached", cohort.key, list(reached)) if 0 < reached[p] < 1]
    never = [p for p in reached if reached[p] == 0]
    told = []
    if always:
        parts = [
            Markup("{} under {}{}").format(
                span(setting, setting.get(p, cohort.key, "days_to_signal").value), policy(p), rank
            )
            for p, rank in {always[-1]: ", the slowest,", always[0]: ", the quickest,"}.items()
        ]
        told.append(Markup("It took {} until {}.").format(listing(parts), milestone))
    if sometimes:
        shares = [Markup("{} (in {} of the repetitions)").format(policy(p), _percent(reached[p])) for p in sometimes]
        lead = (
            "Only now and then did that come"
            if always
            else Markup("Only now and then did it come to pass that {}:").format(milestone)
        )
        told.append(Markup("{} under {}.").format(lead, listing(_few(shares))))
    if never:
        names = listing(_few([policy(p) for p in never]), "or")
        if always or sometimes:
            told.append(Markup("It never came under {}, in {}.").format(names, span(setting)))
        else:
            told.append(Markup("No policy got as far, within {}, that {}.").format(span(setting), milestone))
    return told


def _percent(share: float) -> str:
    return Unit("share").write(share, 0)


def _few(names: Sequence[Markup]) -> list[Markup]:
    if len(names) <= 4:  # noqa: PLR2004  as many as one can keep in mind
        return list(names)
    return [*names[:3], Markup("{} others").format(words(len(names) - 3))]


def _unlucky(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked("cvar95_bad", cohort.key)[::-1]
    if not order:
        return []
    ends = list(dict.fromkeys((order[0], order[-1])))
    said = [COUNT.say(setting.get(p, cohort.key, "cvar95_bad")) for p in ends]
    sentence = Markup("Averages hide the unlucky: of {}, the one in twenty who fared worst saw {}").format(
        like(cohort), listing(_under(ends, said, "bad recommendations"))
    )
    told = [sentence + "."]
    order = setting.ranked("longest_streak", cohort.key)[::-1]
    if order:
        ends = list(dict.fromkeys((order[0], order[-1])))
        said = [COUNT.say(setting.get(p, cohort.key, "longest_streak")) for p in ends]
        told.append(
            Markup("The longest unbroken run of bad recommendations, averaged over all {}, was {}.").format(
                like(cohort), listing(_under(ends, said, ""))
            )
        )
    return told


def _leaving(setting: Setting, cohort: Cohort) -> list[Markup]:
    order = setting.ranked("churn", cohort.key)[::-1]
    if not order:
        return []
    unit = setting.unit("churn")
    worst, best = order[0], order[-1]
    sentence = Markup("By {}, {} of {} had left under {}").format(
        horizon(setting), unit.say(setting.get(worst, cohort.key, "churn")), like(cohort), policy(worst)
    )
    if best != worst:
        sentence += Markup(", the most, and {} under {}, the fewest").format(
            unit.say(setting.get(best, cohort.key, "churn")), policy(best)
        )
    quiet = setting.get(setting.nothing or "", cohort.key, "churn")
    if quiet:
        sentence += Markup("; when nothing was shown, {}").format(unit.say(quiet))
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
    whose = like(cohort)
    head = (
        Markup("A customer like {} was worth").format(cohort.name)
        if metric == "value_per_customer" and is_person(cohort)
        else Markup("On average, each of the {} was worth").format(whose)
        if metric == "value_per_customer"
        else Markup("The average visit by {} earned").format(whose)
    )
    sentence = Markup("{} {} under {}").format(
        head, unit.say(setting.get(order[0], cohort.key, metric)), policy(order[0])
    )
    if len(order) > 1:
        sentence += Markup(", the most, and {} under {}, the least").format(
            unit.say(setting.get(order[-1], cohort.key, metric)), policy(order[-1])
        )
    quiet = setting.get(setting.nothing or "", cohort.key, metric)
    if quiet:
        sentence += Markup("; when nothing was shown, {}").format(unit.say(quiet))
    return [sentence + "."]

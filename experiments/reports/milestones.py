"""When a policy had learnt what a persona wants, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.facts import Setting
from experiments.reports.phrases import by, policy, span, waited
from experiments.reports.wording import Unit, listing, words


def signal(setting: Setting, cohort: Cohort) -> list[Markup]:
    """How long until few visits showed something bad: always, now and then, or never."""
    reached = {
        p: setting.get(p, cohort.key, "signal_reached").value
        for p in setting.contenders
        if setting.get(p, cohort.key, "signal_reached") and setting.get(p, cohort.key, "days_to_signal")
    }
    if not reached:
        return []
    milestone = Markup("at most a quarter of the last 50 visits{} showed something bad").format(by(cohort))
    always = setting.ranked("days_to_signal", cohort.key, [p for p in reached if reached[p] == 1])
    sometimes = [p for p in setting.ranked("signal_reached", cohort.key, list(reached)) if 0 < reached[p] < 1]
    never = [p for p in reached if reached[p] == 0]
    told = []
    waits = {p: waited(setting, setting.get(p, cohort.key, "days_to_signal")).number for p in always}
    if len(set(waits.values())) == 1:
        each = listing(_few([policy(p) for p in always]))
        told.append(Markup("It took {} under {} until {}.").format(waits[always[0]], each, milestone))
    elif always:
        among = " of those that always came there" if sometimes or never else ""
        parts = [
            Markup("{} under {}, {},").format(waits[p], policy(p), rank)
            for p, rank in {always[-1]: f"the slowest{among}", always[0]: "the quickest"}.items()
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

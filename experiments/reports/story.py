"""What the page tells of one world: what was asked, what was found, who the people are, and what happened to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from environments.protocol import EVERYBODY, Cohort
from experiments.reports import comparisons, figures, grids, missed
from experiments.reports.bargains import bought
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.findings import findings
from experiments.reports.needs import cautions
from experiments.reports.overview import shape
from experiments.reports.phrases import span
from experiments.reports.sentences import about_persona, under_each
from experiments.reports.wording import counted


def told(story: Story, key: str, name: str) -> Mapping[str, Any]:
    """All that the page says of a world.

    Args:
        story: the world under its objectives.
        key: of its section, unique in the page.
        name: what to call it among the others.
    """
    setting = story.main
    focus = story.shared[0] if story.shared else None
    apart = len(setting.about.cohorts) > 1 or setting.about.cohorts[0].key != EVERYBODY.key
    left = grids.leaving(setting, f"{key}-leaving-table")
    compared = comparisons.objectives(story, focus, f"{key}-objectives") if focus else None
    objectives = grids.objectives(story, f"{key}-objectives-table")
    drawn = [
        figure
        for figure in (
            figures.learning(setting, f"{key}-learning"),
            missed.learning(setting, f"{key}-learning"),
            comparisons.tradeoff(setting, f"{key}-tradeoff"),
            comparisons.leaving(setting, f"{key}-leaving"),
        )
        if figure is not None
    ]
    learnt = "Learning, regret and leaving" if left else "Learning and regret"
    parts = (
        ("found", "What we found", True),
        ("people", "Who they are", apart),
        ("each", "What happened to each" if apart else "What happened", True),
        ("objectives", "What each objective bought", bool(compared or objectives)),
        ("figures", learnt, bool(drawn)),
    )
    return {
        "key": key,
        "name": name,
        "shape": shape(setting),
        "about": setting.about,
        "people": setting.about.people,
        "told_apart": apart,
        "cards": any(cohort.text for cohort in setting.about.cohorts),
        "size": _size(setting),
        "patchy": setting.patchy,
        "span": span(setting),
        "objective": story.name(setting),
        "objectives": [(story.name(s), s.about.objective_text, len(s.policies)) for s in story.settings],
        "notes": [*_notes(story), *cautions(story)],
        "parts": {part: title for part, title, there in parts if there},
        "findings": findings(story),
        "glance": grids.glance(setting, f"{key}-glance"),
        "personas": [_persona(setting, cohort, f"{key}-p{n}") for n, cohort in enumerate(setting.about.cohorts)],
        "bargains": bought(story, focus) if focus else [],
        "focus": focus,
        "objective_figure": compared,
        "objective_grid": objectives,
        "leaving": left,
        "figures": drawn,
    }


def _notes(story: Story) -> list[str]:
    """What a reader must know, what wrappers do to the world first: it is what tells it from others of its kind."""
    added = [note for s in story.settings for note in s.added]
    return list(dict.fromkeys([*added, *(note for s in story.settings for note in s.about.notes)]))


def _size(setting: Setting) -> str:
    """How many came; where a log is replayed, how many of its visits took place."""
    label = setting.policies[0].label
    customers, visits = (setting.get(label, ALL, metric) for metric in ("customers", "visits"))
    if customers:
        return counted(customers.value, "customer")
    if not setting.patchy:
        return counted(visits.value, "visit") if visits else ""
    counts = sorted(e.value for p in setting.policies if (e := setting.get(p.label, ALL, "visits")))
    least, most = (f"{count:,.0f}" for count in (counts[0], counts[-1]))
    some = least if least == most else f"{least} to {most}, depending on the policy,"
    return f"{span(setting)}, of which {some} took place"


def _persona(setting: Setting, cohort: Cohort, key: str) -> Mapping[str, Any]:
    return {
        "key": key,
        "cohort": cohort,
        "share": f"{cohort.share * 100:.0f}\N{NO-BREAK SPACE}%",
        "paragraphs": about_persona(setting, cohort),
        "each": under_each(setting, cohort) if setting.came(cohort) and setting.harms else [],
        "figure": figures.persona(setting, cohort, f"{key}-curve") or missed.persona(setting, cohort, f"{key}-curve"),
        "grid": grids.persona(setting, cohort, f"{key}-table"),
    }

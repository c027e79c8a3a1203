"""The report: one self-contained page for people who do not read code. The same result gives the same bytes."""

from __future__ import annotations

import importlib.resources
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from environments.protocol import Cohort
from experiments.disk import write_whole
from experiments.reports import comparisons, figures, grids
from experiments.reports.bargains import bought
from experiments.reports.definitions import LETTERS, METRICS
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.findings import findings
from experiments.reports.needs import apart, cautions, summary
from experiments.reports.phrases import soft, span
from experiments.reports.reading import Facts, Ledgers, read
from experiments.reports.sentences import about_persona, under_each
from experiments.reports.wording import counted, curly, headline, listing


def write_report(result: Ledgers, path: pathlib.Path) -> None:
    """Write the page.

    Args:
        result: what was run.
        path: of the file to write; it is replaced whole or not at all.
    """
    write_whole(path, render(result).encode())


def render(result: Ledgers) -> str:
    """The page as text."""
    facts = read(result)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"soft": soft, "headline": headline, "curly": curly}
    template = environment.from_string(_file("report.html.j2"))
    return template.render(
        title=_title(facts),
        name=facts.manifest["name"],
        style=Markup(_file("report.css.j2")),  # noqa: S704  our own
        stories=[_story(story, f"s{number}", len(facts.stories) > 1) for number, story in enumerate(facts.stories)],
        replications=facts.replications,
        policies=[
            {"label": p["label"], "summary": summary(p), "apart": apart(p, facts.manifest["policies"])}
            for p in facts.manifest["policies"]
        ],
        manifest=facts.manifest,
        annex=_annex(facts),
    )


def _file(name: str) -> str:
    return importlib.resources.files("experiments.reports").joinpath(name).read_text(encoding="utf-8")


def _title(facts: Facts) -> str:
    names = list(dict.fromkeys(c.name for story in facts.stories for c in story.main.about.cohorts))
    if not names:
        return f"{facts.manifest['name']}: nothing was finished"
    if len(names) > 4:  # noqa: PLR2004  more do not fit a headline
        return f"{facts.stories[0].main.about.title}: what each policy did to whom"
    return str(Markup("What each policy did to {}").format(listing(names)).unescape())


def _story(story: Story, key: str, several: bool) -> Mapping[str, Any]:
    setting = story.main
    focus = story.shared[0] if story.shared else None
    customers = setting.get(setting.policies[0].label, ALL, "customers")
    visits = setting.get(setting.policies[0].label, ALL, "visits")
    return {
        "key": key,
        "prefix": f"{setting.about.title}: " if several else "",
        "about": setting.about,
        "people": setting.about.people,
        "size": counted(customers.value, "customer") if customers else counted(visits.value, "visit") if visits else "",
        "span": span(setting),
        "objective": story.name(setting),
        "objectives": [(story.name(s), s.about.objective_text, len(s.policies)) for s in story.settings],
        "notes": list(dict.fromkeys(note for s in story.settings for note in s.about.notes)) + cautions(story),
        "findings": findings(story),
        "glance": grids.glance(setting, f"{key}-glance"),
        "personas": [_persona(setting, cohort, f"{key}-p{n}") for n, cohort in enumerate(setting.about.cohorts)],
        "bargains": bought(story, focus) if focus else [],
        "focus": focus,
        "objective_figure": comparisons.objectives(story, focus, f"{key}-objectives") if focus else None,
        "objective_grid": grids.objectives(story, f"{key}-objectives-table"),
        "leaving": grids.leaving(setting, f"{key}-leaving-table"),
        "figures": [
            figure
            for figure in (
                figures.learning(setting, f"{key}-learning"),
                comparisons.tradeoff(setting, f"{key}-tradeoff"),
                comparisons.leaving(setting, f"{key}-leaving"),
            )
            if figure is not None
        ],
    }


def _persona(setting: Setting, cohort: Cohort, key: str) -> Mapping[str, Any]:
    return {
        "key": key,
        "cohort": cohort,
        "share": f"{cohort.share * 100:.0f}\N{NO-BREAK SPACE}%",
        "paragraphs": about_persona(setting, cohort),
        "each": under_each(setting, cohort) if setting.came(cohort) else [],
        "figure": figures.persona(setting, cohort, f"{key}-curve"),
        "grid": grids.persona(setting, cohort, f"{key}-table"),
    }


def _annex(facts: Facts) -> Mapping[str, Any]:
    manifest = facts.manifest
    return {
        "environments": [(e["label"], _json(e["table"])) for e in manifest["environments"]],
        "policies": [(p["label"], _json(p["table"])) for p in manifest["policies"]],
        "only": sorted(manifest.get("only", {}).items()),
        "metrics": METRICS,
        "letters": LETTERS,
        "versions": sorted(manifest["versions"].items()),
        "failures": manifest.get("failures", []),
        "tables": [
            (s.label, grids.full(s, f"full-{i}-{j}"))
            for i, story in enumerate(facts.stories)
            for j, s in enumerate(story.settings)
        ],
    }


def _json(table: object) -> str:
    return json.dumps(table, indent=2, ensure_ascii=False, sort_keys=True, default=str)

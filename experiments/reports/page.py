"""The report: one self-contained page for people who do not read code. The same result gives the same bytes."""

from __future__ import annotations

import importlib.resources
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from experiments.disk import write_whole
from experiments.reports import grids, overview
from experiments.reports.definitions import LETTERS, METRICS
from experiments.reports.needs import apart, summary
from experiments.reports.phrases import called, is_person, narrow, sentence, soft
from experiments.reports.reading import Facts, Ledgers, read
from experiments.reports.story import told
from experiments.reports.wording import curly, headline, listing, words


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
    environment.filters |= {
        "soft": soft,
        "headline": headline,
        "curly": curly,
        "sentence": sentence,
        "called": called,
        "narrow": narrow,
    }
    template = environment.from_string(_file("report.html.j2"))
    keys = [f"s{number}" for number in range(len(facts.stories))]
    several = len(keys) > 1
    return template.render(
        title=_title(facts),
        name=facts.manifest["name"],
        style=Markup(_file("report.css.j2")),  # noqa: S704  our own
        stories=[
            told(story, key, name)
            for story, key, name in zip(facts.stories, keys, overview.names(facts.stories), strict=True)
        ],
        several=several,
        people=_people(facts),
        missing=_missing(facts),
        overviews=[
            table
            for table in (overview.by_regret(facts.stories, keys), overview.by_harm(facts.stories, keys))
            if table is not None
        ]
        if several
        else [],
        lead=overview.lead(facts.stories) if several else "",
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
    cohorts = [cohort for story in facts.stories for cohort in story.main.about.cohorts]
    if not cohorts:
        return f"{facts.manifest['name']}: nothing was finished"
    if len(facts.stories) > 1:
        return f"What each policy did in {words(len(facts.stories))} worlds"
    if len(cohorts) > 4 or not all(map(is_person, cohorts)):  # noqa: PLR2004  more do not fit a headline
        whom = " to whom" if len(cohorts) > 1 else ""
        return f"{facts.stories[0].main.about.title}: what each policy did{whom}"
    return str(Markup("What each policy did to {}").format(listing([c.name for c in cohorts])).unescape())


def _missing(facts: Facts) -> list[str]:
    """The worlds in which nothing was finished."""
    told = {setting.label for story in facts.stories for setting in story.settings}
    return [e["label"] for e in facts.manifest["environments"] if e["label"] not in told]


def _people(facts: Facts) -> str:
    """On whom the policies were tried out."""
    real = [story.main.about.real or story.main.about.estimated for story in facts.stories]
    if len(real) > 1:
        made = "simulated" if not any(real) else "made of real data" if all(real) else "some simulated, some real data"
        return f"in {words(len(real))} worlds, {made}"
    return "on records of real people" if any(real) else "on simulated people"


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

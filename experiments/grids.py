"""The tables of the page: rows of numbers with their intervals, under headings that say what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from environments.protocol import Cohort
from experiments.definitions import METRICS
from experiments.facts import ALL, Setting, Story
from experiments.phrases import span
from experiments.wording import Said


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Args:
        key: unique in the page.
        caption: what it shows.
        corner: heading of the first column.
        columns: headings of the others.
        rows: heading and cells of each row.
    """

    key: str
    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Said, ...]], ...]


def glance(setting: Setting, key: str) -> Grid:
    """A line a policy: exposure of each cohort, who leaves, and money."""
    measures = [(cohort.name, cohort.key, setting.exposure) for cohort in setting.cohorts]
    if len(setting.cohorts) > 1:
        measures.append(("All", ALL, setting.exposure))
    measures += [
        (METRICS[m].title, ALL, m) for m in ("regret_per_visit", "churn", setting.business) if setting.has(m)
    ]
    labels = [p.label for p in setting.policies]
    order = setting.ranked(setting.exposure, setting.sufferer.key, labels)
    order += [label for label in labels if label not in order]
    rows = tuple(
        (label, tuple(setting.unit(m).say(setting.get(label, cohort, m)) for _, cohort, m in measures))
        for label in order
    )
    what = "Bad recommendations a customer" if setting.exposure == "bad_per_customer" else "Share of visits with something bad"
    return Grid(
        key,
        f"{what}, for each cohort and for all; then regret, who left and what was earned, for all. "
        f"The policies that spare {setting.sufferer.name} most stand first.",
        "Policy",
        tuple(title for title, _, _ in measures),
        rows,
    )


PERSONA_COLUMNS = (
    ("bad_first_30_days", "Bad in the first 30 days"),
    ("bad_first_100", "Bad of the first 100 visits"),
    ("bad_per_customer", "Bad in all"),
    ("bad_per_visit", "Visits with something bad"),
    ("days_to_signal", "Until one in four or less"),
    ("regret_per_visit", "Regret a visit"),
    ("churn", "Left"),
    ("lost_share", "Visits lost"),
    ("value_per_customer", "Money a customer"),
)


def persona(setting: Setting, cohort: Cohort, key: str) -> Grid:
    """A line a policy: what it did to one cohort."""
    skipped = {"bad_first_100"} if setting.has("bad_first_30_days") else set()
    columns = [(m, title) for m, title in PERSONA_COLUMNS if setting.has(m) and m not in skipped]
    order = setting.ranked(setting.exposure, cohort.key, [p.label for p in setting.policies])
    rows = tuple((label, tuple(_cell(setting, label, cohort.key, metric) for metric, _ in columns)) for label in order)
    return Grid(
        key, f"{cohort.name}: what each policy did, the one that harms least first", "Policy", tuple(t for _, t in columns), rows
    )


def _cell(setting: Setting, label: str, cohort: str, metric: str) -> Said:
    found = setting.get(label, cohort, metric)
    if metric == "days_to_signal" and found:
        reached = setting.get(label, cohort, "signal_reached")
        if reached and reached.value == 0:
            return Said("never", "")
        said = setting.unit(metric).say(found)
        time = span(setting, found.value)
        if reached and reached.value < 1:
            return Said(f"≥ {time}", f"reached in {setting.unit('signal_reached').write(reached.value, 0)}")
        return Said(time, said.interval)
    return setting.unit(metric).say(found)


def objectives(story: Story, key: str) -> Grid | None:
    """A line an objective, for each policy that was run under several: basket, returns, regret, churn and money."""
    metrics = ("basket", "return_rate", "regret_rate_buyers", "churn", "value_per_customer")
    columns = [m for m in metrics if any(s.has(m) for s in story.settings)]
    if not columns or not story.shared:
        return None
    quiet = [story.main.nothing] if story.main.nothing else []
    rows = []
    for label in (*story.shared, *quiet):
        settings = [s for s in story.settings if any(p.label == label for p in s.policies)]
        for setting in settings if label not in quiet else settings[:1]:
            head = f"{label}: {story.name(setting)}" if label not in quiet else label
            rows.append((head, tuple(setting.unit(m).say(setting.get(label, ALL, m)) for m in columns)))
    return Grid(
        key, "All customers: each policy under each objective", "Policy: objective", tuple(METRICS[m].title for m in columns), tuple(rows)
    )


def full(setting: Setting, key: str) -> list[Grid]:
    """Every metric of a setting, a table a cohort, a column a policy."""
    labels = [p.label for p in setting.policies]
    everyone: Sequence[tuple[str, str]] = [*((c.key, c.name) for c in setting.cohorts), (ALL, "All")]
    grids = []
    for cohort, name in everyone:
        rows = tuple(
            (metric, tuple(setting.unit(metric).say(setting.get(label, cohort, metric)) for label in labels))
            for metric in METRICS
            if any(setting.get(label, cohort, metric) for label in labels)
        )
        if rows:
            grids.append(Grid(f"{key}-{cohort}", f"{setting.label}: {name}", "Metric", tuple(labels), rows))
    return grids

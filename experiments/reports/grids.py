"""The tables of the page: rows of numbers with their intervals, under headings that say what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from environments.protocol import Cohort
from experiments.reports.chance import flat
from experiments.reports.definitions import METRICS
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.phrases import called, shown_of, waited
from experiments.reports.wording import Said, headline

Row = tuple[str, tuple[Said, ...]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Args:
        key: unique in the page.
        caption: what it shows.
        corner: heading of the first column.
        columns: headings of the others.
        bodies: groups of rows, each with its title (or none); of a row, the heading and the cells.
    """

    key: str
    caption: str
    corner: str
    columns: tuple[str, ...]
    bodies: tuple[tuple[str, tuple[Row, ...]], ...]


def glance(setting: Setting, key: str) -> Grid:
    """A line a policy: exposure of each cohort, who leaves, and money; where nothing is bad, regret for exposure."""
    several = len(setting.cohorts) > 1
    measures = [
        (cohort.name if several else setting.title(setting.exposure), cohort.key, setting.exposure)
        for cohort in setting.followed
    ]
    if several:
        measures.append(("All", ALL, setting.exposure))
    others = ("visits", "regret_per_visit", "churn", setting.business)
    skipped = {setting.exposure} if setting.patchy else {setting.exposure, "visits"}
    measures += [(setting.title(m), ALL, m) for m in others if setting.has(m) and m not in skipped]
    labels = [p.label for p in setting.policies]
    order = setting.ranked(setting.exposure, setting.sufferer.key, labels)
    order += [label for label in labels if label not in order]
    columns = [[setting.get(label, cohort, m) for label in order] for _, cohort, m in measures]
    cells = [setting.unit(m).heads[1].column(column) for column, (_, _, m) in zip(columns, measures, strict=True)]
    what = {
        "bad_per_customer": "Bad recommendations a customer",
        "bad_per_visit": "Share of visits with something bad",
        "regret_per_visit": setting.title("regret_per_visit"),
    }[setting.exposure]
    caption = (
        f"{what}, for each cohort and for all; then what else each policy did to all. "
        f"The policies that spare {called(setting.sufferer)} most stand first.{shown_of(setting)}"
        if several
        else f"What each policy did. The policies with the least {'harm' if setting.harms else 'regret'} stand first."
    )
    if flat(setting) and not setting.harms:
        caption = f"What each policy did.{shown_of(setting)}"
    return Grid(
        key,
        caption,
        "Policy",
        tuple(title + setting.unit(m).heads[0] for title, _, m in measures),
        (("", _rows(order, cells)),),
    )


def _rows(heads: Sequence[str], columns: Sequence[Sequence[Said]]) -> tuple[Row, ...]:
    return tuple((head, tuple(column[i] for column in columns)) for i, head in enumerate(heads))


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
    ("reward_per_visit", "Reward a visit"),
)


def persona(setting: Setting, cohort: Cohort, key: str) -> Grid | None:
    """A line a policy: what it did to one cohort; None where nobody of it came, or another table says it all."""
    if not setting.came(cohort) or not (setting.harms or len(setting.cohorts) > 1):
        return None
    skipped = {"bad_first_100"} if setting.has("bad_first_30_days") else set()
    skipped = skipped if setting.long else {*skipped, "bad_first_30_days"}
    skipped = skipped if setting.business == "reward_per_visit" else {*skipped, "reward_per_visit"}
    columns = [(m, title) for m, title in PERSONA_COLUMNS if setting.has(m) and m not in skipped]
    order = setting.ranked(setting.exposure, cohort.key, [p.label for p in setting.policies])
    lightest = "harms least" if setting.harms else "misses least"
    told = "" if flat(setting) and not setting.harms else f", the one that {lightest} first"
    order += [p.label for p in setting.policies if p.label not in order]
    cells = [
        [_signal(setting, label, cohort.key) for label in order]
        if metric == "days_to_signal"
        else setting.unit(metric).heads[1].column([setting.get(label, cohort.key, metric) for label in order])
        for metric, _ in columns
    ]
    return Grid(
        key,
        f"{headline(called(cohort))}: what each policy did{told}",
        "Policy",
        tuple(setting.marked(metric, title) + setting.unit(metric).heads[0] for metric, title in columns),
        (("", _rows(order, cells)),),
    )


def _signal(setting: Setting, label: str, cohort: str) -> Said:
    found, reached = (setting.get(label, cohort, metric) for metric in ("days_to_signal", "signal_reached"))
    if not found or not reached:
        return Said("–", "")
    if reached.value == 0:
        return Said("never", "")
    if reached.value < 1:
        often = setting.unit("signal_reached").write(reached.value, 0)
        return Said(f"≥ {waited(setting, found).number}", f"reached in {often}")
    return waited(setting, found)


def objectives(story: Story, key: str) -> Grid | None:
    """Policies that were run under several objectives, a line an objective: basket, returns, churn and money.

    The oracle is among them: what it does to people is the objective's doing, since it has nothing to learn.
    """
    metrics = ("basket", "return_rate", "returns_per_visit", "regret_rate_buyers", "churn", "value_per_customer")
    columns = [m for m in metrics if any(s.has(m) for s in story.settings)]
    if not columns or not story.shared:
        return None
    shown = [*story.shared, *([story.main.oracle] if story.main.oracle else [])]
    entries = [
        (label, story.name(setting), setting)
        for label in shown
        for setting in story.settings
        if any(p.label == label for p in setting.policies)
    ]
    if story.quiet is not None:
        entries.append((story.quiet.nothing or "", "whatever the objective", story.quiet))
    cells = [story.main.unit(m).column([s.get(label, ALL, m) for label, _, s in entries]) for m in columns]
    rows = _rows([name for _, name, _ in entries], cells)
    bodies = [
        (label, tuple(row for row, entry in zip(rows, entries, strict=True) if entry[0] == label))
        for label in dict.fromkeys(label for label, _, _ in entries)
    ]
    caption = "All customers, under each objective"
    return Grid(key, caption, "Objective", tuple(METRICS[m].title for m in columns), tuple(bodies))


def leaving(setting: Setting, key: str) -> Grid | None:
    """A line a policy: who left, and how many visits were lost, for each cohort."""
    measures = [(c, m) for c in setting.cohorts for m in ("churn", "lost_share") if setting.has(m)]
    if not setting.has("churn"):
        return None
    order = setting.ranked("churn", ALL, [p.label for p in setting.policies])
    cells = [setting.unit(m).column([setting.get(label, c.key, m) for label in order]) for c, m in measures]
    heads = tuple(f"{c.name}: {METRICS[m].title.lower()}" for c, m in measures)
    caption = "Who left, and the share of visits that were lost with them; the policies that lose fewest stand first"
    return Grid(key, caption, "Policy", heads, (("", _rows(order, cells)),))


def full(setting: Setting, key: str) -> list[Grid]:
    """Every metric of a setting, a table a cohort, a column a policy."""
    labels = [p.label for p in setting.policies]
    everyone: Sequence[tuple[str, str]] = [*((c.key, c.name) for c in setting.cohorts), (ALL, "All")]
    grids = []
    for number, (cohort, name) in enumerate(everyone):
        rows = tuple(
            (
                setting.marked(metric, metric) + setting.unit(metric).heads[0],
                tuple(setting.unit(metric).heads[1].say(setting.get(label, cohort, metric)) for label in labels),
            )
            for metric in METRICS
            if any(setting.get(label, cohort, metric) for label in labels)
        )
        alone = cohort != ALL and len(setting.about.cohorts) == 1
        if rows and not alone:
            grids.append(Grid(f"{key}-{number}", f"{setting.label}: {name}", "Metric", tuple(labels), (("", rows),)))
    return grids

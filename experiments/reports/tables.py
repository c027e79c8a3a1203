"""The tables that a run ends with in the terminal: at most 100 columns wide, and plain without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from experiments.reports.chance import verdict, winners
from experiments.reports.facts import ALL, Setting, Story
from experiments.reports.overview import lines, relative, worst
from experiments.reports.phrases import shown_of, span
from experiments.reports.reading import Ledgers, read
from experiments.reports.wording import shorten, wrap

POLICY = 34
LINES = 4  # of a cell
WORLD_COLUMNS = (  # heading, width, whether numbers: 80 columns with two between each
    ("world", 18, False),
    ("least regret under", 22, False),
    ("of\nrandom", 6, True),
    ("bad\nvisits", 6, True),
    ("worst cohort", 12, False),
    ("of\nrandom", 6, True),
)

COLUMNS = (
    ("regret_per_visit", "regret\na visit"),
    ("bad_per_customer", "bad a\ncustomer"),
    ("bad_first_30_days", "bad, in\n30 days"),
    ("bad_per_visit", "bad\na visit"),
    ("bad_first_100", "bad, first\n100 visits"),
    ("churn", "left"),
    ("value_per_customer", "money a\ncustomer"),
    ("reward_per_visit", "reward\na visit"),
)
OBJECTIVE_COLUMNS = (
    ("basket", "basket\na visit"),
    ("return_rate", "sent back,\nof bought"),
    ("returns_per_visit", "sent back,\nof visits"),
    ("churn", "left"),
    ("value_per_customer", "money a\ncustomer"),
)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A table without blanks at the ends of its lines, which would be copied with them."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self.table, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            yield from line[:-1]
            if line:
                yield Segment(line[-1].text.rstrip(), line[-1].style)
            yield Segment.line()


def console_table(result: Ledgers) -> list[Trimmed]:
    """The tables of a result: policy × cohort, and objectives if there are several; of several worlds, a line each."""
    stories = read(result).stories
    if len(stories) > 1:
        return [Trimmed(_worlds(stories))]
    tables = []
    for story in stories:
        tables.append(_cohorts(story.main, story.name(story.main) if len(story.settings) > 1 else ""))
        compared = _objectives(story)
        if compared is not None:
            tables.append(compared)
    return [Trimmed(table) for table in tables]


def _table(title: str, caption: str, first: str, heads: Sequence[str]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title),
        title_justify="left",
        title_style="bold",
        caption=Text(caption),
        caption_justify="left",
        caption_style="",
        pad_edge=False,
        width=None,
    )
    table.add_column(first, min_width=18, max_width=POLICY + 2)  # names may wrap; numbers are never cut
    for head in heads:
        table.add_column(Text(head), justify="right", no_wrap=True, vertical="bottom")
    return table


def _worlds(stories: Sequence[Story]) -> Table:
    """A line a world, or an objective of it: which policy missed least, and who fared worst under it."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text("Which policy wins where"),
        title_justify="left",
        title_style="bold",
        caption=Text(
            "\nLeast regret a visit of the policies that could be shipped, in percent of what showing anything at "
            "random misses. (+2): two more are not clearly worse. Worst cohort: misses most under it. The report has "
            "all policies, cohorts and intervals."
        ),
        caption_justify="left",
        caption_style="",
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    for head, width, right in WORLD_COLUMNS:
        table.add_column(Text(head), min_width=width, justify="right" if right else "left", overflow="fold")
    widths = {head: width for head, width, right in WORLD_COLUMNS if not right}

    def cell(column: str, text: str) -> Text:
        return Text("\n".join(wrap(text, widths[column], LINES)))

    for name, setting in lines(stories):
        order = winners(setting)
        best = order[0] if order else ""
        more = f" (+{len(order) - 1})" if len(order) > 1 else ""
        hit = worst(setting, best)
        bad = setting.unit("bad_per_visit").say(setting.get(best, ALL, "bad_per_visit")).number
        table.add_row(
            cell("world", name),
            cell("least regret under", best + more or verdict(setting).partition(":")[0] or "–"),
            Text(relative(setting, setting.get(best, ALL, "regret_per_visit").value) or "–"),
            Text(bad),
            cell("worst cohort", "–" if hit is None else hit[0].name),
            Text("–" if hit is None else relative(setting, hit[1]) or "–"),
        )
    return table


def _cohorts(setting: Setting, objective: str) -> Table:
    by_head = setting.exposure == "bad_per_customer"
    skipped = {"bad_per_visit", "bad_first_100"} if by_head else set()
    skipped = skipped if setting.long else {*skipped, "bad_first_30_days"}
    if setting.business == "value_per_customer":
        skipped = {*skipped, "reward_per_visit"}
    columns = [(metric, head) for metric, head in COLUMNS if setting.has(metric) and metric not in skipped]
    replications = setting.replications
    caption = (
        f"Means of {replications} replications of {span(setting)}; their 95 % intervals are in the report."
        if replications > 1
        else f"One replication of {span(setting)}: differences may be luck."
    )
    caption += shown_of(setting)
    title = f"{setting.about.title}: what each policy did" + (f", rewarded for “{objective}”" if objective else "")
    table = _table(
        title,
        caption,
        "",
        [
            setting.marked(metric, head).replace(", ", ",\n") + setting.unit(metric).heads[0].replace(" [", "\n[")
            for metric, head in columns
        ],
    )
    groups = [(cohort.key, cohort.name) for cohort in setting.followed]
    if len(groups) > 1:
        groups.append((ALL, "all"))
    for place, (key, name) in enumerate(groups):
        if place:
            table.add_section()
        table.add_row(Text(name, style="bold"))
        labels = [p.label for p in setting.policies]
        cells = [setting.unit(m).heads[1].column([setting.get(label, key, m) for label in labels]) for m, _ in columns]
        for row, label in enumerate(labels):
            table.add_row(Text("  " + shorten(label, POLICY)), *(Text(column[row].number) for column in cells))
    return table


def _objectives(story: Story) -> Table | None:
    columns = [(m, head) for m, head in OBJECTIVE_COLUMNS if any(s.has(m) for s in story.settings)]
    if len(story.settings) < 2 or not columns:  # noqa: PLR2004  one objective is no comparison
        return None
    groups = [
        (label, [s for s in story.settings if any(p.label == label for p in s.policies)])
        for label in (*story.shared, *([story.main.oracle] if story.main.oracle else []))
    ]
    table = _table(
        f"{story.main.about.title}: what each objective did, to all customers", "", "", [head for _, head in columns]
    )
    for label, settings in groups:
        table.add_row(Text(shorten(label, POLICY), style="bold"))
        cells = [story.main.unit(m).column([s.get(label, ALL, m) for s in settings]) for m, _ in columns]
        for row, setting in enumerate(settings):
            name = Text("  " + shorten(story.name(setting), POLICY))
            table.add_row(name, *(Text(column[row].number) for column in cells))
        table.add_section()
    if story.quiet is not None and story.quiet.nothing is not None:
        quiet, label = story.quiet, story.quiet.nothing
        numbers = [quiet.unit(m).say(quiet.get(label, ALL, m)).number for m, _ in columns]
        table.add_row(Text(shorten(label, POLICY), style="bold"), *map(Text, numbers))
    return table

"""A page on many worlds: each has its own section, all stand in one table, and no harm is told that nobody declared."""

from __future__ import annotations

import dataclasses
import functools
import io
import itertools
import re

import pytest
from rich.console import Console
from small_results import changed, clothing
from small_worlds import WORLDS, alone, dozen, mixture, occupations, odd
from test_report import outlined
from test_runner import Log

from bandits import Always
from experiments import Experiment, run
from experiments.reports import chance, grids, missed, overview
from experiments.reports.comparisons import tradeoff
from experiments.reports.definitions import METRICS
from experiments.reports.drawing import panel, tick_labels
from experiments.reports.facts import Setting, Story
from experiments.reports.figures import learning
from experiments.reports.figures import persona as persona_figure
from experiments.reports.findings import findings
from experiments.reports.page import render
from experiments.reports.reading import read
from experiments.reports.sentences import about_persona
from experiments.reports.tables import console_table
from experiments.reports.wording import Estimate, Unit

CASES = {
    "mixture": mixture,
    "dozen": dozen,
    "once, without random": lambda: changed(
        mixture(), policies={p: [p] for p in ("oracle", "Thompson, no features", "linear Thompson")}, replications=1
    ),
    "occupations": occupations,
    "odd": odd,
    **{world.title: functools.partial(alone, world.title) for world in WORLDS},
}
SLOW = {case: pytest.param(case, marks=pytest.mark.slow) for case in ("dozen", "once, without random")}
EACH = [SLOW.get(case, case) for case in CASES]
MANY = ("mixture", "odd", *SLOW)
PAGES = [SLOW.get(case, case) for case in MANY]
SILENT = tuple(world.title for world in WORLDS if not world.bad)
LARGEST = 6_000_000  # bytes


@functools.cache
def page(case: str) -> str:
    return render(CASES[case]())


@functools.cache
def stories(case: str):
    return read(CASES[case]()).stories


def plain(text: str) -> str:
    return " ".join("".join(outlined(text).text).replace("\N{NO-BREAK SPACE}", " ").split())


def section(case: str, number: int) -> str:
    """The part of a page on one of its worlds."""
    text = page(case)
    start = text.index(f'<div class="world" id="s{number}">')
    end = text.find('<div class="world"', start + 1)
    return text[start : end if end > 0 else text.index('<section id="annex"')]


def table_of(case: str, key: str) -> str:
    found = re.search(rf'<div class="scroll"[^>]*aria-labelledby="{key}">.*?</table>', page(case), flags=re.DOTALL)
    assert found is not None
    return found[0]


def only(case: str) -> Setting:
    (story,) = stories(case)
    return story.main


@pytest.mark.parametrize("case", EACH)
def test_no_number_is_missing_or_infinite_anywhere(case):
    text = re.sub(r"<style>.*?</style>", "", page(case), count=1, flags=re.DOTALL)
    told = plain(text[: text.index("<h3>Parameters</h3>")] + text[text.index("<h3>All numbers</h3>") :])
    assert re.findall(r"(?i)\b(?:nan|inf|none|null)\b", told) == []
    for name in re.findall(r'(?: d| x| y| points| viewBox| width| height)="([^"]*)"', text):
        assert not re.search(r"(?i)nan|inf", name)


@pytest.mark.parametrize("case", EACH)
def test_tags_close_ids_are_unique_and_every_link_is_met(case):
    outline = outlined(page(case))
    assert outline.open == []
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in outline.tags:
        named = (attributes.get("aria-labelledby") or "").split()
        linked = [(attributes.get(name) or "")[1:] for name in ("href", "xlink:href") if attributes.get(name)]
        assert set(named + linked) <= set(ids)


@pytest.mark.parametrize("case", EACH)
def test_headings_descend_one_step_at_a_time(case):
    levels = [int(tag[1]) for tag, _ in outlined(page(case)).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("case", EACH)
def test_no_figure_is_without_data_and_no_list_or_table_without_rows(case):
    text = page(case)
    for drawing in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        (told,) = re.findall(r"<desc id=[^>]*>([^<]*)</desc>", drawing)
        assert re.search(r"\d", told), told
    for figure in re.findall(r"<figure.*?</figure>", text, flags=re.DOTALL):
        assert "<svg" in figure
    for body in re.findall(r"<tbody>(.*?)</tbody>", text, flags=re.DOTALL):
        assert "<tr" in body
    for told in re.findall(r"<(?:p|li|dd|h\d)\b[^>]*>(.*?)</(?:p|li|dd|h\d)>", text, flags=re.DOTALL):
        assert plain(told)


@pytest.mark.parametrize("case", PAGES)
def test_every_world_has_its_section_with_kind_cohorts_shares_and_notes(case):
    names = overview.names(stories(case))
    assert len(set(names)) == len(names)
    for number, (name, story) in enumerate(zip(names, stories(case), strict=True)):
        told, about = plain(section(case, number)), story.main.about
        assert told.startswith(name)
        assert ("Real data" if about.real else "Simulated") in told
        assert ("are estimates from data" in told) == about.estimated
        for note in about.notes:
            assert note.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}") in told.replace(
                "'", "\N{RIGHT SINGLE QUOTATION MARK}"
            )
        if len(about.cohorts) > 1:
            for cohort in about.cohorts:
                assert cohort.name.lower() in told.lower()
                assert f"{cohort.share * 100:.0f} % of" in told
        else:
            assert "Who they are" not in told


@pytest.mark.parametrize("case", PAGES)
def test_the_overview_holds_every_world_and_every_policy_and_links_to_both(case):
    table = table_of(case, "worlds-regret")
    for number, name in enumerate(overview.names(stories(case))):
        assert f'href="#s{number}"' in table
        assert name in plain(table)
    shipped = {p for story in stories(case) for p in story.main.contenders if p != "random"}
    assert all(label in plain(table) for label in shipped)
    assert page(case).index('id="worlds"') < page(case).index('id="asked"')


@pytest.mark.parametrize("case", [case for case in CASES if case not in MANY])
def test_one_world_has_no_overview(case):
    assert 'id="worlds"' not in page(case)
    assert "Which policy wins where" not in page(case)


def test_a_policy_that_was_not_run_in_a_world_has_no_number_there():
    """Linear Thompson was run in the first four worlds of seven."""
    (lines,) = [table.lines for table in [overview.by_regret(stories("mixture"), [f"s{n}" for n in range(7)])]]
    assert [line.cells[-1].number == "–" for line in lines] == [False] * 4 + [True] * 3


def test_regret_is_told_in_percent_of_that_of_random_and_the_best_is_bold():
    """0.3 of 0.6 is 50 %; at random 0.6; of the cohorts the second misses most, 0.9 of 0.6: 150 %."""
    story = stories("Three groups")[0]
    numbers = {("random", 0.6): (0.5, 0.7, 0.9), ("linear Thompson", 0.3): (0.1, 0.9, 0.2)}
    estimates = {}
    for (label, whole), parts in numbers.items():
        for key, value in zip(("all", "g0", "g1", "g2"), (whole, *parts), strict=True):
            estimates[label, key, "regret_per_visit"] = Estimate(value, value - 0.05, value + 0.05)
            estimates[label, key, "visits"] = Estimate(10.0)
    setting = dataclasses.replace(story.main, estimates=estimates, differences=lambda _: {})
    (line,) = overview.by_regret([dataclasses.replace(story, settings=(setting,))], ["s0"]).lines
    cell = line.cells[
        [p.label for p in setting.policies if p.kind not in {"Random", "Oracle"}].index("linear Thompson")
    ]
    assert line.reference.number == "0.600"
    assert (cell.number, cell.aside, cell.best) == (
        "50\N{NO-BREAK SPACE}%", "people of group 1: 150\N{NO-BREAK SPACE}%", True
    )  # fmt: skip


@pytest.mark.parametrize(("low", "best"), [(-0.01, True), (0.01, False)])
def test_who_is_not_clearly_behind_the_best_is_among_the_best(low, best):
    """0.2 more, within 0.2 ± 0.21 it could be luck, within 0.2 ± 0.19 not."""
    story = stories("One arm or another")[0]
    labels = ("linear Thompson", "Thompson, no features")
    estimates = {(p, "all", "regret_per_visit"): Estimate(v) for p, v in zip(labels, (0.1, 0.3), strict=True)}

    def differences(reference):
        assert reference == labels[0]
        return {(story.main.label, labels[1], "all", "regret_per_visit"): Estimate(0.2, low, 0.4 - low)}

    setting = dataclasses.replace(story.main, estimates=estimates, differences=differences)
    assert chance.winners(setting) == list(labels[: 1 + best])


def compared(*differences: tuple[float, float, float]) -> Setting:
    """0.1, 0.2 and at random 0.3 missed; the interval of 0.1 minus 0.3, and of 0.2 minus 0.3 (mean, low, high)."""
    setting = stories("One arm or another")[0].main
    labels = ("linear Thompson", "Thompson, no features")
    missed_by = dict(zip((*labels, "random"), (0.1, 0.2, 0.3), strict=True))
    estimates = {(p, "all", "regret_per_visit"): Estimate(v) for p, v in missed_by.items()}

    def against(reference):
        found = {(labels[i], "random"): Estimate(*ends) for i, ends in enumerate(differences)}
        found["random", labels[0]] = Estimate(-differences[0][0], -differences[0][2], -differences[0][1])
        found[labels[1], labels[0]] = Estimate(0.1, -0.1, 0.3)
        return {
            (setting.label, p, "all", "regret_per_visit"): e for (p, other), e in found.items() if other == reference
        }

    return dataclasses.replace(setting, estimates=estimates, differences=against)


def test_nobody_wins_who_is_not_clearly_better_than_at_random():
    """−0.2 ± 0.3 may be luck, −0.2 ± 0.1 not; the second best, 0.1 ± 0.2 behind, wins too if it beats chance."""
    none = compared((-0.2, -0.5, 0.1), (-0.1, -0.3, 0.1))
    one = compared((-0.2, -0.3, -0.1), (-0.1, -0.3, 0.1))
    both = compared((-0.2, -0.3, -0.1), (-0.1, -0.15, -0.05))
    assert [len(chance.winners(setting)) for setting in (none, one, both)] == [0, 1, 2]
    assert [chance.verdict(setting) for setting in (none, one, both)] == [chance.NOBODY, "", ""]
    told = plain(str(overview.lead([Story((none,)), Story((one,))])))
    assert "linear Thompson missed least, or not clearly more, in one of the two rows." in told
    assert "In one row no policy is clearly better than showing anything at random." in told
    assert "Of the policies" not in overview.lead([Story((none,))])


def test_where_all_actions_bring_the_same_nobody_wins_and_nobody_is_ranked():
    (line, *_) = overview.by_regret(stories("odd"), [f"s{n}" for n in range(4)]).lines
    assert line.verdict == chance.FLAT
    assert {(cell.number, cell.best) for cell in line.cells} == {("–", False)}
    told = plain(section("odd", 0))
    assert "Regret cannot be told. All actions are expected to bring the same, whatever is shown." in told
    assert "spared most" not in told
    assert "earned most" not in told
    assert "first" not in grids.glance(stories("odd")[0].main, "k").caption


def test_where_nobody_learns_in_time_nobody_earns_most():
    """Of 100 visits in batches of 500 a policy has news of none: what it shows is chance."""
    story = stories("odd")[1]
    assert chance.verdict(story.main) == chance.NOBODY
    assert "No policy is clearly better than showing anything at random." in plain(section("odd", 1))
    assert "Under random a visit earned most" not in plain(section("odd", 1))


def test_worlds_that_share_a_title_go_by_the_names_that_they_were_given():
    assert overview.names(stories("odd"))[2:] == ["a twin", "a twin, in one batch"]


def test_what_a_wrapper_does_comes_first_in_the_notes_and_stands_in_the_overview_if_short():
    first = re.search(r'<ul class="notes"><li>([^<]*)</li>', section("odd", 3))
    assert first is not None
    assert first[1] == stories("odd")[3].main.added[0]
    assert "A note on Twins." in section("odd", 3)
    assert first[1] in plain(table_of("odd", "worlds-regret"))
    assert stories("odd")[2].main.added == ()


@pytest.mark.parametrize("case", ["mixture", "odd"])
def test_the_table_of_many_worlds_fits_80_columns_breaks_at_spaces_and_leaves_no_blanks(case):
    said = io.StringIO()
    for table in console_table(CASES[case]()):
        Console(width=80, no_color=True, file=said).print(table)
    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []
    told = {word for line in lines for word in re.findall(r"\w+", line)}
    best = [won[0] for story in stories(case) if (won := chance.winners(story.main))]
    assert {word for name in [*overview.names(stories(case)), *best] for word in re.findall(r"\w+", name)} <= told


def test_two_shares_are_at_most_100_percentage_points_apart():
    result = mixture()
    for story in read(result).stories:
        for policy in story.main.contenders:
            for (*_, metric), found in story.main.differences(policy).items():
                if METRICS[metric].unit == "share" and found.has_interval:
                    assert -1 <= found.low <= found.high <= 1


def test_letters_that_a_font_lacks_give_no_warning_and_stay_letters(recwarn):
    drawn = panel(lambda _, axes: axes.set_title("日本"), 100, (10, 10, 30, 10))
    assert "日本" in drawn
    assert [str(w.message) for w in recwarn] == []


@pytest.mark.slow
def test_without_random_worlds_are_told_by_rank():
    table = plain(table_of("once, without random", "worlds-regret"))
    assert "Ranks by regret a visit" in table
    assert "no. 1" in table
    assert "At random" not in table


@pytest.mark.parametrize("case", SILENT)
def test_where_nothing_is_declared_bad_nobody_is_told_of_harm(case):
    """Not of bad recommendations, nor of their absence; what is told is what was missed."""
    text = page(case)
    told = plain(text[text.index('<section id="s0-found"') : text.index('<section id="annex"')])
    assert re.findall(r"(?i)\b(?:bad|harms?|harmed|suffers?|exposure)\b", told) == []
    assert "missed" in told
    assert "Nothing is declared to be bad in this world." in plain(text)


def test_the_table_of_harm_holds_the_worlds_that_say_what_is_bad_and_no_others():
    table = plain(table_of("mixture", "worlds-bad"))
    for name, story in zip(overview.names(stories("mixture")), stories("mixture"), strict=True):
        assert (name in table) == bool(story.main.about.bad_means)
    assert overview.by_harm([s for s in stories("mixture") if not s.main.harms], ["s0"] * 4) is None


@pytest.mark.parametrize("case", ["One arm or another", "Everybody and harm"])
def test_where_nobody_is_told_apart_cohorts_are_not_compared(case):
    setting = only(case)
    told = plain(page(case))
    assert learning(setting, "k") is None
    assert missed.learning(setting, "k") is None
    assert "another" not in " ".join(head for head, _ in findings(stories(case)[0]))
    for words in (
        "Who they are",
        "for each cohort",
        "does not suit",
        "by everybody",
        "to whom",
        "What happened to each",
    ):
        assert words not in told
    assert "Everybody were" not in told


def test_what_is_bad_for_everybody_is_still_told():
    told = plain(page("Everybody and harm"))
    assert "An action that succeeds less often than in 40% of its visits is bad." in told
    assert re.search(
        r"How much was bad\. Averaged over the three policies other than oracle, \d+ % of the visits", told
    )


def test_regret_against_estimates_is_marked_wherever_it_is_told():
    """In every heading of a table or a figure of the world, and nowhere in a world whose rewards are known."""
    for case, mark in (("Estimated groups", ", est."), ("Three groups", "")):
        text = page(case)
        heads = re.findall(r'<th scope="(?:col|row)">([^<]*(?:<wbr>[^<]*)*)</th>', text)
        heads = [head.replace("<wbr>", "") for head in heads]
        heads += re.findall(r"<text[^>]*>(Regret [^<]*|regret [^<]*)</text>", text)
        regret = [head for head in heads if re.match(r"(?i)(user_)?regret[_ ](?:a visit|so far|per_visit)", head)]
        assert len(regret) > 5
        assert all(head.endswith(mark) for head in regret)
        assert ("est." in "".join(regret)) == bool(mark)
        assert ("are estimates from data" in plain(text)) == bool(mark)
    assert ", est." in read(clothing()).stories[0].main.title("regret_per_visit")


def test_a_replayed_log_says_how_many_of_its_visits_took_place():
    told = plain(page("A replayed log"))
    assert re.search(r"300 visits, of which \d+ to \d+, depending on the policy, took place", told)
    setting = only("A replayed log")
    assert "Visits" in grids.glance(setting, "k").columns
    assert "Visits" not in grids.glance(only("Three groups"), "k").columns


def test_of_a_handful_of_visits_nothing_is_claimed_of_the_end():
    """Some eight visits took place, one at most in the last tenth."""
    setting = only("A replayed log")
    assert all("last tenth" not in " ".join(about_persona(setting, cohort)) for cohort in setting.cohorts)
    figure = missed.learning(setting, "k")
    assert figure is not None
    assert "few visits" in figure.title


def test_a_figure_follows_six_cohorts_of_many_the_worst_and_the_best_among_them():
    setting = only("occupations")
    assert len(setting.cohorts) == 9
    assert len(setting.followed) == 6
    by_fate = sorted(setting.cohorts, key=setting.suffering)
    assert {by_fate[0], by_fate[-1]} <= set(setting.followed)
    figure = missed.learning(setting, "k")
    assert figure is not None
    assert "Of the nine cohorts six are shown" in figure.reading
    told = plain(page("occupations"))
    assert all(cohort.name.capitalize() in told for cohort in setting.cohorts)
    assert only("Three groups").followed == only("Three groups").cohorts


def test_exactly_one_of_the_two_kinds_of_figures_is_drawn():
    """Shares of what was bad where that is declared, regret where it is not."""
    for case, harms in (("Three groups", False), ("Everybody and harm", True)):
        setting = only(case)
        assert (persona_figure(setting, setting.cohorts[0], "k") is not None) == harms
        assert (missed.persona(setting, setting.cohorts[0], "k") is not None) == (not harms)
        assert (tradeoff(setting, "k") is not None) == harms


def test_a_cohort_that_nobody_harms_has_no_panel_and_is_named():
    """In the reviews, no class is bad for those over 50."""
    reviews = stories("mixture")[1].main
    figure = tradeoff(reviews, "k")
    assert figure is not None
    assert len(figure.panels) == 3
    assert "Without a panel: visitors aged 50–59 and visitors aged 60 and over" in figure.reading


@pytest.mark.slow
def test_regret_has_no_interval_below_zero():
    for story in stories("dozen"):
        for (_, _, metric), estimate in story.main.estimates.items():
            if metric in {"regret", "regret_per_visit"} and estimate.has_interval:
                assert 0 <= estimate.low <= estimate.mean


def test_where_nothing_took_place_the_page_says_so():
    """No visit of the log shows "d": there are no rates, and so no findings, no figures, and no numbers made up."""
    result = run(Experiment(name="log", environments=[Log(1)], policies=[Always(action="d")], replications=2))
    text = render(result)
    told = plain(text)
    assert "6 visits, of which 0 took place" in told
    assert "No visit took place under any policy, so that there is nothing to compare." in told
    assert "<svg" not in text
    assert '<ul class="findings">' not in text
    assert not re.search(r"\bnan\b|\bNone\b", plain(text[: text.index("<h3>Parameters</h3>")]))


def test_a_world_in_which_nothing_was_finished_is_named():
    result = changed(alone("One arm or another"))
    entry = result.manifest["environments"][0]
    result.manifest["environments"].append({**entry, "label": "the other arm"})
    assert "Nothing was finished in the other arm: this page does not tell of it." in plain(render(result))
    assert "Nothing was finished" not in plain(page("One arm or another"))


@pytest.mark.parametrize("case", PAGES)
def test_the_page_is_small_enough_to_send(case):
    assert len(page(case).encode()) < LARGEST


@pytest.mark.parametrize("case", EACH)
def test_the_terminal_says_it_shortly(case):
    """At most 100 columns; of many worlds one table, of three lines a world at most."""
    said = io.StringIO()
    console = Console(width=400, no_color=True, force_terminal=False, file=said)
    tables = console_table(CASES[case]())
    for table in tables:
        console.print(table)
    lines = said.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 100
    assert not re.search(r"\bnan\b|None", said.getvalue())
    if case in MANY:
        assert len(tables) == 1
        assert len(lines) <= 12 + 4 * len(stories(case))
        for name in overview.names(stories(case)):
            assert name.split()[0] in said.getvalue()
    assert len(lines) < 80


def test_ticks_are_written_with_the_decimals_that_they_have():
    """0, 0.25, 0.5 …: two decimals; 0, 2, 4 …: none; 0, 0.003, …: three."""
    for top, value, written in ((1.0, 0.25, "0.25"), (8.0, 2.0, "2"), (0.012, 0.003, "0.003"), (10.0, 2.5, "2.5")):
        assert tick_labels(Unit("amount"), top)(value, 0) == written

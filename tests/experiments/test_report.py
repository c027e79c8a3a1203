"""The report says what the numbers say, about any result, and is one safe, self-contained page."""

from __future__ import annotations

import dataclasses
import functools
import html.parser
import io
import itertools
import re

import polars as pl
import pytest
from rich.console import Console
from small_results import Written, acme, changed, clothing

from experiments.reports.bargains import bought
from experiments.reports.comparisons import objectives
from experiments.reports.definitions import METRICS
from experiments.reports.facts import Story
from experiments.reports.figures import recent_share
from experiments.reports.findings import findings
from experiments.reports.needs import apart
from experiments.reports.page import render, write_report
from experiments.reports.phrases import gap, waited
from experiments.reports.reading import read
from experiments.reports.sentences import about_persona
from experiments.reports.tables import console_table
from experiments.reports.wording import Estimate

EVIL = '<script>alert(1)</script> & "$x$"'
LONG = "Cautious(PersonaBelief(LinearThompson(scale=0.25)), quota=0.25, pessimism=0.5)"
FAILURE = {"policy": "LinUCB", "environment": "long_term", "replication": 2, "message": "policy 'LinUCB' chose <NaN>"}


def evil():
    return changed(
        acme(),
        policies={"random": [EVIL], "linear Thompson": ["linear Thompson"], "oracle": ["oracle"]},
        cohorts={"luke": {"name": EVIL, "role": EVIL, "text": [[EVIL, EVIL]]}},
        changes=[{"time": 20, "label": EVIL}, {"time": 30, "label": "roles change"}],
    )


def crowded():
    """Sixteen policies with long names."""
    names = [f"{LONG[:-1]}, seed={i})" for i in range(14)]
    return changed(
        acme(),
        policies={
            "linear Thompson": names[:7],
            "Thompson, no features": names[7:],
            "random": [LONG],
            "oracle": ["o" * 60],
        },
    )


CASES = {
    "acme": acme,
    "clothing": clothing,
    "one replication": lambda: changed(acme(), replications=1),
    "one policy": lambda: changed(acme(), policies={"linear Thompson": ["linear Thompson"]}),
    "only the marks": lambda: changed(acme(), policies={"nothing shown": ["nothing shown"], "oracle": ["oracle"]}),
    "failures": lambda: changed(acme(), failures=[FAILURE]),
    "evil": evil,
    "crowded": crowded,
}

SLOW = ("crowded", "one policy", "only the marks")
EACH = [pytest.param(case, marks=pytest.mark.slow) if case in SLOW else case for case in CASES]


@functools.cache
def page(case: str) -> str:
    return render(CASES[case]())


class Outline(html.parser.HTMLParser):
    """What stands in a page: tags in order, ids, and the text without tags."""

    VOID = frozenset({"meta", "wbr", "br", "path", "use", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@functools.cache
def outlined(text: str) -> Outline:
    return Outline(text)


@pytest.mark.parametrize("case", EACH)
def test_tags_are_closed_in_the_order_in_which_they_were_opened(case):
    assert outlined(page(case)).open == []


@pytest.mark.parametrize("case", EACH)
def test_nothing_is_loaded_and_nothing_is_run(case):
    outline = outlined(page(case))
    assert not outline.all("script", "link", "img", "iframe", "object", "embed")
    for _, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", page(case))
    assert "@import" not in page(case)


@pytest.mark.parametrize("case", EACH)
def test_ids_are_unique_and_every_reference_is_met(case):
    outline = outlined(page(case))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in outline.tags:
        named = (attributes.get("aria-labelledby") or "").split()
        linked = [(attributes.get(name) or "")[1:] for name in ("href", "xlink:href") if attributes.get(name)]
        assert set(named + linked) <= set(ids)
    assert set(re.findall(r"url\(#([\w-]+)\)", page(case))) <= set(ids)


@pytest.mark.parametrize("case", EACH)
def test_every_figure_has_a_title_and_a_description(case):
    drawings = re.findall(r"<svg.*?</svg>", page(case), flags=re.DOTALL)
    assert drawings
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert len(re.findall(r"<title id=[^>]*>[^<]{5,}</title>", drawing)) == 1
        assert len(re.findall(r"<desc id=[^>]*>[^<]{10,}</desc>", drawing)) == 1


@pytest.mark.parametrize("case", EACH)
def test_headings_descend_one_step_at_a_time_and_tables_are_named(case):
    outline = outlined(page(case))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(outline.all("table")) == len(outline.all("caption"))
    assert all(attributes.get("scope") for attributes in outline.all("th"))
    assert outline.all("html")[0]["lang"] == "en"
    assert len(outline.all("main")) == 1


def test_the_same_result_gives_the_same_bytes(tmp_path):
    for name in ("a.html", "b.html"):
        write_report(acme(), tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_text_from_a_file_is_escaped_everywhere():
    text = page("evil")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; " in text
    drawn = "".join(re.findall(r"<text.*?</text>", text, flags=re.DOTALL))
    assert "$x$" in drawn  # and not an italic x: no formula is read into it
    assert EVIL in " ".join("".join(outlined(text).text).split())


@pytest.mark.parametrize("case", EACH)
def test_no_number_is_missing_or_infinite(case):
    told = " ".join(outlined(page(case)).text).split("Parameters")[0]
    assert re.findall(r"\b(?:nan|inf|None|null)\b", told) == []


def test_a_world_without_people_or_money_is_told_by_visits():
    text = "".join(outlined(page("clothing")).text)
    told = text.split("Annex for engineers")[1].split("What was asked")[-1]
    assert "Of the first 100 visits by visitors aged" in text
    assert "customer" not in told
    assert "$" not in told
    assert "None" not in told


def test_one_replication_has_no_intervals_and_says_so():
    text = "".join(outlined(page("one replication")).text)
    assert "single repetition" in text
    assert "% interval" not in text
    assert "unlikely to be luck" not in text


def test_one_objective_has_no_section_on_objectives():
    assert "What each objective bought" not in page("clothing")
    assert "What each objective bought" in page("acme")


def test_failures_are_said_at_the_top_and_listed_in_the_annex():
    text = page("failures")
    assert "1 part of this experiment failed" in text
    assert "policy &#39;LinUCB&#39; chose &lt;NaN&gt;" in text
    assert "What failed" not in page("acme")


def test_every_metric_of_a_result_is_defined():
    assert set(acme().summary()["metric"].unique()) <= set(METRICS)
    assert set(clothing().summary()["metric"].unique()) <= set(METRICS)


def written(**changes):
    numbers = {}
    for policy, bad, month, churn, value in (
        ("linear Thompson", 24.04, 7.1, 0.31, 180.2),
        ("per persona", 5.0, 2.4, 0.14, 374.0),
        ("nothing shown", 0.0, 0.0, 0.13, 212.0),
    ):
        for cohort in ("luke", "sam", "all"):
            share = (
                0.9 if (policy, cohort) == ("linear Thompson", "luke") else 0.1 if policy != "nothing shown" else 0.0
            )
            numbers |= {
                (policy, cohort, "bad_per_customer"): (bad, bad - 0.5, bad + 0.5),
                (policy, cohort, "bad_first_30_days"): (month, month - 0.3, month + 0.3),
                (policy, cohort, "bad_per_visit"): (share, share, share),
                (policy, cohort, "churn"): (churn, churn - 0.01, churn + 0.01),
                (policy, cohort, "value_per_customer"): (value, value - 2, value + 2),
                (policy, cohort, "customers"): (10.0, 10.0, 10.0),
                (policy, cohort, "visits"): (100.0, 100.0, 100.0),
            }
    return Written(numbers | changes)


def test_a_sentence_is_made_of_the_numbers():
    """Luke's first 30 days: 7.1 ± 0.3 under linear Thompson and 2.4 ± 0.3 under per persona."""
    setting = read(written()).stories[0].main
    first = about_persona(setting, setting.cohorts[0])[0].striptags().replace("\N{NO-BREAK SPACE}", " ")
    assert first.startswith(
        "In his first 30 days Luke was shown 7.1 bad recommendations under linear Thompson (95 % interval 6.8 to 7.4) "
        "and 2.4 under per persona (2.1 to 2.7)."
    )


def test_the_longest_run_is_told_as_an_average_over_everybody():
    """The unlucky are one in twenty; the runs of 10.3 and 2.0 are means over all customers."""
    numbers = {
        (policy, "luke", metric): (value, value - 0.2, value + 0.2)
        for policy, tail, run in (("linear Thompson", 18.8, 10.3), ("per persona", 7.0, 2.0))
        for metric, value in (("cvar95_bad", tail), ("longest_streak", run))
    }
    result = written()
    result._numbers = {**result._numbers, **numbers}
    setting = read(result).stories[0].main
    unlucky = next(p for p in about_persona(setting, setting.cohorts[0]) if "unlucky" in p)
    assert unlucky.striptags().replace("\N{NO-BREAK SPACE}", " ") == (
        "Averages hide the unlucky: of customers like Luke, the one in twenty who fared worst saw 18.8 bad "
        "recommendations under linear Thompson (95 % interval 18.6 to 19.0) and 7.0 under per persona (6.8 to 7.2). "
        "The longest unbroken run of bad recommendations, averaged over all customers like Luke, was 10.3 under "
        "linear Thompson (95 % interval 10.1 to 10.5) and 2.0 under per persona (1.8 to 2.2)."
    )


def test_the_recent_share_is_of_a_tenth_of_the_time_however_the_checkpoints_lie():
    """Of 180 days a tenth is 18: day 10 has all before it, 8 / 10; 28 is after day 10, 6 / 18; 180 is after 162.

    Day 162 lies 134 / 152 of the way from 28 (14 bad, 28 visits) to 180 (52, 180), at 47.5 and 162: 4.5 / 18.
    """
    setting = read(written()).stories[0].main
    frame = pl.DataFrame({"time": [10, 28, 180], "bad": [8.0, 14.0, 52.0], "visits": [10.0, 28.0, 180.0]})
    found = recent_share(dataclasses.replace(setting, curves={("A", "luke"): frame}), "A", "luke")
    assert found is not None
    assert found[0].tolist() == [10, 28, 180]
    assert found[1].tolist() == pytest.approx([8 / 10, 6 / 18, 4.5 / 18])


def test_the_recent_share_skips_a_tenth_in_which_nobody_came():
    """Nobody comes between day 20 and day 100, and 5 of the 10 who come by day 180 are shown something bad."""
    setting = read(written()).stories[0].main
    frame = pl.DataFrame({"time": [20, 100, 162, 180], "bad": [4.0, 4.0, 4.0, 9.0], "visits": [20.0, 20.0, 20.0, 30.0]})
    found = recent_share(dataclasses.replace(setting, curves={("A", "luke"): frame}), "A", "luke")
    assert found is not None
    assert found[0].tolist() == [20, 180]
    assert found[1].tolist() == pytest.approx([(4 - 4 * 2 / 20) / 18, 5 / 10])


def test_the_findings_name_who_suffers_and_what_is_best_for_whom():
    """Luke: (90 + 10) / 2 = 50 % of visits are bad, Sam: 10 %. Worth: 374 − 180.2 = 193.80 less, ± 1."""
    told = dict(findings(read(written()).stories[0]))
    plain = {head: text.striptags().replace("\N{NO-BREAK SPACE}", " ") for head, text in told.items()}
    assert "50 % of the visits by customers like Luke" in plain["Luke suffers most."]
    assert "10 % for Sam" in plain["Luke suffers most."]
    business = plain["What is best for the business."]
    assert business.startswith("Under per persona a customer was worth most: $374")
    assert "it was $194 less (95 % interval $193 to $195: unlikely to be luck)" in business
    assert "nobody has to choose" in plain["What is best for Luke."]


def test_a_policy_that_is_told_what_to_expect_is_no_contender():
    """A learner per cohort around the oracle would win by what it is told; the money is the next one's then."""
    result = written()
    for entry in result.manifest["policies"]:
        entry["informed"] = entry["label"] == "per persona"
    setting = read(result).stories[0].main
    assert setting.contenders == ("linear Thompson",)
    assert setting.oracle is None
    told = {head: text.striptags() for head, text in findings(read(result).stories[0])}
    assert told["What is best for the business."].startswith("Under linear Thompson")
    assert "policies other than" not in told["Luke suffers most."]


def test_a_difference_within_its_interval_could_be_luck():
    """375 − 374 = 1 ± 1 holds zero."""
    close = {("linear Thompson", "all", "value_per_customer"): (373.5, 370.0, 377.0)}
    result = written()
    result._numbers = {**result._numbers, **close}
    told = dict(findings(read(result).stories[0]))
    assert "it could be luck" in told["What is best for the business."].striptags()


@pytest.mark.parametrize(
    ("label", "kind", "said"),
    [
        ("acme/cart_value", "Storefront", "cart value"),
        ("acme/cart_value (days=60)", "Storefront", "cart value"),
        ("cart_value", "Storefront", "cart value"),
        ("Shop(days=60)", "my_shop:Shop", "cart value"),
        ("large baskets", "Storefront", "large baskets"),
    ],
)
def test_an_objective_is_called_by_the_name_that_somebody_gave_it(label, kind, said):
    setting = read(written()).stories[0].main
    about = dataclasses.replace(setting.about, objective="cart_value")
    other = dataclasses.replace(setting, label=label, about=about, table={"kind": kind})
    assert Story((setting, other)).name(other) == said
    assert Story((setting, other)).name(setting) == "long term"


def test_few_returns_are_told_of_who_asked_for_them():
    """Of visits 1 % against 15 % end in a return, though of the little that is bought as much comes back (40 %)."""
    setting = read(written()).stories[0].main
    label = "linear Thompson"

    def under(objective, **means):
        about = dataclasses.replace(setting.about, objective=objective)
        estimates = {(label, "all", m): Estimate(v, 0.9 * v, 1.1 * v) for m, v in means.items()}
        return dataclasses.replace(setting, label=objective, about=about, estimates=estimates)

    low = under("low_returns", basket=3.0, return_rate=0.4, returns_per_visit=0.01, churn=0.25)
    cart = under("cart_value", basket=27.0, return_rate=0.4, returns_per_visit=0.15, churn=0.1)
    sentences = bought(Story((low, cart)), label)
    told = {name: text.striptags().replace("\N{NO-BREAK SPACE}", " ") for name, text in sentences}
    assert told["low returns"].startswith(
        "It bought the fewest visits that ended in a return (1.0 %), and paid with the smallest basket ($3.00) and "
        "the most customers lost (25 %)."
    )
    assert told["cart value"].startswith(
        "It bought the largest basket ($27.00) and the fewest customers lost (10 %), and paid with the most visits "
        "that ended in a return (15 %)."
    )


def rewarded(**churn):
    """One policy under some objectives, which lose these shares of the customers: (mean, low, high)."""
    setting = read(written()).stories[0].main

    def under(objective, ends):
        about = dataclasses.replace(setting.about, objective=objective)
        estimates = {("linear Thompson", "all", "churn"): Estimate(*ends)}
        return dataclasses.replace(setting, label=objective, about=about, estimates=estimates)

    return Story(tuple(under(objective, ends) for objective, ends in churn.items()))


@pytest.mark.parametrize(
    ("low", "cart", "said"),
    [
        ((0.007, 0.0, 0.014), (0.015, 0.008, 0.022), "No clear difference in how many customers the objectives lose"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), "Each objective loses the same share of the customers, 0 %"),
    ],
)
def test_what_luck_could_explain_is_no_difference_in_the_list_and_in_the_title_of_the_figure(low, cart, said):
    """0.7 ± 0.7 % and 1.5 ± 0.7 % overlap between 0.8 and 1.4 %; 0 and 0 are the same."""
    story = rewarded(low_returns=low, cart_value=cart)
    figure = objectives(story, "linear Thompson", "key")
    assert figure is not None
    assert figure.title.striptags().replace("\N{NO-BREAK SPACE}", " ").startswith(said)
    assert [text.striptags() for _, text in bought(story, "linear Thompson")] == [
        "No clear difference from the others in any of these measures."
    ] * 2
    assert "What a policy is rewarded for matters." not in dict(findings(story))


@pytest.mark.parametrize(
    ("third", "said"),
    [
        ((0.2, 0.19, 0.21), "“Low returns” loses the most customers, 25 %; “cart value” the fewest, 11 %"),
        ((0.23, 0.2, 0.26), "“Low returns” loses more customers than “cart value”: 25 % against 11 %"),
    ],
)
def test_the_most_and_the_fewest_are_those_that_luck_could_not_have_put_there(third, said):
    """25 ± 1 % is above 20 ± 1 %, and shares 24 to 26 % with 23 ± 3 %."""
    story = rewarded(low_returns=(0.25, 0.24, 0.26), cart_value=(0.11, 0.1, 0.12), long_term=third)
    figure = objectives(story, "linear Thompson", "key")
    assert figure is not None
    assert figure.title.striptags().replace("\N{NO-BREAK SPACE}", " ").lower() == said.lower()


def alike():
    """Two policies that come to the same in everything, and no Sam."""
    numbers = {}
    for policy in ("linear Thompson", "per persona"):
        for cohort in ("luke", "sam", "all"):
            came = 0.0 if cohort == "sam" else 10.0
            numbers |= {(policy, cohort, metric): (came,) * 3 for metric in ("customers", "visits")}
            if cohort != "sam":
                zero = ("bad_per_customer", "bad_first_30_days", "bad_per_visit", "churn", "value_per_customer")
                numbers |= {(policy, cohort, metric): (0.0, 0.0, 0.0) for metric in zero}
    result = Written(numbers)
    result.manifest["environments"][0]["about"]["horizon"] = 20
    return result


def test_what_is_the_same_has_no_most_and_no_least():
    setting = read(alike()).stories[0].main
    paragraphs = about_persona(setting, setting.cohorts[0])
    told = " ".join(p.striptags() for p in paragraphs).replace("\N{NO-BREAK SPACE}", " ")
    assert told.startswith("In his 20 days Luke was shown 0 bad recommendations under each of the two policies.")
    assert "By day 20, 0 % of customers like Luke had left under each of the two policies." in told
    assert "A customer like Luke was worth $0 under each of the two policies." in told
    found = " ".join(text.striptags() for _, text in findings(read(alike()).stories[0]))
    for word in ("the most", "the fewest", "the least", "less"):
        assert word not in told + found


def test_of_a_cohort_without_anybody_that_is_all_that_is_told():
    text = render(alike())
    outline = outlined(text)
    assert "No customer like Sam came in any repetition, so that there is nothing to tell." in "".join(outline.text)
    assert "Sam: what each policy did" not in text
    assert "Luke: what each policy did" in text
    assert "10 customers" in text


def test_a_difference_agrees_with_the_numbers_beside_it():
    """1.25 and 1.61 are written 1.2 and 1.6, whose difference is 0.4, as is 0.36; 1.26 and 1.64 are 1.3 and 1.6."""
    setting = read(written()).stories[0].main
    said = [
        gap(setting, "bad_per_customer", Estimate(high - low), (Estimate(high), Estimate(low))).number
        for low, high in ((1.24, 1.61), (1.26, 1.64))
    ]
    assert said == ["0.4", "0.38"]


def test_a_wait_has_the_decimals_of_its_interval():
    """Between 0.6 and 0.9 days both ends would be one day; 4 and 7 are whole days."""
    setting = read(written()).stories[0].main
    short, long = waited(setting, Estimate(0.74, 0.6, 0.9)), waited(setting, Estimate(5.2, 4.1, 7.0))
    assert (short.number, short.interval) == ("0.7 days", "0.6 to 0.9")
    assert (long.number, long.interval) == ("5 days", "4 to 7")


def test_policies_are_told_apart_by_what_is_in_them_and_their_needs_are_said():
    """A belief in declared cards, two wrappers deep, and a learner per cohort around one that is run alone."""
    thompson = {"kind": "LinearThompson", "scale": 1.0}
    belief = {"kind": "PersonaBelief", "policy": thompson, "cards": "declared"}
    tables = {
        "linear Thompson": thompson,
        "per persona": {"kind": "PerCohort", "policy": {"kind": "Cautious", "policy": belief, "margin": 0.5}},
    }
    result = written()
    for entry in result.manifest["policies"]:
        entry["table"] = tables.get(entry["label"], entry["table"])
    entries = result.manifest["policies"]
    assert apart(entries[0], entries) == ""
    assert apart(entries[1], entries) == (
        "around Cautious (margin = 0.5) around PersonaBelief (cards = declared) around linear Thompson"
    )
    told = "".join(outlined(render(result)).text)
    assert "Told who is visiting, with the right label at each visit: per persona." in told
    assert "Told by declared cards what each persona looks like: per persona." in told
    assert "Told who is visiting" not in "".join(outlined(render(written())).text)


def test_few_repetitions_are_said_to_leave_wide_intervals():
    assert "So few repetitions leave wide intervals" in page("acme")
    assert "So few repetitions leave wide intervals" not in render(written())


@pytest.mark.parametrize("case", EACH)
def test_the_terminal_tables_fit_100_columns(case):
    said = io.StringIO()
    console = Console(width=400, no_color=True, force_terminal=False, file=said)
    for table in console_table(CASES[case]()):
        console.print(table)
    lines = said.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 100
    assert not re.search(r"\bnan\b|None", "\n".join(lines))

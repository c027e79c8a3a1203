"""How numbers, lists and labels are written."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from environments.protocol import Cohort
from experiments.reports.labels import spread
from experiments.reports.phrases import by, each_of, narrow, policy, soft, was_shown
from experiments.reports.wording import Estimate, Unit, counted, curly, listing, shorten, wrap

COUNT, SHARE, MONEY, POINTS = Unit("count"), Unit("share"), Unit("amount", "$"), Unit("amount", "points")


@pytest.mark.parametrize(
    ("unit", "value", "written"),
    [
        (COUNT, 7.06, "7.1"),
        (COUNT, 0.034, "0.03"),
        (COUNT, 1234.6, "1,235"),
        (COUNT, 0.0, "0"),
        (SHARE, 0.1249, "12 %"),
        (SHARE, 0.0462, "4.6 %"),
        (SHARE, 0.0, "0 %"),
        (SHARE, 1.0, "100 %"),
        (MONEY, 374.4, "$374"),
        (MONEY, 26.6, "$26.60"),
        (MONEY, -12.5, "−$12.50"),
        (MONEY, -0.001, "$0.00"),
        (POINTS, 0.0704, "0.070 points"),
        (POINTS, 0.000264, "0.00026 points"),
        (POINTS, 1e-17, "0.000 points"),
        (COUNT, 0.0034, "0.003"),
        (Unit("days"), 163.7, "164"),
    ],
)
def test_numbers_are_rounded_as_a_newspaper_would(unit, value, written):
    assert unit.write(value).replace("\N{NO-BREAK SPACE}", " ") == written


def test_an_interval_has_the_decimals_of_its_mean_and_one_unit():
    assert str(COUNT.say(Estimate(7.1, 6.8, 7.4))) == "7.1 (6.8 to 7.4)"
    assert SHARE.say(Estimate(0.12, 0.11, 0.13)).interval.replace("\N{NO-BREAK SPACE}", " ") == "11 to 13 %"
    assert MONEY.say(Estimate(374.2, 370.9, 378.1)).interval == "$371 to $378"


def test_an_interval_that_would_vanish_gets_one_more_decimal():
    """0.1304 ± 0.0034 is 13 % (13 to 13 %) to the percent, so a decimal more is written."""
    said = SHARE.say(Estimate(0.1304, 0.1270, 0.1338))
    assert said.number.startswith("13.0")
    assert said.interval.startswith("12.7 to 13.4")


def test_no_interval_is_written_where_there_is_none():
    assert str(COUNT.say(Estimate(7.1))) == "7.1"
    assert str(COUNT.say(Estimate())) == "–"
    assert str(COUNT.say(Estimate(0.0, 0.0, 0.0))) == "0"


def test_a_column_has_one_number_of_decimals():
    said = SHARE.column([Estimate(0.53, 0.52, 0.54), Estimate(0.041, 0.03, 0.05)])
    assert [s.number.replace("\N{NO-BREAK SPACE}", " ") for s in said] == ["53 %", "4 %"]


def test_numbers_are_alike_where_they_are_printed_alike():
    """7.14 and 7.06 are both 7.1; 0.12 and 0.13 of all are 12 and 13 %, unless it may be luck."""
    assert COUNT.alike(Estimate(7.14), Estimate(7.06))
    assert not SHARE.alike(Estimate(0.12), Estimate(0.13))
    assert not SHARE.unclear(Estimate(0.12, 0.118, 0.122), Estimate(0.13, 0.128, 0.132))
    assert SHARE.unclear(Estimate(0.12, 0.11, 0.13), Estimate(0.13, 0.12, 0.14))


@pytest.mark.parametrize(
    ("name", "said", "shown", "one"),
    [
        ("Luke", " by customers like Luke", "Luke was shown", "A customer like Luke"),
        (
            "visitors aged 18–29",
            " by visitors aged 18–29",
            "visitors aged 18–29 were shown",
            "On average, each of the visitors aged 18–29",
        ),
        ("students", " by students", "students were shown", "On average, each of the students"),
        ("few", " by the cohort “few”", "the cohort “few” was shown", "On average, each of the cohort “few”"),
        ("everybody", "", "everybody was shown", "The average customer"),
    ],
)
def test_a_cohort_that_does_not_say_who_is_in_it_is_marked_as_a_name(name, said, shown, one):
    cohort = Cohort(key=name, name=name, share=1.0)
    assert (by(cohort), was_shown(cohort), each_of(cohort)) == (said, shown, one)


@pytest.mark.parametrize(
    ("straight", "typographic"),
    [
        ("the shop's visitors", "the shop’s visitors"),
        ("the customers' choice", "the customers’ choice"),
        ("policy 'ours' is new", "policy 'ours' is new"),
    ],
)
def test_apostrophes_are_typographic_and_quotation_marks_stay(straight, typographic):
    assert curly(straight) == typographic


def test_one_of_a_kind_is_singular():
    assert counted(1, "customer") == "1 customer"
    assert counted(1_820, "customer") == "1,820 customers"


def test_lists_are_escaped():
    assert listing(["<b>", Markup("<i>x</i>"), "c"]) == "&lt;b&gt;, <i>x</i> and c"
    assert str(policy("<script>")) == '<span class="policy">&lt;script&gt;</span>'
    assert soft("a(b=1)").striptags() == "a(b=1)"


def test_a_label_is_broken_between_its_parts_and_in_a_narrow_column_between_words():
    assert soft("GaussianThompson(sd=2)") == "GaussianThompson(<wbr>sd=<wbr>2)"
    assert narrow("GaussianThompson(sd=2)") == "Gaussian<wbr>Thompson(<wbr>sd=<wbr>2)"
    assert narrow("LinUCB") == "LinUCB"


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=120),
    st.integers(6, 30),
    st.integers(1, 3),
)
def test_a_label_never_exceeds_its_lines(label, width, lines):
    broken = wrap(label, width, lines)
    assert len(broken) <= lines
    assert all(len(line) <= width for line in broken)
    assert shorten(label, width) == label or len(shorten(label, width)) <= width


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(5, 30)), min_size=1, max_size=6))
def test_labels_at_the_ends_of_lines_never_overlap(wanted):
    """Six labels of at most 30 px fit between 0 and 200 px."""
    targets, heights = [t for t, _ in wanted], [h for _, h in wanted]
    centres = spread(targets, heights, 0, 200)
    edges = sorted((c - h / 2, c + h / 2) for c, h in zip(centres, heights, strict=True))
    assert edges[0][0] >= -1e-9
    assert edges[-1][1] <= 200 + 1e-9
    assert all(upper[0] >= lower[1] - 1e-9 for lower, upper in itertools.pairwise(edges))

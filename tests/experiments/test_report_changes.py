"""Curves say when the world changed, and how."""

from __future__ import annotations

import copy
import re

from small_results import acme, changed

from experiments.reports.figures import Figure, learning, persona
from experiments.reports.reading import read

CHANGES = [
    {"time": 5, "label": "new: Carton"},
    {"time": 6, "label": "cheaper: Lights"},
    {"time": 6, "label": "worse: Lights"},
    {"time": 20, "label": "dearer: Lights"},
]


def main(changes):
    (story,) = read(changed(acme(), changes=changes)).stories
    return story.main


def upright(panel):
    """How many upright lines a panel has that are as high as it is, 100 px at least."""
    ends = re.findall(r'd="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) ([\d.]+)\s*" style="[^"]*stroke-dasharray', panel)
    return sum(x == z and abs(float(y) - float(w)) > 100 for x, y, z, w in ends)


def test_every_panel_over_time_marks_each_time_of_a_change_and_says_what_changes_as_far_as_there_is_room():
    """At 5 and 6 days of 40 or more two labels fill both rows, and that of day 20 stands behind them or nowhere."""
    setting = main(CHANGES)
    for figure in (persona(setting, setting.cohorts[0], "k"), learning(setting, "k")):
        assert isinstance(figure, Figure)
        assert all(upright(panel) == 3 for panel in figure.panels)
        assert all("new: Carton<" in panel and "cheaper: Lights +1<" in panel for panel in figure.panels)
        assert figure.reading.endswith(
            " Upright lines mark when the world changes: new: Carton (day 5); cheaper: Lights (day 6); "
            "worse: Lights (day 6); dearer: Lights (day 20)."
        )


def test_the_same_change_again_and_again_is_named_once():
    setting = main([{"time": time, "label": "roles change"} for time in range(3, 21, 3)])
    figure = persona(setting, setting.cohorts[0], "k")
    assert isinstance(figure, Figure)
    assert [upright(panel) for panel in figure.panels] == [6] * len(figure.panels)
    assert all(panel.count("roles change<") == 1 for panel in figure.panels)
    assert "roles change (6 times, from day 3 to day 18)." in figure.reading


def test_more_changes_than_can_be_listed_are_told_by_their_first_and_last_day():
    setting = main([{"time": time, "label": f"new: {time}"} for time in range(2, 20, 2)])
    figure = persona(setting, setting.cohorts[0], "k")
    assert isinstance(figure, Figure)
    assert "changes, from day 2 to day 18; where there is room, they say how." in figure.reading


def test_a_result_that_was_written_before_worlds_told_their_changes_is_read():
    result = changed(acme())
    manifest = copy.deepcopy(result.manifest)
    for environment in manifest["environments"]:
        del environment["about"]["changes"]
    result.manifest = manifest
    (story,) = read(result).stories
    assert story.main.about.changes == ()
    figure = persona(story.main, story.main.cohorts[0], "k")
    assert isinstance(figure, Figure)
    assert "Upright" not in figure.reading
    assert [upright(panel) for panel in figure.panels] == [0] * len(figure.panels)

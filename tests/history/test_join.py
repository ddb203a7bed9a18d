import pytest

from collector.history import joined, outlook
from collector.history.join import together
from collector.model import Began
from collector.render import report_document
from collector.validate import schema_problems
from tests.render.samples import CRASH, HEALTHY, NOW, check

HOUR = 3600.0


def bounds(not_before, since):
    return Began(since, not_before, None if (not_before, since) == (None, None) else "told")


@pytest.mark.parametrize(
    ("runs", "now", "together_"),
    [
        pytest.param((None, None), (None, None), (None, None), id="nothing is known"),
        pytest.param((None, None), (3, 3), (3, 3), id="the first run has what one answer tells"),
        pytest.param((5, None), (3, None), (5, None), id="seen well since its allocation was there"),
        pytest.param((3, None), (5, None), (5, None), id="registered anew since the last run"),
        pytest.param((2, 4), (6, None), (2, 4), id="seen before this registration: its name goes on"),
        pytest.param((None, 6), (3, 3), (3, 3), id="one answer reaches further back than the first run"),
        pytest.param((5, None), (3, 3), (5, None), id="a run that saw otherwise outweighs a conclusion"),
        pytest.param((2, 6), (3, 4), (3, 4), id="the narrower of both"),
    ],
)
def test_bounds_of_runs_and_of_one_answer(runs, now, together_):
    found = together(bounds(*runs), bounds(*now))
    assert (found.not_before, found.since) == together_
    assert found.since_source is None or found.not_before or found.since


def run_at(report, now):
    return report._replace(started_at=now, now=now)


def with_status(report, status, **known):
    """Return the report with one check on its last node, in the table and, unless it passes, in the details."""
    row = report.nodes[-1]._replace(checks=(check(status, **known),))
    details = tuple(detail._replace(checks=tuple({**one, "output": "no"} for one in row.checks)) for detail in report.details)
    return report._replace(nodes=(*report.nodes[:-1], row), details=details)


def followed(*reports):
    """Return each report joined with the runs before it."""
    before = None
    for report in reports:
        news = outlook(before, report_document(report))
        before = news.run
        yield joined(report, news)


def test_ages_and_changes_reach_table_details_and_timeline():
    well, sick = with_status(HEALTHY, "passing"), with_status(CRASH, "critical")
    *_, last = followed(run_at(well, NOW), run_at(sick, NOW + HOUR), run_at(sick, NOW + 2 * HOUR))
    (row,), (detail,) = last.nodes[-1].checks, last.details[0].checks
    for one in (row, detail):
        assert (one["not_before"], one["since"], one["since_source"]) == (NOW, NOW + HOUR + 0.41, "earlier runs")
    (event,) = [event for event in last.timeline if event["kind"] == "check" and event["not_before"]]
    assert event["text"] == 'check "navidrome ping" of navidrome passing → critical'
    assert (event["not_before"], event["at"], event["node"], event["severity"]) == (NOW, NOW + HOUR + 0.41, "odroid8", "critical")
    assert list(last.timeline) == sorted(last.timeline, key=lambda one: one["at"])


def test_the_first_kept_run_adds_nothing_to_what_the_report_knows():
    (only,) = followed(run_at(with_status(CRASH, "critical", since=60.0, not_before=90.0), NOW))
    assert (only.nodes[-1].checks, only.timeline) == (
        with_status(CRASH, "critical", since=60.0, not_before=90.0).nodes[-1].checks,
        CRASH.timeline,
    )


def test_what_is_joined_fits_the_schema_and_the_same_runs_give_the_same():
    first, second = (list(followed(run_at(HEALTHY, NOW), run_at(CRASH, NOW + HOUR)))[-1] for _ in range(2))
    assert first == second
    assert schema_problems("report", report_document(first)) == []

"""A check that fails while runs are kept: each output says since when, and the timeline has the change."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from collector.analyze import analyze
from collector.history import Run, joined, outlook
from collector.render import report_document
from collector.replay import demo_environment
from tests.accuracy.recorded import bundle_of
from tests.deliver.servers import Box, mail_server
from tests.e2e.incidents import SPEC, recording
from tests.e2e.program import collector
from tests.e2e.test_cron import mails

CHECK = 'check "navidrome ping"'
CHANGE = f"{CHECK} of navidrome passing → critical"
AGE = r"critical for (?:at most )?[\d.]+ (?:s|min)(?: to [\d.]+ (?:s|min))?"
"""The runs are seconds apart, however slow the machine is; the fault itself is recorded and days old."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the third run's outputs, after a healthy run and one with the fault; and what differs between the first two."""
    work, box, forms = tmp_path_factory.mktemp("ages"), Box(), ("html", "json", "markdown")
    places = "".join(f", {{file: {{path: {work / form}, format: {form}}}}}" for form in forms)
    spec = work / "navidrome.yml"
    spec.write_text(Path(SPEC).read_text().replace("report: [text]", f"report: [text{places}, {{email: {{to: ops@example.org}}}}]"))
    with mail_server(box) as port:
        for number, name in enumerate(("healthy", "app-crash", "app-crash")):
            with demo_environment(recording(name), path=os.environ["PATH"]) as leading:
                mail = {"COLLECTOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "COLLECTOR_MAIL_FROM": "collector@example.org"}
                wishes = ["--state", str(work / "state"), "--bundle", str(work / f"{number}.bundle"), "-v"]
                done = collector("diagnose", str(spec), *wishes, environ={**leading, **mail})
                assert done.returncode == (2 if number else 0), done.stderr
    parts = [part.get_content() for part in mails(box)[-1].walk() if not part.is_multipart()]
    return {
        "text": done.stdout,
        **{form: (work / form).read_text() for form in forms},
        **dict(zip(("mail as text", "mail", "page in the mail"), parts, strict=True)),
        "diff": collector("diff", str(work / "0.bundle"), str(work / "1.bundle")).stdout,
    }


@pytest.mark.parametrize("form", ["text", "html", "markdown", "mail as text", "mail", "page in the mail"])
def test_the_check_has_an_age(told: dict[str, str], form: str) -> None:
    text = re.sub(r"<[^>]*>|\*\*", "", told[form]).replace("&#34;", '"')
    assert re.search(f"{CHECK}: {AGE}", " ".join(text.split()))


@pytest.mark.parametrize("form", ["text", "html", "page in the mail"])
def test_the_timeline_has_the_change(told: dict[str, str], form: str) -> None:
    text = re.sub(r"<[^>]*>", "", told[form]).replace("&#34;", '"')
    assert re.search(rf"odroid8:? {re.escape(CHANGE)} \(after \d\d:\d\d:\d\d\)", " ".join(text.split()))


def test_the_picture_draws_it_as_a_check_with_a_bar_back_to_the_run_before(told: dict[str, str]) -> None:
    picture = told["html"][told["html"].index("timeline-title") :]
    assert '<line class="bar critical"' in picture
    assert "</svg> check change</li>" in picture


def test_scripts_have_both_bounds_and_what_they_rest_on(told: dict[str, str]) -> None:
    report = json.loads(told["json"])
    (row,) = [node for node in report["nodes"] if node["name"] == "odroid8"]
    (check,) = [check for check in row["checks"] if check["name"] == "navidrome ping"]
    assert check["not_before"] < check["since"] < report["started_at"]
    assert check["since_source"] == "earlier runs"
    (event,) = [event for event in report["timeline"] if CHANGE in event["text"]]
    assert (event["kind"], event["not_before"], event["at"]) == ("check", check["not_before"], check["since"])


def test_the_difference_of_two_bundles_has_the_check(told: dict[str, str]) -> None:
    assert f"odroid8: {CHECK} passing → critical" in told["diff"]


def test_a_primary_that_moved_and_a_node_that_went_down_stand_in_the_timeline() -> None:
    before: Run | None = None
    for name in ("healthy", "status-404", "nomad-client-down"):
        report = analyze(bundle_of(recording(name)))
        news = outlook(before, report_document(report))
        before, report = news.run, joined(report, news)
    told = {(event["kind"], event["node"], event["text"]) for event in report.timeline}
    assert told >= {
        ("primary", None, "primary odroid7 → odroid8"),
        ("primary", None, "primary odroid8 → odroid7"),
        ("node", "odroid8", "node status ready → down"),
    }

"""Text from a cluster stays text in every output format."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from email import message_from_bytes, policy
from functools import cache
from html.parser import HTMLParser

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector.resources import spec_path
from tests.deliver.servers import Box, mail_server
from tests.hostile.faults import PAYLOADS, answer, changed, every_text, free_text
from tests.hostile.places import KINDS, SYSTEMS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import UNPRINTABLE, Run, again, call, cluster, diagnose

EVALUATED = str(7131 * 7)
WHERE = {"each text": every_text, "each message": free_text}


@cache
def run_with(payload: str, place: str) -> Run:
    """Return a crash with the payload in every answer."""
    run = diagnose("app-crash", Spoiler(SYSTEMS["everything"], changed(WHERE[place](PAYLOADS[payload]))), deadline="10s")
    assert run.code in {1, 2, 3}
    return run


def output(payload: str, place: str, form: str) -> str:
    ran = again(run_with(payload, place).files["bundle.json"], "-o", form, "-v", "-v")
    assert ran.code == run_with(payload, place).code, ran.stderr
    assert not UNPRINTABLE.search(ran.stdout)
    assert EVALUATED not in ran.stdout
    return ran.stdout


both = pytest.mark.parametrize("place", WHERE)
each = pytest.mark.parametrize("payload", PAYLOADS)


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check_page(page: str) -> None:
    """Nothing that runs, nothing that loads."""
    elements = Elements(page).found
    assert elements
    for tag, attributes in elements:
        assert tag not in {"script", "iframe", "object", "embed", "img", "form", "base", "audio", "video"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "xlink:href", "action", "data", "background"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/", "data:,"))


@both
@each
def test_a_page_of_html_loads_and_runs_nothing(payload: str, place: str) -> None:
    check_page(output(payload, place, "html"))


@both
@each
def test_markdown_has_no_link_and_no_element_of_the_clusters(payload: str, place: str) -> None:
    text = re.sub(r"(?ms)^(`{3,})[^`\n]*\n.*?^\1\s*$", "", output(payload, place, "markdown"))
    text = re.sub(r"(`+)[^`].*?\1", "", text)
    assert not re.search(r"(?<!\\)<(?:script|img|/?pre)", text)
    assert not re.search(r"(?<!\\)\](?:\(javascript:|\(http://evil)", text)
    assert not re.search(r"(?m)^# owned", text)


@both
@each
def test_junit_is_one_document_with_its_own_elements_only(payload: str, place: str) -> None:
    root = ET.fromstring(output(payload, place, "junit"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "properties", "property", "system-out", "system-err",
    }  # fmt: skip


@both
@each
def test_prometheus_can_read_every_sample(payload: str, place: str) -> None:
    families = list(text_string_to_metric_families(output(payload, place, "prometheus")))
    assert families
    assert all(sample.name.startswith("collector_") for family in families for sample in family.samples)


@both
@each
def test_nagios_sees_one_status_and_one_list_of_numbers(payload: str, place: str) -> None:
    text = output(payload, place, "nagios")
    first = text.split("\n")[0]
    assert first.count("|") <= 1
    assert text.count("|") <= 2
    assert re.match(r"(?:\w+ )*(?:WARNING|CRITICAL|UNKNOWN)\b", first)
    assert "\nCRITICAL - owned" not in text


@each
def test_a_mail_has_the_headers_and_parts_that_we_gave_it(payload: str, tmp_path) -> None:
    bundle = tmp_path / "bundle.json"
    bundle.write_bytes(run_with(payload, "each message").files["bundle.json"])
    box = Box()
    with mail_server(box) as port:
        environ = {"PATH": "", "COLLECTOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "COLLECTOR_MAIL_FROM": "collector@example.com"}
        ran = call("analyze", str(bundle), "--mail-to", "ops@example.com", environ=environ)
    assert ran.code in {1, 2, 3}, ran.stderr
    (letter,) = box.letters
    message = message_from_bytes(letter.content, policy=policy.default)
    assert letter.rcpt_tos == ["ops@example.com"]
    assert not [name for name in message if name.lower() == "x-evil"]
    assert not UNPRINTABLE.search(str(message["Subject"]))
    for part in message.walk():
        if part.get_content_type() == "text/html":
            check_page(part.get_content())
        if part.get_content_maintype() == "text":
            assert EVALUATED not in part.get_content()
            assert not UNPRINTABLE.search(part.get_content().replace("\r\n", "\n"))


def test_a_page_that_answers_in_place_of_a_log_is_shown_as_text() -> None:
    page = "<html><script>alert(7131)</script>" * 3
    run = diagnose("app-crash", Spoiler(SYSTEMS["nomad"], answer(page)), deadline="10s")
    check_page(again(run.files["bundle.json"], "-o", "html").stdout)


@both
@each
def test_a_plan_is_plain_text_too(payload: str, place: str) -> None:
    with cluster("app-crash", Spoiler(SYSTEMS["everything"], changed(WHERE[place](PAYLOADS[payload])))) as (_, environ):
        run = call("diagnose", str(spec_path("navidrome")), "--check", "--deadline", "5s", environ=environ)
    assert run.code in {0, 3}, run.stderr
    assert not UNPRINTABLE.search(run.stdout + run.stderr)
    assert EVALUATED not in run.stdout


def test_a_key_from_a_job_cannot_add_a_rule_to_the_policy_of_a_plan() -> None:
    spoil = changed(lambda body: body.replace(r"\"litefs/navidrome\"", r"'x\" y'"))
    with cluster("healthy", Spoiler(KINDS["nomad_job"], spoil)) as (_, environ):
        run = call("diagnose", str(spec_path("navidrome")), "--check", environ=environ)
    assert run.code == 0
    assert r'key_prefix "x\" y" {' in run.stdout

"""Reports on recorded incidents in every format (their text and JSON are goldens in tests/e2e)."""

import re
import xml.etree.ElementTree as ET

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector import resources
from collector.render import mail_html, render, report_document
from collector.render.layout import columns_of
from tests.e2e.incidents import report

from .test_html import Page

INCIDENTS = resources.incidents()


@pytest.mark.parametrize("name", INCIDENTS)
def test_report_of_an_incident_fits_its_schema(name):
    jsonschema.Draft202012Validator(resources.schema("report")).validate(report_document(report(name)))


@pytest.mark.parametrize("name", INCIDENTS)
def test_text_of_an_incident_fits_the_terminal(name):
    lines = render(report(name), "text", width=80, verbose=1).splitlines()
    assert [line for line in lines if columns_of(line) > 80 and not re.match(r" +(do +)?(read-only|changes): ", line)] == []


@pytest.mark.parametrize("name", INCIDENTS)
def test_page_and_mail_of_an_incident_are_whole_and_say_its_causes(name):
    for text in (render(report(name), "html"), mail_html(report(name))):
        page = Page(text)
        assert page.unbalanced + page.open == []
        assert all(cause.code in text for cause in report(name).root_causes)


@pytest.mark.parametrize("name", INCIDENTS)
def test_machines_can_read_an_incident(name):
    failures = ET.fromstring(render(report(name), "junit").encode()).findall(".//failure")
    assert bool(failures) == (report(name).verdict != "ok")
    families = {family.name: family for family in text_string_to_metric_families(render(report(name), "prometheus"))}
    assert {sample.labels["verdict"]: sample.value for sample in families["collector_verdict"].samples}[report(name).verdict] == 1
    assert len(render(report(name), "nagios").split(" | ")[0]) <= 200


def test_nodes_are_not_called_well_where_what_is_wrong_is_no_nodes():
    assert "<caption>3 nodes, no fault seen on any</caption>" in render(report("no-leader"), "html")
    assert "<caption>3 nodes, all well</caption>" in render(report("healthy"), "html")

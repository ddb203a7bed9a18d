import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from collector.render import render
from collector.render.machine import code_block, markdown_text, performance_data

from .samples import CRASH, NOW, SAMPLES

PERFORMANCE = re.compile(r"'([^'=]+)'=(U|-?[\d.]+(s|c)?(;[\d.]*){0,4})(?: |$)")


def metrics(sample):
    families = list(text_string_to_metric_families(render(SAMPLES[sample], "prometheus")))
    return {(item.name, *sorted(item.labels.items())): item.value for family in families for item in family.samples}


@pytest.mark.parametrize("sample", SAMPLES)
def test_prometheus_text_parses_and_no_series_is_there_twice(sample):
    text = render(SAMPLES[sample], "prometheus")
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    assert len(metrics(sample)) == len(lines)
    assert text.endswith("\n")
    assert "\n\n" not in text
    if promtool := shutil.which("promtool"):  # Prometheus' own parser, if available
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_metric_has_help_and_type_once_before_its_samples(sample):
    lines = render(SAMPLES[sample], "prometheus").splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert names == [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    order = list(dict.fromkeys(re.match(r"[a-z_]+", line)[0] for line in lines if not line.startswith("#")))
    assert order == names


@pytest.mark.parametrize("sample", SAMPLES)
def test_prometheus_samples_have_no_timestamp(sample):
    samples = [line for line in render(SAMPLES[sample], "prometheus").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'\w+\{(\w+="(\\.|[^"\\])*",?)+\} [\d.e+-]+', line) for line in samples)


def test_prometheus_says_verdict_lag_and_findings():
    values = metrics("two-faults")
    assert values["collector_verdict", ("spec", "navidrome"), ("verdict", "critical")] == 1
    assert values["collector_node_lag_seconds", ("node", "odroid7"), ("spec", "navidrome")] == 11520
    assert values["collector_nodes_unseen", ("spec", "navidrome")] == 2
    assert values["collector_node_up", ("node", "odroid9"), ("spec", "navidrome")] == 0
    labels = (("code", "app.exited"), ("root", "true"), ("severity", "critical"), ("spec", "navidrome"))
    assert values["collector_findings", *labels] == 1


def test_label_values_come_back_as_they_were():
    nodes = {dict(key[1:])["node"] for key in metrics("hostile") if key[0] == "collector_node_up"}
    assert nodes == {"ノード<b>八</b>-" + "n" * 50, "odroid6"}


def test_run_that_saw_too_little_is_no_success():
    assert not any(key[0] == "collector_last_success_timestamp_seconds" for key in metrics("unseen"))
    assert any(key[0] == "collector_last_success_timestamp_seconds" for key in metrics("crash"))


def test_a_run_that_saw_too_little_tells_of_the_last_success_that_is_kept():
    changes = {**SAMPLES["changed"].changes, "last_success": "2026-11-24T05:23:41.000Z"}
    text = render(SAMPLES["unseen"]._replace(changes=changes), "prometheus")
    assert f'collector_last_success_timestamp_seconds{{spec="navidrome"}} {NOW - 3600}' in text.splitlines()


@pytest.mark.parametrize("sample", SAMPLES)
def test_nagios_has_one_short_line_with_performance_data(sample):
    first, *rest = render(SAMPLES[sample], "nagios").splitlines()
    summary, numbers = first.split(" | ")
    assert len(summary) <= 200
    assert f" {SAMPLES[sample].verdict.value.upper()} - " in summary
    assert PERFORMANCE.sub("", numbers) == ""
    assert not any("|" in line for line in rest)


def test_nagios_has_each_nodes_lag_with_its_thresholds():
    limited = {"cluster": {"thresholds": {"lag_warning": 3, "lag_critical": 10}}}
    document = {
        "nodes": [{"name": "n'1=|", "lag_seconds": 1.2, "allocation": None}],
        "coverage": {"unseen_nodes": [], "collected": 1, "planned": 2},
        "root_causes": [],
        "duration_seconds": 0.5,
        **limited,
    }
    assert "'lag_n_1__'=1.2s;3;10;0 'restarts_n_1__'=U" in performance_data(document)


def test_nagios_numbers_of_a_large_cluster_are_totals():
    first = render(SAMPLES["large"], "nagios").splitlines()[0]
    assert len(first) < 1024
    assert "'nodes'=300;" in first


@pytest.mark.parametrize("sample", SAMPLES)
def test_junit_counts_are_true_and_its_elements_in_the_schemas_order(sample):
    root = ET.fromstring(render(SAMPLES[sample], "junit").encode())
    assert root.tag == "testsuites"
    for suite in root:
        assert [child.tag for child in suite if child.tag != "testcase"] == ["properties", "system-out", "system-err"]
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
        assert all(case.get("name") and case.get("classname") and case.get("time") for case in suite.findall("testcase"))


def test_junit_failure_has_the_evidence_and_gap_is_an_error():
    root = ET.fromstring(render(SAMPLES["two-faults"], "junit").encode())
    failure = root.find("testsuite[@name='odroid8']/testcase[@name='app.exited']/failure")
    assert "no such table: property" in failure.text
    assert root.find("testsuite[@name='odroid9']/testcase/error").get("type") == "unreachable"


def test_junit_has_the_verdict_beside_a_node_that_is_called_cluster():
    report = SAMPLES["two-faults"]
    named = report._replace(nodes=tuple(node._replace(name="cluster") if node.name == "odroid9" else node for node in report.nodes))
    root = ET.fromstring(render(named, "junit").encode())
    assert [suite.get("name") for suite in root if suite.find("testcase[@name='verdict']") is not None] == ["cluster"]
    assert root.find("testsuite[@name='node cluster']/testcase[@name='node']") is not None


def test_junit_has_what_was_not_seen_of_a_node_with_a_slash_in_its_name_there():
    report = SAMPLES["two-faults"]
    named = report._replace(
        nodes=tuple(node._replace(name=node.name.replace("odroid", "rack1/")) for node in report.nodes),
        coverage=report.coverage._replace(
            gaps=tuple({**gap, "target": gap["target"].replace("odroid", "rack1/")} for gap in report.coverage.gaps)
        ),
    )
    root = ET.fromstring(render(named, "junit").encode())
    assert root.find("testsuite[@name='rack1/9']/testcase/error").get("type") == "unreachable"


def test_junit_of_a_healthy_cluster_has_no_failure():
    root = ET.fromstring(render(SAMPLES["healthy"], "junit").encode())
    assert len(root) == 4
    assert root.findall(".//failure") + root.findall(".//error") == []


def test_markdown_shows_hostile_text_as_text():
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(render(SAMPLES["hostile"], "markdown"))
    assert "<script" not in html
    assert 'href="http://evil.example"' not in html
    assert "<table>" in html


def test_code_block_cannot_be_left():
    assert code_block("a\n```\nb").splitlines()[0] == "````text"


def test_markdown_shows_an_entity_as_it_was_written():
    assert MarkdownIt().render(markdown_text("panic: &lt;nil&gt; at /x?a&copy;")) == "<p>panic: &amp;lt;nil&amp;gt; at /x?a&amp;copy;</p>\n"


def test_markdown_table_has_a_line_for_each_node():
    rows = [line for line in render(CRASH, "markdown").splitlines() if line.startswith("| odroid")]
    assert len(rows) == 3

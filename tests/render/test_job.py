"""One spec can serve many jobs: if the job is named differently from the spec, every output names it."""

import json

import pytest

from collector.render import FORMATS, mail_html, render

from .samples import SAMPLES, SPEC

CRASH = SAMPLES["crash"]
WORDS = {
    "text": "navidrome/wiki  CRITICAL  ",
    "html": "<span>navidrome/wiki</span>",
    "markdown": "## navidrome/wiki: CRITICAL\n",
    "junit": 'package="navidrome/wiki"',
    "nagios": "navidrome/wiki CRITICAL - ",
    "prometheus": 'collector_verdict{spec="navidrome",job="wiki",verdict="critical"} 1',
    "json": '"job": "wiki"',
}


def of(job):
    return CRASH._replace(spec={**SPEC, "job": job})


@pytest.mark.parametrize("format_", FORMATS)
def test_a_job_that_is_not_named_as_the_spec_is_named(format_):
    assert WORDS.get(format_, "wiki") in render(of("wiki"), format_)


@pytest.mark.parametrize("format_", sorted(FORMATS.keys() - {"json"}))
def test_a_job_that_is_named_as_the_spec_changes_nothing(format_):
    assert render(of("navidrome"), format_) == render(of(None), format_) == render(CRASH, format_)


def test_the_mail_names_it():
    assert ">navidrome/wiki</span>" in mail_html(of("wiki"))
    assert mail_html(of("navidrome")) == mail_html(CRASH)


def test_every_metric_has_the_label_and_its_value_is_quoted():
    samples = [line for line in render(of('a"\\\n'), "prometheus").splitlines() if not line.startswith("#")]
    assert [line for line in samples if 'job="a\\"\\\\\\n"' not in line] == []


def test_the_spec_keeps_its_name_in_json():
    document = json.loads(render(of("wiki"), "json"))
    assert (document["spec"], document["job"]) == ("navidrome", "wiki")


@pytest.mark.parametrize("format_", FORMATS)
def test_the_namespace_of_a_job_is_named(format_):
    report = CRASH._replace(spec={**SPEC, "job": "wiki", "namespace": "web"})
    words = WORDS[format_].replace("navidrome/wiki", "navidrome/wiki@web").replace('job="wiki"', 'job="wiki",namespace="web"')
    told = render(report, format_).replace("&#64;", "@")
    assert words in told
    assert format_ != "json" or json.loads(told)["namespace"] == "web"
    alone = render(CRASH._replace(spec={**SPEC, "namespace": "web"}), format_).replace("&#64;", "@")
    assert ('"namespace": "web"' if format_ == "json" else 'namespace="web"' if format_ == "prometheus" else "navidrome@web") in alone


def test_a_long_name_leaves_room_for_the_headline():
    assert render(of("w" * 90), "text", quiet=True).split("  ")[0] == "navidrome/" + "w" * 29 + "…"

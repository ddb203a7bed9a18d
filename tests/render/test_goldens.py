"""Complete outputs compared with files: `pytest tests/render --update-goldens` rewrites them, and the diff is the review."""

import pytest

from collector.render import FORMATS, mail_html, render

from .samples import SAMPLES


@pytest.mark.parametrize("sample", ["healthy", "crash", "two-faults", "changed", "alike", "hostile", "unseen"])
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_stays_as_it_was(golden, sample, format_):
    ending = FORMATS[format_].removeprefix("report.").removesuffix(".j2")
    golden(f"{sample}.{ending}", render(SAMPLES[sample], format_))


@pytest.mark.parametrize("sample", ["crash", "changed"])
def test_mail_stays_as_it_was(golden, sample):
    golden(f"{sample}.mail.html", mail_html(SAMPLES[sample]))


def test_verbose_text_adds_what_was_ruled_out_the_timeline_and_all_items(golden):
    golden("crash.verbose.txt", render(SAMPLES["crash"], "text", verbose=1))


def test_colours_are_those_of_the_severities(golden):
    golden("two-faults.colour.txt", render(SAMPLES["two-faults"], "text", colour=True))


def test_large_cluster_shows_the_sick_and_counts_the_rest(golden):
    golden("large.txt", render(SAMPLES["large"], "text", width=100))

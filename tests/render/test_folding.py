import pytest

from collector.render import mail_html, render
from collector.render.diagnostics import diagnostics
from collector.render.document import report_document
from collector.render.folding import folded

from .samples import SAMPLES

RETRY = "level=INFO msg=retrying"
FOLDED = {
    "nothing": ([], []),
    "lines that differ": ([f"line {number}" for number in range(20)], [f"line {number}" for number in range(20)]),
    "two equal lines are no more lines than one and a note": (["a", "b", "b", "c"], ["a", "b", "b", "c"]),
    "one line over and over": ([RETRY] * 20, [RETRY, "... x20"]),
    "with others around it": (["a", *[RETRY] * 3, "b"], ["a", RETRY, "... x3", "b"]),
    "two runs": (["a"] * 3 + ["b"] * 4, ["a", "... x3", "b", "... x4"]),
    "two lines that take turns": (["a", "b"] * 10, ["a", "b", "... these 2 lines x10"]),
    "the end of a block, cut": ([*["a", "b", "c"] * 3, "a"], ["a", "b", "c", "... these 3 lines x3", "a"]),
    "a block that comes twice": (["start", "try", "fail"] * 2, ["start", "try", "fail", "... these 3 lines x2"]),
    "moments": (
        [f"2026-11-24T06:23:4{second}.123Z starting" for second in range(5)],
        ["2026-11-24T06:23:44.123Z starting", "... x5, but for times and IDs"],
    ),
    "moments of Go's log": (
        [f"2026/11/24 06:23:4{second} starting" for second in range(5)],
        ["2026/11/24 06:23:44 starting", "... x5, but for times and IDs"],
    ),
    "Unix time in JSON": (
        [f'{{"ts":179550142{second}.25,"msg":"starting"}}' for second in range(3)],
        ['{"ts":1795501422.25,"msg":"starting"}', "... x3, but for times and IDs"],
    ),
    "IDs": (
        [f"{part}3A883F1B71857ED: no session e310dc68-0b4f-4a58-9f4e-1f2f3d4c5b6{part}" for part in "abc"],
        ["c3A883F1B71857ED: no session e310dc68-0b4f-4a58-9f4e-1f2f3d4c5b6c", "... x3, but for times and IDs"],
    ),
    "other numbers are what is said": (
        [f"exit code {code}, port 2020{code}" for code in range(4)],
        [f"exit code {code}, port 2020{code}" for code in range(4)],
    ),
    "words of hexadecimal letters are words": (["defaced", "effaced", "acceded"], ["defaced", "effaced", "acceded"]),
    "numbers of eight digits are numbers": (
        ["got 12345678", "got 12345679", "got 12345670"],
        ["got 12345678", "got 12345679", "got 12345670"],
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_repeats_are_shown_once_with_a_count(name):
    lines, told = FOLDED[name]
    assert folded(lines) == told


def complaining(lines):
    """Return the crash with this log."""
    (detail, *others) = SAMPLES["crash"].details
    log = {**detail.logs[0], "lines": lines, "wanted": 20}
    return SAMPLES["crash"]._replace(details=(detail._replace(logs=(log,)), *others))


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ({"format": "text"}, 1),
        ({"format": "text", "verbose": 1}, 20),
        ({"format": "markdown"}, 1),
        ({"format": "html"}, 20),
        ({"format": "json"}, 30),
    ],
    ids=str,
)
def test_text_is_folded_while_page_and_json_have_every_line(form, times):
    text = render(complaining([RETRY] * 30), **form)
    assert text.count(RETRY) == times
    assert ("... x20" in text) == (times == 1)


def test_a_mail_is_folded():
    assert mail_html(complaining([RETRY] * 30)).count(RETRY) == 1


def test_a_node_of_which_there_is_nothing_to_show_has_no_heading():
    (detail, *_) = SAMPLES["crash"].details
    empty = detail._replace(node="drained", checks=(), logs=(), litefs=None, events=())
    report = SAMPLES["crash"]._replace(details=(empty, detail))
    assert [block["node"] for block in diagnostics(report_document(report), verbose=1)] == [detail.node]
    assert "DIAGNOSTICS" not in render(report._replace(details=(empty,)), "text")


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_a_node_with_task_events_alone_shows_them(form):
    (detail, *_) = SAMPLES["crash"].details
    report = SAMPLES["crash"]._replace(details=(detail._replace(checks=(), logs=(), litefs=None),))
    assert detail.events[0]["type"] in render(report, form).split("Diagnostics" if form != "text" else "DIAGNOSTICS")[1]
    assert detail.events[0]["type"] in mail_html(report).split("Diagnostics")[1]

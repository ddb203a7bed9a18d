import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.model import Evidence, Finding, Severity
from collector.render import mail_html, render
from collector.render.impact import impact_in_words
from collector.render.layout import columns_of, cut, hang, table, wrap

from .samples import EXITED, NOW, SAMPLES, row

TITLES = ["NODE", "CONSUL", "NOMAD", "ALLOC", "RESTARTS", "ROLE", "UPTIME", "LAG", "TXID"]
COMMANDS = re.compile(r"^ +(do +)?(read-only|changes): ")
UNTIMED = settings(deadline=None)
any_text = st.text(st.characters(exclude_categories=("Cs", "Cc")))


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("width", [20, 40, 60, 80, 132])
@pytest.mark.parametrize("verbose", [0, 1])
def test_no_line_but_a_command_is_wider_than_the_terminal(sample, width, verbose):
    lines = render(SAMPLES[sample], "text", width=width, verbose=verbose).splitlines()
    assert [line for line in lines if columns_of(line) > max(width, 40) and not COMMANDS.match(line)] == []


def test_commands_stand_on_one_line_so_that_they_can_be_pasted():
    text = render(SAMPLES["two-faults"], "text", width=40)
    assert "read-only: nomad alloc exec -task navidrome e310dc68 cat /etc/litefs.yml\n" in text


def test_healthy_cluster_is_one_screen():
    text = render(SAMPLES["healthy"], "text")
    assert len(text.splitlines()) <= 24
    assert "DIAGNOSTICS" not in text


def test_quiet_leaves_the_headline_alone():
    assert render(SAMPLES["healthy"], "text", quiet=True) == ("navidrome  OK  3 of 3 nodes are well: primary odroid6, largest lag 0.4 s\n")


@pytest.mark.parametrize("sample", SAMPLES)
def test_colour_changes_no_character(sample):
    coloured = render(SAMPLES[sample], "text", colour=True)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    plain = render(SAMPLES[sample], "text")
    assert [line.rstrip() for line in bare.splitlines()] == [line.rstrip() for line in plain.splitlines()]


def test_a_problem_that_is_over_is_no_alarm():
    text = render(SAMPLES["changed"], "text", colour=True)
    assert re.findall(r"^\x1b\S*(?:new|resolved) ", text, re.MULTILINE) == ["\x1b[1;31mnew ", "\x1b[32mresolved "]


@pytest.mark.parametrize(("count", "words"), [(1, "1 secret redacted"), (2, "2 secrets redacted")])
def test_what_is_counted_is_one_or_many(count, words):
    report = SAMPLES["changed"]._replace(redactions={"token": count})
    assert all(words in told for told in (*(render(report, form) for form in ("text", "html")), mail_html(report)))


def test_a_cause_without_remedy_does_not_refer_to_an_earlier_one():
    report = SAMPLES["alike"]
    roots = tuple(root._replace(detail="", remedy="", commands=(), onset=1000.0 * number) for number, root in enumerate(report.root_causes))
    assert "as for" not in render(report._replace(root_causes=roots, findings=roots), "text", verbose=1)


def test_sections_are_in_reading_order():
    text = render(SAMPLES["changed"], "text", verbose=1)
    parts = [
        "CRITICAL",
        "\nNODE ",
        "\nROOT CAUSE\n",
        "\nCHANGED since",
        "\nDIAGNOSTICS\n",
        "\nRULED OUT\n",
        "\nTIMELINE\n",
        "\nITEMS\n",
        "\nspec ",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_diagnostics_name_check_output_source_log_and_rung():
    text = " ".join(render(SAMPLES["crash"], "text", width=200).split())
    for part in (
        "check \"navidrome ping\": critical for 3 min (text from odroid8's own agent; the catalog's is empty)",
        "dial tcp 10.0.0.8:4533: connect: connection refused",
        "stderr of allocation d8017ee6, task navidrome, all 6 lines",
        "http: 10.0.0.8:20202 refused the connection",
        "LiteFS: role unknown, version 0.5.14 (read by exec cat)",
        "`litefs status` is not a command of this LiteFS",
    ):
        assert part in text


def test_every_check_says_how_long_it_has_been_so_or_that_nobody_knows():
    text = " ".join(render(SAMPLES["changed"], "text", width=200).split())
    for part in (
        '"between two runs" of navidrome: critical for 1 h to 2 h',
        '"since the first run" of navidrome: critical for at least 1 d 1 h',
        '"since the last run" of navidrome: critical for at most 1 h',
        '"without an age" of navidrome: critical, since when is not known (',
    ):
        assert part in text
    assert "critical, since when is not known without --state (" in " ".join(render(SAMPLES["crash"], "text").split())


def test_verbose_text_says_how_the_age_is_known():
    assert "since 2026-11-23 05:23:41 UTC or before (earlier runs)" in render(SAMPLES["changed"], "text", width=200, verbose=1)


def test_a_cause_without_onset_has_the_run_that_first_saw_it():
    cause = SAMPLES["changed"].root_causes[0]._replace(onset=None)
    row = {**SAMPLES["changed"].changes["findings"][0], "first_seen": "2026-11-24T03:23:41.000Z", "runs": 4}
    report = SAMPLES["changed"]._replace(root_causes=(cause,), changes={**SAMPLES["changed"].changes, "findings": [row]})
    assert "  since     first seen 2026-11-24 03:23:41 UTC (3 h ago, 4 runs)" in render(report, "text").splitlines()


def test_diff_lists_unchanged_findings_and_says_if_there_is_nothing_to_compare():
    assert "history   odroid7" not in render(SAMPLES["changed"], "text")
    told = render(SAMPLES["changed"], "text", diff=True)
    assert "history   odroid7" in told
    assert "TIMELINE" not in told
    assert "no earlier run is kept to compare with" in render(SAMPLES["healthy"], "text", diff=True)


@pytest.mark.parametrize("number", [1, 3, 12, 13, 40, 41, 300])
def test_a_cluster_that_is_well_is_one_screen(number):
    nodes = tuple(row(f"node-{place:03}", role="replica" if place else "primary") for place in range(number))
    changes = {**SAMPLES["changed"].changes, "findings": [], "cluster": []}
    text = render(SAMPLES["healthy"]._replace(nodes=nodes, changes=changes), "text")
    assert len(text.splitlines()) <= 24
    assert f"{number - 1} replica, 1 primary" in text or f"node-{number - 1:03}" in text
    assert f"node-{number - 1:03}" in render(SAMPLES["healthy"]._replace(nodes=nodes), "text", verbose=1)


def test_only_the_worst_unchanged_causes_are_listed_with_their_age():
    row = {**SAMPLES["changed"].changes["findings"][1], "state": "unchanged"}
    rows = [{**row, "node": f"n{number}", "title": f"fault {number}"} for number in range(5)] + [
        {**row, "root": False, "title": "a symptom"}
    ]
    report = SAMPLES["changed"]._replace(changes={**SAMPLES["changed"].changes, "findings": rows})
    lines = [line for line in render(report, "text", width=120).splitlines() if line.startswith("unchanged clock.skew")]
    assert [line[:39] for line in lines] == [f"unchanged clock.skew on n{number}: fault {number} (firs"[:39] for number in range(3)]
    assert all(line.endswith("(first seen 2 d 4 h ago, 52 runs)") for line in lines)
    assert "a symptom" in render(report, "text", verbose=1)


def test_changes_shared_by_many_nodes_are_merged_unless_verbose():
    rows = [
        {"what": "check", "node": f"n{number}", "from": "passing", "to": "critical", "service": None, "name": "up"} for number in range(5)
    ]
    report = SAMPLES["changed"]._replace(changes={**SAMPLES["changed"].changes, "cluster": rows})
    assert 'cluster   5 nodes (n0, n1, n2, …): check "up" passing → critical' in render(report, "text").splitlines()
    assert render(report, "text", verbose=1).count('check "up" passing → critical') == 5


IMPACTS = [
    ({}, ""),
    ({"instances": 3, "instances_left": 2}, "2 of 3 instances well"),
    (
        {"instances": 3, "instances_left": 2, "instances_unheard": 1},
        "2 of 3 instances well, 1 more runs, with checks that are not known now",
    ),
    ({"instances": 1, "instances_left": 0, "writes": "unknown", "databases": []}, "0 of 1 instance well"),
    ({"writes": "go on", "primary": "n1", "replicas_left": 1}, "writes continue (primary n1, 1 replica in step)"),
    (
        {"writes": "go on", "primary": "n1", "primary_unwell": True, "replicas_left": 1},
        "LiteFS takes writes (primary n1, where the application is not well, 1 replica in step)",
    ),
    (
        {"writes": "go on", "primary": "n1", "replicas_left": 0, "replicas_connected": 2},
        "writes continue (primary n1, with 2 replicas connected, which were not heard)",
    ),
    ({"writes": "unknown", "lease_holder": "n1"}, "no primary was heard; by its lease in Consul, n1 leads"),
    (
        {"writes": "unknown", "lease_holder": "n1", "replicas_left": 2},
        "no primary was heard; by its lease in Consul, n1 leads (2 replicas in step)",
    ),
    ({"writes": "blocked", "primary": "n1", "replicas_left": 1}, "writes fail on the primary n1 (1 replica in step)"),
    ({"writes": "blocked", "replicas_left": 0}, "writes are blocked: no primary"),
    (
        {"writes": "unknown", "databases": ["db"]},
        "it is not known whether writes continue; no data seen at risk; database db",
    ),
    ({"data_at_risk": ["one", "two"]}, "data at risk: one, two"),
    (
        {"data_at_risk": [], "data_at_risk_elsewhere": True, "databases": ["db"]},
        "it is not known whether writes continue; data at risk by another root cause; database db",
    ),
    ({"services": ["a", "b", "c", "d", "e"]}, "services a, b, c and 2 more"),
]


@pytest.mark.parametrize(("impact", "words"), IMPACTS)
def test_impact_is_a_sentence(impact, words):
    assert impact_in_words(impact) == words


def test_unseen_nodes_and_gaps_are_named():
    text = render(SAMPLES["two-faults"], "text")
    assert "2 of 5 nodes unseen" in text
    text = render(SAMPLES["two-faults"], "text", width=100)
    assert "\nlitefs-odroid9, checks of odroid9: http://10.0.0.9:20202/metrics: connection refused\n" in text


def test_equal_root_causes_are_merged_and_all_their_nodes_named():
    text = render(SAMPLES["alike"], "text")
    assert text.count(SAMPLES["alike"].root_causes[0].remedy[:40]) == 1
    assert text.count(SAMPLES["alike"].root_causes[0].evidence[1].quote) == 2, "once more in the diagnostics"
    assert "\n1 app.exited on odroid7, odroid8, odroid9\n" in text
    assert "also on   odroid10, odroid11" in text
    assert render(SAMPLES["alike"], "text", verbose=1).count("as for 1") == 4


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("another line", {"evidence": (Evidence("logs", "stderr of d8017ee6, task navidrome", "fatal: no such table: media_file"),)}),
        ("it began an hour earlier", {"onset": NOW - 3600}),
        ("another severity", {"severity": Severity.WARNING}),
        ("other writes", {"impact": {**EXITED.impact, "writes": "blocked"}}),
    ],
)
def test_a_different_root_cause_is_shown_separately(says, change):
    first, second, *_ = SAMPLES["alike"].root_causes
    roots = (first, second._replace(**change))
    text = render(SAMPLES["alike"]._replace(root_causes=roots, findings=roots), "text")
    assert "\n1 app.exited on odroid7\n" in text, says
    assert "\n2 app.exited on odroid8\n" in text, says


def test_of_equal_causes_the_first_shows_cluster_wide_findings():
    first, second, *_ = SAMPLES["alike"].root_causes
    whole = Finding("f9", "symptom.instance-missing", Severity.WARNING, None, "the job lacks instances", explained_by=first.id)
    for explaining, number in ((0, 1), (1, 2)):
        roots = [first, second]
        roots[explaining] = roots[explaining]._replace(explains=("f9",))
        text = render(SAMPLES["alike"]._replace(root_causes=tuple(roots), findings=(*roots, whole)), "text")
        assert text.count(" app.exited on ") == number
        assert "explains  the job lacks instances" in text


def test_diagnostics_of_nodes_that_are_only_named_are_left_out_and_counted():
    many = [f"odroid{number}" for number in range(7, 40)]
    roots = [SAMPLES["alike"].root_causes[0]._replace(id=f"f-{name}", node=name) for name in many]
    details = [SAMPLES["crash"].details[0]._replace(node=name) for name in many]
    report = SAMPLES["alike"]._replace(root_causes=tuple(roots), findings=tuple(roots), details=tuple(details))
    short, long = render(report, "text"), render(report, "text", verbose=1)
    assert [f"\n{name}\n" in short for name in many] == [True] * 3 + [False] * 30
    assert "\n30 more nodes with the same root causes (all with -v)\n" in short
    assert "6 more" in short[short.index("also on") : short.index("DIAGNOSTICS")]
    assert all(f"\n{name}\n" in long for name in many)
    assert "more node" not in long[long.index("DIAGNOSTICS") :]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("10.0.0.{0}:20202 refused", "a0, a1, a2, a3: each address refused"),
        ("[fd00::{0}]:20202 refused", "a0, a1, a2, a3: each address refused"),
        ("10.0.0.8:20202 refused", "a0, a1, a2, a3: 10.0.0.8:20202 refused"),
        ("10.0.0.8:20202 answers 40{0}", "a0: 10.0.0.8:20202 answers 400\na1: 10.0.0.8:20202 answers 401"),
    ],
)
def test_gaps_that_differ_only_in_the_address_are_merged(reason: str, told: str):
    gaps = tuple({"item": f"a{n}", "target": "cluster", "reason": reason.format(n), "status": "failed"} for n in range(4))
    report = SAMPLES["two-faults"]._replace(coverage=SAMPLES["two-faults"].coverage._replace(gaps=gaps))
    assert f"NOT SEEN\n{told}\n" in render(report, "text")
    few = report._replace(coverage=report.coverage._replace(gaps=gaps[:3]))
    assert "each address" not in render(few, "text") + render(report, "text", verbose=1)


def test_report_names_the_spec_it_followed():
    assert "spec navidrome, specs/navidrome.yml, sha256 3f1c0a9be25d, commit 843e00cbb1f7" in render(SAMPLES["healthy"], "text")


@UNTIMED
@given(any_text, st.integers(1, 60))
def test_wrapping_loses_only_spaces(text, room):
    assert "".join("".join(wrap(text, room)).split()) == "".join(text.split())


@UNTIMED
@given(any_text, st.integers(2, 60))
def test_wrapped_lines_fit(text, room):
    assert all(columns_of(line) <= room for line in wrap(text, room))


@UNTIMED
@given(any_text, st.integers(0, 60))
def test_cut_text_fits(text, room):
    assert columns_of(cut(text, room)) <= room


@UNTIMED
@given(any_text, any_text.map(lambda text: text[:30]), st.integers(40, 120))
def test_hanging_text_fits(text, first, width):
    assert all(columns_of(line) <= width for line in hang(text, first, width=width).split("\n"))


def node_lines(names, width):
    """Return the table's lines for a cluster with these nodes."""
    nodes = tuple(row(name, role="replica" if place else "primary") for place, name in enumerate(names))
    lines = render(SAMPLES["crash"]._replace(nodes=nodes), "text", width=width).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("NODE"))
    return lines[start : start + 1 + len(names)], lines[start + 1 + len(names)]


NAMES = {
    "short": ["odroid6", "odroid7", "odroid8"],
    "of a data centre": [f"n-{number:02}.fra.example.org" for number in range(1, 6)],
    "alike for long": [f"production-raspberry-{number}" for number in range(1, 4)],
    "one that begins as another": ["edge-1", "edge-10", "edge-100.example.org"],
    "wide characters": ["节点一号", "节点二号", "节点三号"],
}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("width", [40, 48, 60, 70, 80, 132])
def test_nodes_can_be_told_apart_on_any_terminal(names, width):
    (_, *rows), _ = node_lines(NAMES[names], width)
    assert len({line.split("  ")[0] for line in rows}) == len(NAMES[names])


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(40, "ALLOC, RESTARTS, UPTIME, TXID"), (48, "ALLOC, RESTARTS, UPTIME"), (60, "ALLOC, UPTIME"), (70, "UPTIME"), (80, None)],
)
def test_columns_that_have_no_room_are_left_out_and_named(width, left_out):
    (titles, *_), after = node_lines(NAMES["short"], width)
    assert titles.split() == [title for title in TITLES if title not in (left_out or "").split(", ")]
    assert after == (f"left out: {left_out}" if left_out else "")


@UNTIMED
@given(st.lists(st.lists(any_text, min_size=4, max_size=4), max_size=5), st.integers(40, 120))
def test_tables_fit_and_columns_begin_at_the_same_place(rows, width):
    columns = [{"title": name, "least": 6, "right": False} for name in ("ONE", "TWO", "THREE", "FOUR")]
    cells = [[{"text": text, "severity": None} for text in row] for row in rows]
    lines = table(columns, cells, width=width, colour=False).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(columns_of(line) <= width for line in lines)

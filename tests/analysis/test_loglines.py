from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import loglines
from collector.loglines import ERROR, FATAL, LONGEST, PLAIN, WARNING, complaint, decisive, moment_of, read
from collector.loglines.multiline import quoted

START = 'level=INFO msg="no backup client configured, skipping"'

LINES = [
    ('level=fatal msg="Error opening database" error="no such table"', "app", FATAL, "Error opening database"),
    ('level=INFO msg="cannot fetch cluster ID from \\"consul\\" lease, retrying: Get \\"http://x\\": EOF"', "litefs", ERROR, None),
    ('level=INFO msg="00112233AABBCCDD: primary lease acquired, advertising as http://n1:1"', "litefs", PLAIN, None),
    ("00112233AABBCCDD: primary lease acquired, advertising as http://n1:1", "litefs", PLAIN, None),
    ('{"time":"2026-01-01T00:00:00Z","level":"INFO","msg":"connected to cluster, ready"}', "litefs", PLAIN, "connected to cluster, ready"),
    ('time=2026-01-01T00:00:00Z level=INFO msg="connected to cluster, ready"', "litefs", PLAIN, "connected to cluster, ready"),
    ("ERROR: config file not found", "litefs", ERROR, None),
    ("E0102 15:04:05.000000       1 server.go:12] listen failed", "app", ERROR, "listen failed"),
    ("F0102 15:04:05.000000       1 server.go:12] listen failed", "app", FATAL, "listen failed"),
    ("sqlite3.OperationalError: database is locked", "app", FATAL, None),
    ("panic: runtime error: index out of range", "app", FATAL, None),
    ("Caused by: java.lang.IllegalStateException: no", "app", FATAL, None),
    ("thread 'main' panicked at src/main.rs:2:5:", "app", FATAL, None),
    ("   Wiki\\QueryException ", "app", FATAL, None),
    ("   Wiki.QueryService ", "app", PLAIN, None),
    ("APPLICATION FAILED TO START", "app", FATAL, None),
    ("Kernel pid terminated (application_controller)", "app", FATAL, None),
    ("Error in library(x) : there is no package called x", "app", FATAL, None),
    ("Error loading shared library libx.so: No such file", "app", FATAL, None),
    ("Error relocating /app: f: symbol not found", "app", ERROR, None),
    ("[UnhandledPromiseRejection: This error originated", "app", FATAL, None),
    ("npm error Missing script: start", "app", ERROR, None),
    ("npm ERR! Missing script: start", "app", ERROR, None),
    ("npm error A complete log of this run can be found in: /x", "app", PLAIN, None),
    ("npm error code 1", "app", PLAIN, None),
    (" ERR_PNPM_NO_SCRIPT  Missing script: serve", "app", ERROR, None),
    ("KeyboardInterrupt", "app", PLAIN, None),
    ('level=info msg="retry after error: none failed"', "app", PLAIN, None),
    ('level="error" msg="out of luck"', "app", ERROR, "out of luck"),
    ('severity=ERROR msg="out of luck"', "app", ERROR, "out of luck"),
    ('severity=info msg="retry after error: none failed"', "app", PLAIN, None),
    ('{"level":"warn","message":"slow"}', "app", WARNING, "slow"),
    ("GET /ping 200", "app", PLAIN, "GET /ping 200"),
    ('{"not": "a log line"}', "app", PLAIN, '{"not": "a log line"}'),
    ("{broken json", "app", PLAIN, "{broken json"),
    ('level=INFO msg="fuse: create(): cannot create journal: read only replica"', "litefs", ERROR, None),
]


@pytest.mark.parametrize(("text", "origin", "weight", "message"), LINES, ids=[line[0][:40] for line in LINES])
def test_a_lines_origin_is_known_by_its_text(text, origin, weight, message):
    (line,) = read([text])
    assert (line.origin, line.weight) == (origin, weight)
    assert message is None or line.message == message


STAMPS = [
    ('time=2026-11-29T02:09:06.301Z level=INFO msg="primary lease acquired"', 1795918146.301),
    ('{"time":"2026-11-29T02:09:06.301032144Z","level":"INFO","msg":"primary lease acquired"}', 1795918146.301032),
    ('{"level":"info","ts": "2026-11-29T03:09:06+01:00","msg":"ready"}', 1795918146.0),
    ("2026-11-29T02:09:06Z ready", 1795918146.0),
    ('time="2026-11-29T02:09:06Z" level=fatal msg="no"', 1795918146.0),
    ("2026-11-29T02:09:06 in whatever zone", None),
    ("2026/11/29 02:09:06 in whatever zone", None),
    ('level=INFO msg="runtime=2026"', None),
    ("time=2026-99-29T02:09:06Z", None),
    ('level=INFO msg="ready"', None),
]


@pytest.mark.parametrize(("text", "moment"), STAMPS, ids=[text[:40] for text, _ in STAMPS])
def test_a_line_has_only_its_own_time_stamp(text, moment):
    assert moment_of(text) == (moment if moment is None else pytest.approx(moment, abs=1e-5))


@given(st.text())
def test_any_line_has_a_finite_time_or_none(text):
    assert moment_of(f"time={text}") is None or isinstance(moment_of(f"time={text}"), float)


def test_litefs_says_info_on_errors_so_the_text_decides():
    (line,) = read(['level=INFO msg="cannot find primary, retrying: no primary"'])
    assert line.weight == ERROR


def test_a_new_start_begins_a_new_run():
    runs = [line.run for line in read([START, "app works", START, "app fails"])]
    assert runs == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "before",
    [['level=INFO msg="starting background subprocess: /bin/wiki"'], ["wiki 2.1 is starting"], ["ERROR: cannot read a page", "retrying"]],
)
def test_application_errors_are_not_final_errors_of_litefs(before):
    *_, first, second = read([*before, "ERROR: could not connect", "ERROR: giving up"])
    assert (first.origin, second.origin) == ("app", "app")
    assert first.run == second.run == 0


def test_a_final_error_unique_to_litefs_is_its_own_whoever_logged_before():
    assert read(["wiki 2.1 is starting", "ERROR: cannot exec: sync cmd: cannot run command: exit status 1"])[1].origin == "litefs"


def test_an_unknown_final_error_is_litefs_own_until_the_application_logs():
    lines = read(['level=INFO msg="no backup client configured, skipping"', "ERROR: cannot connect to a thing of 0.6"])
    assert [line.origin for line in lines] == ["litefs", "litefs"]


def test_litefs_final_error_and_its_indented_continuation_end_a_run():
    lines = read(
        [
            "ERROR: yaml: unmarshal errors:",
            "  line 4: field foo not found",
            "ERROR: yaml: unmarshal errors:",
            "  line 4: field foo not found",
        ]
    )
    assert [line.run for line in lines] == [0, 0, 1, 1]


DECISIVE = {
    "the last fatal of the newest run": (["level=fatal msg=old", START, "level=fatal msg=new", START, "all quiet"], "level=fatal msg=new"),
    "a fatal before an error": (["level=fatal msg=why", "level=error msg=after"], "level=fatal msg=why"),
    "the exception's last line": (
        ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "ValueError: bad", "bye"],
        "ValueError: bad",
    ),
    "the innermost cause": (
        ['Exception in thread "main" X: a', "\tat a.b(C.java:1)", "Caused by: Y: b", "\tat a.b(C.java:1)"],
        "Caused by: Y: b",
    ),
    "the exception of .NET, not its frames": (
        [
            "Unhandled exception. System.InvalidOperationException: no connection",
            "   at Program.<Main>$(String[] args) in /src/Program.cs:line 31",
        ],
        "Unhandled exception. System.InvalidOperationException: no connection",
    ),
    "where Clojure does not compile, not where its report is": (
        ["Syntax error compiling at (core.clj:14:3).", "No such var: db/migrate!", "Full report at:", "/tmp/error.edn"],
        "Syntax error compiling at (core.clj:14:3).",
    ),
    "what Ruby raised, not who reports it": (
        [
            "bundler: failed to load command: rake",
            "/b/definition.rb:691:in `materialize': Could not find sqlite3-2.1.0 in gems (Bundler::GemNotFound)",
        ],
        "/b/definition.rb:691:in `materialize': Could not find sqlite3-2.1.0 in gems (Bundler::GemNotFound)",
    ),
    "the module that Perl misses": (
        [
            "Can't locate Mojolicious/Plugin/X.pm in @INC (you may need it) at app line 12.",
            "BEGIN failed--compilation aborted at app line 12.",
        ],
        "Can't locate Mojolicious/Plugin/X.pm in @INC (you may need it) at app line 12.",
    ),
    "never a harmless line": (['level=INFO msg="cannot become primary, local node has no cluster ID and lease"'], None),
    "nothing where nothing is wrong": ([START, "GET /ping 200"], None),
}


@pytest.mark.parametrize("case", DECISIVE, ids=list(DECISIVE))
def test_the_decisive_line_is(case):
    lines, expected = DECISIVE[case]
    found = decisive(read(lines))
    assert (found.text if found else None) == expected


@given(st.lists(st.text(max_size=200), max_size=30))
def test_any_text_is_read(lines):
    found = read(lines)
    assert [line.number for line in found] == list(range(len(lines)))
    assert [line.run for line in found] == sorted(line.run for line in found)
    assert all(line.origin in {"app", "litefs"} and PLAIN <= line.weight <= FATAL for line in found)
    decisive(found)


def test_a_line_without_end_is_cut():
    (line,) = read(['level=error msg="' + "x" * 1_000_000])
    assert len(line.text) == LONGEST


COMPLAINTS = [
    ("OSError: [Errno 28] No space left on device: '/data/x'", "OSError: [Errno 28] No space left on device: '/data/x'"),
    ('level=error msg="cannot bind" error="listen tcp :80: address already in use"', "cannot bind listen tcp :80: address already in use"),
    ('time=2027-01-15T08:00:00Z level=INFO msg="write failed: disk full"', "write failed: disk full"),
    ('level=info msg="search" query="disk full"', ""),
    ('level=error msg="thumbnail failed" file="disk full.pdf"', "thumbnail failed"),
    ('{"level":"info","msg":"uploaded","name":"disk full.txt"}', ""),
    ('{"level":"error","msg":"save","error":{"message":"disk full"}}', 'save {"message": "disk full"}'),
    ('10.0.0.1 - - "GET /?q=disk+full HTTP/1.1" 200', '10.0.0.1 - - "" 200'),
    ("2027-01-15 08:00:00,123 INFO search for disk full", ""),
    ("new comment by bob: 'panic: disk full', and 'no'", "new comment by bob: '', and 'no'"),
    ("could not save: 'disk full on sda'", "could not save: 'disk full on sda'"),
    ("it's the user's 'disk full note' that isn't here", "it's the user's '' that isn't here"),
    ('level=INFO msg="fuse: write(): disk full"', "fuse: write(): disk full"),
    ('{"level":"error","msg":', '{"":"","":'),
    ("[" * 100_000, "[" * LONGEST),
]


@pytest.mark.parametrize(("text", "expected"), COMPLAINTS, ids=[text[:50] for text, _ in COMPLAINTS])
def test_a_complaint_is_about_the_writer_itself(text, expected):
    assert complaint(read([text])[0]) == expected


def test_several_startup_lines_are_one_start():
    """As if both streams of a container are merged."""
    start = [
        "config file read from /etc/litefs.yml",
        "LiteFS v0.5.14, commit=abc",
        'level=INFO msg="no backup client configured, skipping"',
    ]
    lines = read([*start, "ERROR: cannot open store: x", *start[:2]])
    assert [line.run for line in lines] == [0, 0, 0, 0, 1, 1]


def test_an_unterminated_quotation_is_scanned_once() -> None:
    """Otherwise each quote would be tried up to the end of the line; matches are counted, not timed."""
    assert len(list(loglines._QUOTED.finditer('"\\' * 1000))) == 1


WHOLE = {
    "the causes that anyhow sets off": (
        ["Error: no start", "", "Caused by:", "    0: no pool", "    1: gone"],
        "Caused by:|    0: no pool|    1: gone",
    ),
    "a message of several lines, up to its trace": (
        ["Error: The module 'x.node'", "was compiled against", "another Node.js", "    at load (a.js:1)"],
        "was compiled against|another Node.js",
    ),
    "no line of somebody else's before a trace": (
        ["Error: broken", 'level=INFO msg="connected to cluster, ready"', "    at load (a.js:1)"],
        "",
    ),
    "no line that is an error of its own": (["Error: broken", "TypeError: worse", "    at load (a.js:1)"], ""),
    "no line behind one that has no trace": (["Error: broken", "GET /ping 200"], ""),
    "what Clojure says below where it is": (
        ["Syntax error compiling at (core.clj:14:3).", "No such var: db/migrate!", "Full report at:"],
        "No such var: db/migrate!",
    ),
    "what stands behind a colon, indented or not": (
        ["ERROR: yaml: unmarshal errors:", "  line 4: field foo not found", "  line 5: field bar not found"],
        "  line 4: field foo not found|  line 5: field bar not found",
    ),
    "nothing of a trace": (["ValueError: bad", "  at a.b(C.java:1)"], ""),
    "the paragraph below a console's heading": (
        ["   Wiki\\QueryException ", "", "  no such table: cache (SQL: delete)  ", "", "  at vendor/Connection.php:829"],
        "  no such table: cache (SQL: delete)",
    ),
    "Spring's description, and not what it advises": (
        ["APPLICATION FAILED TO START", "*****", "", "Description:", "", "Port 8080 was already in use.", "", "Action:", "", "Stop it."],
        "Port 8080 was already in use.",
    ),
    "what is below a bare number of Prisma's": (
        ["Error: P3009", "", "migrate found failed migrations", "", "Read more"],
        "migrate found failed migrations",
    ),
    "the line of a file that is annotated, and what it is annotated with": (
        ["Error: TOML parse error at line 4, column 1", "  |", "4 | smtp = ", "  |        ^", "invalid string", "bye"],
        "4 | smtp = |invalid string",
    ),
}


@pytest.mark.parametrize(("texts", "rest"), WHOLE.values(), ids=WHOLE)
def test_a_quote_goes_as_far_as_the_message(texts, rest):
    lines = read(texts)
    assert "|".join(quoted(lines, lines[0]).split("\n")[1:]) == rest


def test_of_many_causes_the_innermost_are_quoted():
    lines = read(["Error: no start", "", "Caused by:", *(f"    {number}: {number}" for number in range(6))])
    assert quoted(lines, lines[0]).splitlines()[-3:] == ["    3: 3", "    4: 4", "    5: 5"]

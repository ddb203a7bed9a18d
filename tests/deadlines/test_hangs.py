"""A run ends within its deadline plus one second, whatever hangs; there is a report, and it names what did not fit."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.replay import wire
from tests.deadlines.process import DEADLINE, HANGS, LATE, Ended, diagnose, run
from tests.hostile.faults import answer, dripping, flood, silent
from tests.hostile.proxy import Behaviour, Spoiler
from tests.hostile.run import cluster

HEAD = b"HTTP/1.1 200 OK\r\n"
OPEN = {"budget", "timeout"}
"""What an item is that did not come to its end."""
ORPHANS = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given the orphans of another process")


def check_ended(ended: Ended) -> None:
    """Check what holds for every run with these tests' deadline."""
    assert ended.report["duration_seconds"] < LATE
    check_left(ended)


def check_left(ended: Ended) -> None:
    """Check what holds however a run ends."""
    assert ended.code in {0, 1, 2, 3}
    assert not ended.children
    assert not ended.files
    assert "Traceback" not in ended.stderr


def from_litefs(ask: wire.Ask) -> bool:
    return ask.netloc.endswith(":20202")


def of_logs(ask: wire.Ask) -> bool:
    return ask.path.startswith("/v1/client/fs/logs/")


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(silent, id="no answer"),
        pytest.param(dripping(HEAD + b"X-Slow: ", b"x"), id="headers drip"),
        pytest.param(dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b" "), id="body drips"),
    ],
)
def test_a_hanging_node_is_named_and_the_rest_is_reported(behave: Behaviour, tmp_path: Path) -> None:
    with cluster("healthy", Spoiler(from_litefs, behave), command="sleep 60") as (_proxy, environ):
        ended = diagnose(environ, tmp_path)
    check_ended(ended)
    assert ended.statuses("nomad_allocations") == ["ok"]
    assert set(ended.statuses("consul_checks")) == {"ok"}
    assert set(ended.statuses("litefs_status")) <= OPEN
    gaps = ended.report["coverage"]["gaps"]
    assert all(gap["item"].startswith("litefs_status@") or gap["status"] == "budget" for gap in gaps), gaps
    assert ended.code != 0


def test_servers_that_hang_leave_a_report_that_claims_nothing(tmp_path: Path) -> None:
    with cluster("healthy", Spoiler(lambda _ask: True, silent)) as (_proxy, environ):
        ended = diagnose(environ, tmp_path)
    check_ended(ended)
    assert ended.code in {2, 3}
    assert ended.report["coverage"]["collected"] == 0
    assert {item["status"] for item in ended.report["items"]} <= OPEN | {"skipped"}


def test_a_log_that_never_ends_is_cut(tmp_path: Path) -> None:
    with cluster("app-crash", Spoiler(of_logs, flood(HEAD + b"\r\n", b"error\n" * 4096, 1 << 40))) as (_proxy, environ):
        ended = diagnose(environ, tmp_path, "--deadline", f"{HANGS}s")  # on a busy machine the cut may take a while, never the deadline
    check_left(ended)
    assert ended.code == 2
    assert set(ended.statuses("nomad_logs")) == {"ok"}


@pytest.mark.parametrize(
    "child",
    [
        pytest.param("(trap '' TERM; sleep 60)", id="its child"),
        pytest.param("setsid sh -c \"trap '' TERM; sleep 60 & sleep 60\"", id="its child in a session of its own", marks=ORPHANS),
    ],
)
def test_a_command_that_ignores_sigterm_is_killed_with_its_children(child: str, tmp_path: Path) -> None:
    stubborn = f"trap '' TERM; {child} & sleep 60; sleep 60"
    with cluster("healthy", Spoiler(from_litefs, silent), command=stubborn) as (_proxy, environ):
        ended = diagnose(environ, tmp_path)
    check_ended(ended)
    assert set(ended.statuses("litefs_status")) <= OPEN


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Yield a port whose server never accepts and whose queue is full, so that connecting hangs as to a dead host."""
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(server.getsockname())
        yield server.getsockname()[1]


def test_a_connect_that_hangs(tmp_path: Path) -> None:
    with full_backlog() as port:
        address = f"http://127.0.0.1:{port}"
        ended = diagnose({"NOMAD_ADDR": address, "CONSUL_HTTP_ADDR": address}, tmp_path)
    check_ended(ended)
    assert ended.code in {2, 3}
    assert {item["status"] for item in ended.report["items"]} <= OPEN | {"skipped"}


NO_ANSWER_FROM_DNS = """\
import socket, time
def getaddrinfo(*_args, **_more):
    time.sleep(60)  # as the C library does: it cannot be interrupted
socket.getaddrinfo = getaddrinfo
"""


def test_a_name_lookup_that_hangs(tmp_path: Path) -> None:
    patched, place = tmp_path / "patched", tmp_path / "place"
    patched.mkdir()
    place.mkdir()
    (patched / "sitecustomize.py").write_text(NO_ANSWER_FROM_DNS)
    names = {"NOMAD_ADDR": "http://nomad.example:4646", "CONSUL_HTTP_ADDR": "http://consul.example:8500"}
    ended = diagnose({**names, "PYTHONPATH": str(patched), "PYTHONDONTWRITEBYTECODE": "1"}, place)
    check_ended(ended)
    assert ended.code in {2, 3}


SLOW = """\
version: 1
name: slow
redact: [REDACT]
collect:
  - nomad_allocations: {job: navidrome}
    register: allocs
  - nomad_logs: {task: navidrome}
    loop: "{{ allocs | running | with_task('navidrome') }}"
analyze:
  rules:
    - code: own.slow
      summary: s
      scope: instance
      severity: warning
      title: t
      when: {see: log, where: {message: {matches: 'RULE'}}}
"""
LOG = "".join(f"{'a' * 100}{number}!\n" for number in range(300))
"""No two lines are alike, so that each is looked at anew."""


def slow(tmp_path: Path, redact: str, rule: str) -> tuple[str, Path]:
    """Return a spec with these patterns, and its directory."""
    spec, place = tmp_path / "spec.yml", tmp_path / "place"
    place.mkdir()
    spec.write_text(SLOW.replace("REDACT", f"'{redact}'").replace("RULE", rule), "utf-8")
    return str(spec), place


@pytest.mark.parametrize(
    ("redact", "rule", "named"), [("(a+)+$", "no-such-text", "redact[0]"), ("no-such-text", "(a+)+[^!]$", "rule own.slow")]
)
def test_a_pattern_of_the_users_that_takes_for_ever_is_cut_off_and_named(redact: str, rule: str, named: str, tmp_path: Path) -> None:
    spec, place = slow(tmp_path, redact, rule)
    with cluster("healthy", Spoiler(of_logs, answer(LOG.encode()))) as (_proxy, environ):
        ended = run("diagnose", spec, "-o", "json", "--deadline", f"{DEADLINE}s", environ=environ, place=place)
    check_ended(ended)
    gaps = {gap["item"]: gap["reason"] for gap in ended.report["coverage"]["gaps"]}
    assert "collector lint" in gaps[named]
    assert "took too long on" in gaps[named]
    assert redact not in ended.stdout, "a pattern may be a secret itself"
    assert ended.code == 1


def test_an_expression_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    spec, place = tmp_path / "spec.yml", tmp_path / "place"
    place.mkdir()
    endless = "{{ range(99999) | select('in', range(99999) | list) | list }}"
    spec.write_text(f'version: 1\nname: endless\ncollect:\n  - nomad_job: {{job: x}}\n    loop: "{endless}"\n', "utf-8")
    with cluster("healthy") as (_proxy, environ):
        ended = run("diagnose", str(spec), "-o", "json", "--deadline", f"{DEADLINE}s", environ=environ, place=place)
    check_ended(ended)
    assert [item["status"] for item in ended.report["items"]] == ["budget"]


@contextlib.contextmanager
def mute_server() -> Iterator[int]:
    """Run a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_a_mail_server_that_hangs_does_not_hold_up_the_report(tmp_path: Path) -> None:
    with mute_server() as port, cluster("healthy") as (_proxy, environ):
        settings = {"COLLECTOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "COLLECTOR_MAIL_FROM": "collector@example.org"}
        ended = diagnose({**environ, **settings}, tmp_path, "--mail-to", "ops@example.org")
    assert ended.code == 70
    assert ended.report["verdict"] == "ok"
    assert "did not take the mail" in ended.stderr
    assert len(ended.files) == 1, "the mail that nobody took is kept"
    assert ended.seconds < HANGS / 2

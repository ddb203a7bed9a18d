"""`nomad alloc exec`: its arguments, its limits, and the meaning of its result."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.model import Exec, Reply, Status
from collector.sources.command import CAP
from tests.sources.asking import ask, sources

ALLOC = "d8017ee6-0000-4000-8000-000000000001"
KILLED_BY = 1.0
"""Seconds after the deadline by which a killed command must be gone, on a busy machine."""


@pytest.fixture
def nomad(tmp_path: Path):
    """Return a function that makes a `nomad` from Python code and returns the environment that finds it."""

    def make(code: str, **environ: str) -> dict[str, str]:
        program = tmp_path / "bin" / "nomad"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!{sys.executable} -IS\nimport os, signal, subprocess, sys, time\n{code}\n")
        program.chmod(0o700)
        return {"PATH": str(program.parent), "HOME": str(tmp_path)} | environ

    return make


def run(environ: dict[str, str], *argv: str, seconds: float = 5.0, namespace: str | None = None, alloc: str = ALLOC) -> Reply:
    return ask(Exec(alloc, "navidrome", argv or ("true",), namespace), environ, seconds=seconds)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(condition, seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


def test_the_arguments_are_exactly_these_and_no_shell_sees_them(nomad) -> None:
    environ = nomad("print('\\n'.join(sys.argv[1:]))")
    reply = run(environ, "cat", "$(id)", "a b", "; rm -rf /", "*")
    expected = ["alloc", "exec", "-i=false", "-t=false", "-task", "navidrome", ALLOC, "cat", "$(id)", "a b", "; rm -rf /", "*"]
    assert reply.body.decode().splitlines() == expected
    assert reply.endpoint == "nomad " + " ".join(expected)
    assert (reply.status, reply.code, reply.cause, reply.reason) == (Status.OK, 0, "", "")


@pytest.mark.parametrize(
    ("configured", "asked", "named"),
    [
        ("", None, False),
        ("", "default", False),
        ("media", None, False),
        ("media", "media", False),
        ("", "media", True),
        ("media", "default", True),
    ],
)
def test_the_namespace_is_named_only_when_the_environment_does_not_say_it(nomad, configured: str, asked: str | None, named: bool) -> None:
    environ = nomad("print(sys.argv[1:])", NOMAD_NAMESPACE=configured)
    assert (f"'-namespace', '{asked}'" in run(environ, namespace=asked).body.decode()) is named


def test_the_environment_is_what_nomad_needs_and_no_more(nomad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "of the process")
    environ = nomad(
        "print(sorted(os.environ.items()))", NOMAD_TOKEN="nomad-secret", NOMAD_SKIP_VERIFY="t", CONSUL_HTTP_TOKEN="x", EDITOR="vi"
    )
    seen = dict(eval(run(environ).body))
    seen.pop("LC_CTYPE", None)
    assert seen == {
        "PATH": environ["PATH"],
        "HOME": environ["HOME"],
        "TERM": "dumb",
        "NOMAD_CLI_NO_COLOR": "1",
        "NOMAD_ADDR": "http://127.0.0.1:4646",
        "NOMAD_TOKEN": "nomad-secret",
        "NOMAD_SKIP_VERIFY": "true",
    }


def test_the_token_is_in_no_argument_and_in_no_endpoint(nomad) -> None:
    environ = nomad("print(open('/proc/self/cmdline').read())", NOMAD_TOKEN="nomad-secret")
    reply = run(environ)
    assert b"nomad-secret" not in reply.body
    assert "nomad-secret" not in reply.endpoint


def test_its_input_is_closed(nomad) -> None:
    assert run(nomad("print(repr(sys.stdin.read()))")).body == b"''\n"


def test_without_nomad_the_reply_says_what_to_do(tmp_path: Path) -> None:
    reply = run({"PATH": str(tmp_path)})
    assert (reply.status, reply.cause) == (Status.MISSING_TOOL, "missing")
    assert "install" in reply.reason


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"\x7fELF\x02\x01\x01", 0o700, "cannot be started: Exec format error; it is made for another machine than this one ("),
        (b"#!/nowhere/sh\n", 0o700, "cannot be started: No such file or directory; its interpreter or loader is not there"),
        (b"#!/bin/sh\n", 0o600, "/nomad is not executable: give it that right (`chmod +x "),
    ],
)
def test_a_nomad_that_cannot_be_run_is_reported_with_a_remedy(tmp_path: Path, content: bytes, mode: int, words: str) -> None:
    program = tmp_path / "nomad"
    program.write_bytes(content)
    program.chmod(mode)
    reply = run({"PATH": f"{tmp_path / 'none'}:{tmp_path}"})
    assert (reply.status, reply.cause) == (Status.MISSING_TOOL, "missing")
    assert words in reply.reason
    assert "install Nomad's command line" in reply.reason


@pytest.mark.parametrize(
    ("stream", "words", "code"),
    [
        ("stdout", "Usage: nomad alloc <subcommand> [options] [args]", 1),
        ("stderr", "Usage: nomad [-version] [-help] [-autocomplete-(un)install] <command> [args]", 127),
        ("stderr", "flag provided but not defined: -i", 1),
    ],
)
def test_a_nomad_too_old_for_exec_is_reported_as_such(nomad, stream: str, words: str, code: int) -> None:
    reply = run(nomad(f"print({words!r}, file=sys.{stream}); sys.exit({code})"))
    assert (reply.status, reply.cause) == (Status.MISSING_TOOL, "missing")
    assert "has no `alloc exec`" in reply.reason
    assert "of the cluster's version" in reply.reason


def test_a_nomad_that_cannot_be_started_is_missing(tmp_path: Path) -> None:
    (tmp_path / "nomad").write_bytes(b"\x7fELF\x00")
    (tmp_path / "nomad").chmod(0o700)
    assert run({"PATH": str(tmp_path)}).status == Status.MISSING_TOOL


@pytest.mark.parametrize("alloc", ["-address=http://evil", "", "--help", "a b", "d8017ee6\n", "../x"])
def test_what_is_no_allocation_id_is_not_run(nomad, alloc: str) -> None:
    reply = run(nomad("print('ran')"), alloc=alloc)
    assert (reply.status, reply.cause, reply.body) == (Status.FAILED, "exec", b"")


def test_an_argument_with_nul_is_not_run(nomad) -> None:
    assert run(nomad("print('ran')"), "a\0b").status == Status.FAILED


def test_nothing_is_started_when_time_is_up(nomad, tmp_path: Path) -> None:
    reply = run(nomad(f"open({str(tmp_path / 'started')!r}, 'w')"), seconds=-1)
    assert (reply.status, reply.cause) == (Status.TIMEOUT, "timeout")
    assert not (tmp_path / "started").exists()


def test_output_is_kept_apart_and_as_bytes(nomad) -> None:
    reply = run(nomad("os.write(1, b'out\\xff\\0'); os.write(2, b'err\\x1b[31m')"))
    assert (reply.body, reply.stderr) == (b"out\xff\0", b"err\x1b[31m")


def test_the_commands_own_code_is_not_nomads_failure(nomad) -> None:
    for code, stderr in (
        (4, ""),
        (1, "cat: /litefs/.primary: No such file or directory"),
        (1, "ERROR: litefs status: unknown command"),
        (1, 'failed to exec into task: rpc error: code = Unknown desc = exec: "wget": executable file not found in $PATH'),
        (137, ""),
    ):
        reply = run(nomad(f"sys.stderr.write({stderr!r}); sys.exit({code})"))
        assert (reply.status, reply.code, reply.cause) == (Status.FAILED, code, "")
        assert stderr in reply.reason


NOMADS_OWN = {
    'failed to exec into task: task "navidrome" is not running.': Status.FAILED,
    'failed to exec into task: task "navidrome" not started yet.': Status.FAILED,
    'failed to exec into task: unknown task name "navidrome"': Status.FAILED,
    "failed to exec into task: No path to node": Status.UNREACHABLE,
    "failed to exec into task: Unexpected response code: 403 (Permission denied)": Status.DENIED,
    "Error querying allocation: Unexpected response code: 403 (Permission denied)": Status.DENIED,
    "Error querying allocation: Unexpected response code: 500 (No cluster leader)": Status.UNREACHABLE,
    'Error querying allocation: Get "http://127.0.0.1:4646/v1/x": dial tcp 127.0.0.1:4646: connect: connection refused': Status.UNREACHABLE,
    'Error querying allocation: Get "https://nomad:4646/v1/x": tls: failed to verify certificate: x509: unknown authority': Status.FAILED,
    'No allocation(s) with prefix or id "d8017ee6" found': Status.FAILED,
    "Could not find task named: navidrome, found:\n* web": Status.FAILED,
    "Error initializing client: invalid address": Status.FAILED,
}


@pytest.mark.parametrize("words", NOMADS_OWN)
def test_nomads_own_failure_is_recognised_by_its_message(nomad, words: str) -> None:
    reply = run(nomad(f"sys.stderr.write({words!r} + '\\n'); sys.exit(1)"))
    assert (reply.status, reply.cause, reply.code) == (NOMADS_OWN[words], "exec", 1)
    assert words.splitlines()[0] in reply.reason


def test_nomad_can_fail_after_the_command_said_something(nomad) -> None:
    reply = run(nomad("sys.stderr.write('warning\\nfailed to exec into task: No path to node\\n'); sys.exit(1)"))
    assert (reply.status, reply.cause) == (Status.UNREACHABLE, "exec")
    assert reply.reason == "nomad alloc exec failed: failed to exec into task: No path to node"


def test_what_it_says_is_redacted(nomad) -> None:
    reply = run(nomad("sys.stderr.write('password=hunter2hunter2'); sys.exit(3)"), "login", "--password", "hunter2hunter2")
    assert "hunter2" not in reply.reason + reply.endpoint


def test_a_command_that_ignores_sigterm_is_killed_with_its_children(nomad, tmp_path: Path) -> None:
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    environ = nomad(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "print('begun', flush=True)\n"
        "time.sleep(60)"
    )
    reply = run(environ, seconds=1.0)
    assert (reply.status, reply.cause, reply.code, reply.body) == (Status.TIMEOUT, "timeout", None, b"begun\n")
    assert reply.seconds < 1.0 + KILLED_BY
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert wait_for(lambda: not any(alive(pid) for pid in pids))


WANDERS_OFF = """
def off(depth):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open({pids!r}, 'a').write(f'{{os.getpid()}} ')
        if depth:
            off(depth - 1)
        time.sleep(60)
        os._exit(0)
off(2)
while len(open({pids!r}).read().split()) < 3:
    time.sleep(0.01)
{then}
"""
"""It, its child and that one's child lead sessions of their own."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given the orphans of another process")
@pytest.mark.parametrize("then", ["print('done'); sys.exit(0)", "time.sleep(60)"], ids=["it ends", "it is killed"])
def test_a_child_that_leads_a_session_of_its_own_is_killed_with_all_of_its_children(nomad, tmp_path: Path, then: str) -> None:
    pids = tmp_path / "pids"
    pids.touch()
    with subprocess.Popen(["/bin/sleep", "60"]) as another:
        run(nomad(WANDERS_OFF.format(pids=str(pids), then=then)), seconds=2.0)
        left = [int(pid) for pid in pids.read_text().split()]
        assert len(left) == 3
        assert wait_for(lambda: not any(alive(pid) for pid in left))
        assert another.poll() is None
        another.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_orphans_are_not_killed_while_another_command_runs(nomad, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.touch()
    begun = tmp_path / "begun"
    waits = (
        f"if sys.argv[-1] == 'waits':\n    open({str(begun)!r}, 'w').close()\n"
        f"    while not os.path.exists({str(tmp_path / 'enough')!r}): time.sleep(0.01)\n    sys.exit(0)\n"
    )
    environ = nomad(waits + WANDERS_OFF.format(pids=str(pids), then="sys.exit(0)"))
    with sources(environ) as opened, ThreadPoolExecutor(1) as pool:
        longer = pool.submit(opened.perform, Exec(ALLOC, "web", ("waits",)), time.monotonic() + 10)
        assert wait_for(begun.exists, 9)
        opened.perform(Exec(ALLOC, "web", ("goes",)), time.monotonic() + 10)
        left = [int(pid) for pid in pids.read_text().split()]
        assert len(left) == 3
        assert all(alive(pid) for pid in left)
        (tmp_path / "enough").touch()
        assert longer.result().status == Status.OK
        assert not any(alive(pid) for pid in left)


def test_a_child_that_keeps_the_output_open_does_not_delay_us(nomad) -> None:
    environ = nomad("subprocess.Popen(['/bin/sh', '-c', 'sleep 60']); print('done')")
    reply = run(environ | {"PATH": environ["PATH"] + ":/bin:/usr/bin"}, seconds=5)
    assert (reply.status, reply.body) == (Status.OK, b"done\n")
    assert reply.seconds < 3


def test_a_command_that_closes_its_output_but_stays_is_late(nomad) -> None:
    reply = run(nomad("os.close(1); os.close(2); time.sleep(60)"), seconds=1.0)
    assert reply.cause == "timeout"
    assert reply.seconds < 1.0 + KILLED_BY


@pytest.mark.parametrize("stream", [1, 2])
def test_a_flood_is_cut_and_its_source_killed(nomad, stream: int) -> None:
    reply = run(nomad(f"while True: os.write({stream}, b'x' * 65536)"))
    assert (reply.status, reply.cause, reply.truncated) == (Status.FAILED, "capped", True)
    assert len(reply.body) + len(reply.stderr) == CAP


def test_large_output_on_both_streams_does_not_block(nomad) -> None:
    reply = run(nomad("for _ in range(10): os.write(1, b'o' * 90000); os.write(2, b'e' * 90000)"))
    assert (reply.status, len(reply.body), len(reply.stderr)) == (Status.OK, 900_000, 900_000)


def test_closing_kills_what_still_runs(nomad, tmp_path: Path) -> None:
    environ = nomad(f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    replies: list[Reply] = []
    with sources(environ) as opened:
        deadline = time.monotonic() + 30
        worker = threading.Thread(target=lambda: replies.append(opened.perform(Exec(ALLOC, "t", ("x",)), deadline)))
        worker.start()
        assert wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        opened.close()
        worker.join(3)
    assert not worker.is_alive()
    assert not alive(int((tmp_path / "pid").read_text()))
    assert replies[0].status == Status.FAILED


def test_no_process_and_no_pipe_is_left_behind(nomad) -> None:
    environ = nomad("pass")
    descriptors = Path("/proc/self/fd")
    with sources(environ) as opened:
        opened.perform(Exec(ALLOC, "t", ("x",)), time.monotonic() + 5)
        before = len(list(descriptors.iterdir()))
        for _ in range(3):
            opened.perform(Exec(ALLOC, "t", ("x",)), time.monotonic() + 5)
        assert len(list(descriptors.iterdir())) == before


# --- git ---

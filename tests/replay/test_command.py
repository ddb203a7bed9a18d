from __future__ import annotations

import subprocess

import pytest

from collector.replay import ExecExchange, Recording, demo_environment
from tests.replay.recordings import INCIDENTS, NOMAD, Client, answered, recording

ALLOC = "738a7a36-d70c-105a-c8c8-c531e1b4b14f"
SMALL = recording(
    answered("/v1/nodes", "[]"),
    execs=(
        ExecExchange(ALLOC, "web", ("cat", "/litefs/.lag"), 0, "+000000106\n", ""),
        ExecExchange(ALLOC, "web", ("litefs", "status"), 1, "", "ERROR: litefs status: unknown command\n"),
        ExecExchange(ALLOC, "sidecar", ("sh", "-c", "echo $HOME; 'quoted'"), 3, "naïve\x00", ""),
        ExecExchange(ALLOC, "web", ("sleep",), None, "", ""),
    ),
)
FLAGS = ("-i=false", "-t=false")


def _nomad(environ, *words):
    return subprocess.run(
        ["nomad", *words], env={"PATH": environ["PATH"]}, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("words", "rc", "stdout", "stderr"),
    [
        ((*FLAGS, "-task", "web", ALLOC, "cat", "/litefs/.lag"), 0, "+000000106\n", ""),
        ((*FLAGS, "-namespace", "prod", "--task=web", ALLOC[:8], "cat", "/litefs/.lag"), 0, "+000000106\n", ""),
        ((*FLAGS, "-task", "web", ALLOC, "litefs", "status"), 1, "", "ERROR: litefs status: unknown command\n"),
        ((*FLAGS, "-task", "sidecar", ALLOC, "sh", "-c", "echo $HOME; 'quoted'"), 3, "naïve\x00", ""),
        (
            (*FLAGS, "-task", "sidecar", ALLOC, "litefs", "status"),
            1,
            "",
            'failed to exec into task: ["litefs", "status"] is not in this recording\n',
        ),
        ((*FLAGS, "-task", "web", "00000000", "cat"), 1, "", 'No allocation(s) with prefix or ID "00000000" found\n'),
        ((*FLAGS, "-task", "web", ALLOC), 1, "", "A task name and a command are required\n"),
    ],
)
def test_nomad_answers_alloc_exec_as_recorded(words, rc, stdout, stderr):
    with demo_environment(SMALL) as environ:
        done = _nomad(environ, "alloc", "exec", *words)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (rc, stdout, stderr)


def test_nomad_knows_nothing_else():
    with demo_environment(SMALL) as environ:
        done = _nomad(environ, "job", "stop", "web")
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_command_that_hung_hangs_again():
    with demo_environment(SMALL) as environ, pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["nomad", "alloc", "exec", "-task", "web", ALLOC, "sleep"], env={"PATH": environ["PATH"]}, timeout=0.5, check=False)


@pytest.mark.parametrize("path", INCIDENTS[:2], ids=lambda path: path.name)
def test_every_recorded_command_is_answered_as_it_was_recorded(path):
    loaded = Recording.load(path)
    with demo_environment(loaded) as environ:
        for command in loaded.execs:
            done = _nomad(environ, "alloc", "exec", *FLAGS, "-task", command.task, command.alloc, *command.argv)
            assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (command.rc, command.stdout, command.stderr)


def test_the_environment_leads_to_the_recorded_servers_and_is_gone_afterwards():
    with demo_environment(SMALL, path="/usr/bin") as environ:
        assert environ["NOMAD_ADDR"] == NOMAD
        assert "CONSUL_HTTP_ADDR" not in environ
        assert environ["PATH"].endswith(":/usr/bin")
        with Client(environ["COLLECTOR_PROXY"]) as client:
            assert client.get(f"{environ['NOMAD_ADDR']}/v1/nodes")[1] == "[]"
    with pytest.raises(FileNotFoundError):
        _nomad({"PATH": environ["PATH"].split(":")[0]}, "alloc", "exec")


@pytest.mark.parametrize(
    ("base", "address"), [("https://nomad.example", "http://nomad.example:443"), ("http://[::1]:4646/behind/", "http://[::1]:4646/behind")]
)
def test_a_recorded_tls_server_is_replayed_in_plain_http_at_its_own_address(base, address):
    with demo_environment(recording(answered("/v1/nodes", "[]", base=base))) as environ, Client(environ["COLLECTOR_PROXY"]) as client:
        assert environ["NOMAD_ADDR"] == address
        assert client.get(f"{address}/v1/nodes")[1] == "[]"

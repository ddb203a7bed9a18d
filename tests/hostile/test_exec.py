"""Anything that a command in a task, or `nomad` itself, may do, through the whole program."""

from __future__ import annotations

import pytest

from tests.hostile.faults import refused
from tests.hostile.places import CONSUL, LITEFS, of
from tests.hostile.proxy import Spoiler
from tests.hostile.run import UNPRINTABLE, again, check_sound, diagnose

OWN_AGENTS = r"127\.0\.0\.[678]"

COMMANDS = {
    "says nothing": "exit 0",
    "says something else": "echo hello",
    "fails": "echo no >&2; exit 7",
    "is killed": "kill -9 $$",
    "never ends": "exec sleep 60",
    "never ends and ignores SIGTERM": "trap '' TERM; while :; do sleep 0.05; done",
    "leaves a child behind that holds its pipes": "sleep 60 & exit 0",
    "floods stdout": "exec cat /dev/zero",
    "floods stderr": "exec cat /dev/zero >&2",
    "prints NUL and invalid UTF-8": r"printf '\000\377\376\n\200'; printf '\000\377' >&2; exit 1",
    "prints ANSI and OSC sequences": r"printf '\033[31m\033]0;owned\007=\n'; printf '\033[2J' >&2; exit 1",
    "prints HTML and template text": "echo '<script>alert(7131)</script>{{ 7131*7 }}'",
    "prints absurd numbers": "echo '99999999999999999999999999999999999999/ffff'; echo 1e400; echo -1",
    "prints brackets": "head -c 100000 /dev/zero | tr '\\0' '['",
    "prints JSON of the wrong kind": "echo '[[[]]]'",
    "is denied by Nomad": 'echo "Error querying allocation: Unexpected response code: 403 (Permission denied)" >&2; exit 1',
    "cannot reach Nomad": 'echo "Error querying allocation: dial tcp 127.0.0.1:4646: connect: connection refused" >&2; exit 1',
    "crashes as Go does": 'echo "panic: runtime error" >&2; exit 2',
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_costs_its_own_answer_alone(command: str) -> None:
    """LiteFS and the nodes' Consul agents refuse connections, so that all are queried from within the tasks."""
    litefs, agents = of(LITEFS), of(CONSUL, host=OWN_AGENTS)
    spoiler = Spoiler(lambda ask: litefs(ask) or agents(ask), refused)
    run = diagnose("app-crash", spoiler, command=COMMANDS[command], deadline="3s")
    check_sound(run)
    assert run.code == 2
    assert {"exec"} < {attempt["rung"] for item in run.items("litefs_status") for attempt in item["attempts"]}
    text = again(run.files["bundle.json"], "-o", "text", "-v", "-v")
    assert not UNPRINTABLE.search(text.stdout)
    assert "49917" not in text.stdout

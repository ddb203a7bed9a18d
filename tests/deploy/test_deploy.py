import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from collector.cli.arguments import parse
from collector.commands.reporting import EXIT_CODES
from collector.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*"))
JOBS = sorted(DEPLOY.glob("nomad/*.nomad.hcl"))
SERVICE = DEPLOY / "systemd/collector@.service"
VERDICTS = sorted(EXIT_CODES.values())


def systemd_version():
    """Return the version, or 0 if there is no systemd."""
    if not shutil.which("systemd-analyze"):
        return 0
    return int(re.search(r"systemd (\d+)", subprocess.check_output(["systemd-analyze", "--version"], text=True))[1])


needs_systemd = pytest.mark.skipif(systemd_version() < 250, reason="systemd-analyze 250 or later is not on PATH")
needs_nomad = pytest.mark.skipif(not shutil.which("nomad"), reason="nomad is not on PATH")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)


def tool(directory, name, script):
    """Put a command of that name on a PATH of its own."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}


@needs_systemd
def test_systemd_accepts_the_units_without_a_warning():
    done = run("systemd-analyze", "verify", *map(str, UNITS))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_the_service_well_confined():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", str(SERVICE))
    assert done.returncode == 0, done.stdout[-200:]


@needs_nomad
@pytest.mark.parametrize("job", JOBS, ids=lambda path: path.name)
def test_nomad_accepts_the_job(job):
    done = run("nomad", "job", "validate", str(job), env={**os.environ, "NOMAD_ADDR": "http://127.0.0.1:1"})
    assert done.returncode == 0, done.stdout + done.stderr


@needs_nomad
@pytest.mark.parametrize("file", [*JOBS, *DEPLOY.glob("*.hcl")], ids=lambda path: path.name)
def test_nomad_would_format_the_file_the_same(file):
    done = run("nomad", "fmt", "-check", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def commands():
    """Return every call of `collector diagnose` in deploy/ and docs/deploy.md."""
    for path in [*DEPLOY.rglob("*"), ROOT / "docs/deploy.md"]:
        if path.is_file():
            for call in re.findall(r"collector diagnose [^\n`;>|']*", path.read_text()):
                yield pytest.param(call, id=f"{path.name}: {call[:60]}")


@pytest.mark.parametrize("call", list(commands()))
def test_every_command_is_one_that_the_program_knows(call):
    words = shlex.split(re.sub(r"[:)].*$", "", call).replace("$$", "$"))
    assert parse(words[1:]).command == "diagnose"


def test_a_finding_is_no_failure_and_a_blind_collector_is_one():
    listed = re.search(r"^SuccessExitStatus=(.*)$", SERVICE.read_text(), re.MULTILINE)[1]
    assert [0, *map(int, listed.split())] == VERDICTS


@pytest.mark.parametrize("job", JOBS, ids=lambda path: path.name)
@pytest.mark.parametrize(("code", "outcome"), [*((verdict, 0) for verdict in VERDICTS), (64, 64), (70, 70), (78, 78)])
def test_a_finding_does_not_fail_the_allocation(tmp_path, job, code, outcome):
    script = re.search(r'args\s+= \["(.*)"]', job.read_text())[1]
    env = tool(tmp_path, "collector", f"exit {code}")
    assert run("/bin/sh", "-c", script, env={**env, "NOMAD_TASK_DIR": "t", "NOMAD_META_cluster": "berlin"}).returncode == outcome


def test_the_service_passes_token_spec_and_state(tmp_path):
    """Runs the unit's command as systemd would."""
    line = re.search(r"^ExecStart=(.*)$", SERVICE.read_text(), re.MULTILINE)[1]
    (tmp_path / "nomad-token").write_text("t0k en$\n")
    for word, value in (("$$", "$"), ("%d", str(tmp_path)), ("%i", "navidrome"), ("%S", "/var/lib")):
        line = line.replace(word, value)
    env = tool(tmp_path, "collector", 'printf "%s\\n" "$NOMAD_TOKEN" "$@"')
    assert run(*shlex.split(line), env=env).stdout.splitlines() == [
        "t0k en$",
        "diagnose",
        "/etc/collector/specs/navidrome.yml",
        "--state",
        "/var/lib/collector",
    ]


def test_the_example_of_an_environment_makes_settings():
    lines = [line for line in (DEPLOY / "environment.example").read_text().splitlines() if line and not line.startswith("#")]
    settings = Settings.from_environment(dict(line.split("=", 1) for line in lines))
    assert (settings.mail.host, settings.mail.user, settings.mail.sender) == ("mail.example.org", "collector", "collector@example.org")
    assert settings.describe() == {"nomad": "http://127.0.0.1:4646", "consul": "http://127.0.0.1:8500"}


def test_cron_lines_have_five_fields_a_user_and_a_command():
    lines = [line for line in (DEPLOY / "collector.cron").read_text().splitlines() if re.match(r"[*\d]", line)]
    assert len(lines) == 2
    for line in lines:
        match = re.fullmatch(r"(?:[\d*/,-]+ +){5}collector +(set -a; .*)", line)
        assert "%" not in match[1], "cron takes % for a line break"
        assert run("/bin/sh", "-n", "-c", match[1]).returncode == 0


DISPATCH = str(DEPLOY / "nomad/dispatch-clusters")
CLUSTERS = "# name nomad consul\n\nberlin https://n1:4646 https://c1:8501\nparis https://n2:4646 https://c2:8501  # new\n"


@pytest.fixture
def clusters(tmp_path):
    path = tmp_path / "clusters"
    path.write_text(CLUSTERS)
    return str(path)


def test_every_cluster_of_the_list_is_dispatched(tmp_path, clusters):
    done = run(DISPATCH, clusters, "specs/navidrome.yml", env=tool(tmp_path, "nomad", 'cat; echo "$*"'))
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"job dispatch -detach -id-prefix-template {name} -meta cluster={name} -meta nomad_addr=https://n{n}:4646"
        f" -meta consul_addr=https://c{n}:8501 collector-clusters specs/navidrome.yml"
        for n, name in enumerate(["berlin", "paris"], 1)
    ]


def test_a_last_line_without_its_end_is_a_cluster_too(tmp_path, clusters):
    Path(clusters).write_text("berlin https://n1:4646 https://c1:8501\nparis https://n2:4646 https://c2:8501")
    done = run(DISPATCH, clusters, "spec.yml", env=tool(tmp_path, "nomad", 'echo "$5"'))
    assert (done.returncode, done.stdout) == (0, "berlin\nparis\n")


@pytest.mark.parametrize("name", ["none", "."])
def test_a_list_that_cannot_be_read_is_no_success(tmp_path, name):
    done = run(DISPATCH, str(tmp_path / name), "spec.yml", env=tool(tmp_path, "nomad", "exit 0"))
    assert done.returncode == 64
    assert "cannot read" in done.stderr


def test_a_cluster_that_cannot_be_dispatched_does_not_stop_the_others(tmp_path, clusters):
    done = run(DISPATCH, clusters, "spec.yml", env=tool(tmp_path, "nomad", 'case $* in *berlin*) exit 1;; esac; echo "$5"'))
    assert (done.returncode, done.stdout) == (1, "paris\n")


def test_wrong_usage_has_its_own_exit_code():
    done = run(DISPATCH)
    assert done.returncode == 64
    assert "usage:" in done.stderr

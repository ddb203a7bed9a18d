"""Invalid input is rejected with a reason and its own exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.replay import demo_environment
from collector.resources import incident
from tests.e2e.incidents import SPEC, recording
from tests.e2e.program import collector

RECORDING = str(incident("healthy"))
USAGE = [
    ((), 64, "COMMAND"),
    (("diagnose",), 64, "SPEC"),
    (("diagnose", "none.yml"), 64, "none.yml: No such file or directory\n"),
    (("diagnose", "nowhere/navidrome.yml"), 64, "(the one that ships is "),
    (("diagnose", str(Path(SPEC).with_name("navidrom.yml"))), 64, 'did you mean "navidrome.yml"?'),
    (("diagnose", SPEC, "--deadline", "soon"), 64, "30s"),
    (("diagnose", SPEC, "-o", "yaml"), 64, "invalid choice"),
    (("diagnose", SPEC, "-e", "nonsense"), 64, "nonsense"),
    (("diagnose", SPEC, "-e", "jb=x"), 64, "job"),
    (("diagnose", SPEC, "-e", "lines=abc"), 64, "-e lines: must be a number, not 'abc'"),
    (("diagnose", SPEC, "-e", "watched=abc"), 64, "-e watched: must be a number"),
    (("diagnose", SPEC, "-e", "litefs_port=x"), 64, "-e litefs_port: must be a number"),
    *((("diagnose", SPEC, "-e", f"{name}="), 64, f"-e {name}: must not be empty") for name in ("job", "service", "task", "mount")),
    (("diagnose", SPEC, "-t", "nomed"), 64, "nomed"),
    (("diagnose", SPEC, "-t", "never"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "--skip-tags", "nomad,consul,litefs"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "--check", "-t", "never"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "-D"), 64, "--state"),
    (("diagnose", SPEC, "--mail-when", "change", "--state", "."), 64, "--mail-to"),
    (("explain", "app.exitd"), 64, "app.exited"),
    (("demo", "app-crush"), 64, "app-crash"),
    (("explain", "symptom.check-critica"), 64, "symptom.check-critical"),
    (("schema", "reprot"), 64, "report"),
    (("analyze", SPEC), 78, "navidrome.yml"),
    (("analyze", RECORDING), 78, "is a recording, which `collector demo` replays"),
    (("diff", RECORDING, RECORDING), 78, "is a recording, which `collector demo` replays"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    USAGE,
    ids=[" ".join(a[0]).replace(SPEC, "SPEC").replace(str(Path(SPEC).parent), "DIR").replace(RECORDING, "RECORDING") for a in USAGE],
)
def test_wrong_usage_has_its_own_exit_code_and_a_suggestion(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = collector(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.startswith("collector: ")


@pytest.mark.parametrize("more", [(), ("--check",), ("-o", "json", "-l", "odroid6")])
def test_a_limit_that_matches_no_node_is_wrong_usage_not_a_healthy_cluster(more: tuple[str, ...]) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-l", "odriod7", *more, environ=leading)
    assert (done.returncode, done.stdout) == (64, "")
    assert 'no node fits -l odriod7 (did you mean "odroid7"? there are: odroid6, odroid7, odroid8, server1)' in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOMAD_ADDR", "ftp://x"),
        ("CONSUL_HTTP_ADDR", "http://["),
        ("NOMAD_CACERT", "/nonexistent/ca.pem"),
        ("CONSUL_HTTP_TOKEN_FILE", "/nonexistent/token"),
        ("NOMAD_SKIP_VERIFY", "perhaps"),
    ],
)
def test_settings_that_make_no_sense_name_the_variable(name: str, value: str) -> None:
    done = collector("diagnose", SPEC, environ={name: value})
    assert (done.returncode, done.stdout) == (78, "")
    assert name in done.stderr


FILES = [
    (("lint", "DIR"), 64, "cannot read {}: Is a directory"),
    (("diagnose", "DIR"), 64, "cannot read the spec {}: Is a directory"),
    (("diagnose", SPEC, "-e", "@none.yml"), 64, "-e @none.yml: cannot read the file"),
    (("lint", "BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
    (("diagnose", "BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
    (("diagnose", SPEC, "-e", "@BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), FILES, ids=[" ".join(a[0]).replace(SPEC, "SPEC") for a in FILES])
def test_a_file_that_cannot_be_read_is_wrong_usage_and_one_that_is_no_text_a_bad_spec(
    arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    binary = tmp_path / "binary.yml"
    binary.write_bytes(b"\xff\xfe\x00")
    done = collector(*(word.replace("DIR", str(tmp_path)).replace("BINARY", str(binary)) for word in arguments))
    assert done.returncode == code
    assert says.format(binary if "BINARY" in " ".join(arguments) else tmp_path) in done.stdout + done.stderr


DESTINATIONS = {
    "a bracket without its pair": ("{ping: {url: 'http://[::1/x'}}", "the ping URL is not of the form"),
    "a port that is none": ("{ping: {url: 'http://h:99999/x'}}", "the ping URL is not of the form"),
    "a host that cannot be one": ("{ping: {url: 'http://a..b/x'}}", "the ping URL is not of the form"),
    "no mail address": ("{email: {to: ops}}", "is not a mail address"),
}


@pytest.mark.parametrize("case", DESTINATIONS)
def test_lint_and_a_run_refuse_a_destination_that_cannot_work(case: str, tmp_path: Path) -> None:
    entry, words = DESTINATIONS[case]
    spec = tmp_path / "own.yml"
    spec.write_text(f"version: 1\nname: own\ncollect: [{{consul_members: {{}}}}]\nreport:\n- text\n- {entry}\n")
    for done in (collector("lint", str(spec)), collector("diagnose", str(spec))):
        assert done.returncode == 78
        assert words in done.stdout + done.stderr
    several = collector("lint", str(spec), "no such file")
    assert several.returncode == 64
    assert several.stdout.startswith(f"{spec}:6:"), "also if a later file cannot be read"


def test_an_impossible_mail_server_is_refused_before_the_run(tmp_path: Path) -> None:
    words = ("diagnose", SPEC, "--mail-to", "x@y.example", "--state", str(tmp_path))
    done = collector(*words, environ={"COLLECTOR_SMTP_URL": "smtp://a..b:25"})
    assert (done.returncode, list(tmp_path.iterdir())) == (78, [])
    assert "COLLECTOR_SMTP_URL: its host is no name" in done.stderr


def test_lint_prints_every_problem_with_its_place(tmp_path: Path) -> None:
    spec = tmp_path / "bad.yml"
    spec.write_text(
        "version: 1\nname: x\nvars: {}\ncollect:\n  - nme: a\n    nomad_node: {}\n  - name: b\n    nomad_nodes: {}\n    lop: [1]\n"
    )
    done = collector("lint", str(spec))
    assert done.returncode == 78
    assert f"{spec}:5:" in done.stdout
    assert f"{spec}:9:" in done.stdout
    assert "did you mean" in done.stdout

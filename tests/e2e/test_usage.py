"""The command line as users learn it: help, and messages for wrong usage."""

from __future__ import annotations

import re

import pytest

from collector import cli
from collector.cli.arguments import build_parser, parse, subparsers
from collector.commands import demo
from collector.errors import UsageError

HELP = {name: parser.format_help() for name, parser in subparsers(build_parser()).items()}
VERDICTS = {"1", "2", "3"}
JUDGES = {"diagnose", "analyze"}


def exit_codes(text: str) -> set[str]:
    """Return the exit codes listed in a help text."""
    return set(re.findall(r"(?:^|[ :])(\d+) [a-z]", text.partition("exit codes:\n")[2]))


@pytest.mark.parametrize("command", HELP)
def test_a_command_lists_the_exit_codes_that_it_gives_and_no_other(command: str) -> None:
    assert exit_codes(HELP[command]) - {"0"} == {"64", "70", "78", "130"} | (VERDICTS if command in JUDGES else set())


@pytest.mark.parametrize("command", HELP)
def test_help_fits_80_columns(command: str) -> None:
    assert max(map(len, HELP[command].splitlines())) <= 80


REFUSED = [
    ("diagnos", 'did you mean "diagnose"?', "collector --help"),
    ("xyz", "invalid choice", "collector --help"),
    ("diagnose SPEC -o jsno", 'did you mean "json"?', "collector diagnose --help"),
    ("diagnose SPEC --stat x", 'unrecognized arguments: --stat x (did you mean "--state"?)', "collector diagnose --help"),
    ("diagnose SPEC --limt=x", 'did you mean "--limit"?', "collector diagnose --help"),
    ("lint SPEC --now 1", "unrecognized arguments: --now", "collector lint --help"),
    ("explain a b", "unrecognized arguments: b", "collector explain --help"),
    ("diagnose SPEC --deadline 0", "leaves no time", "collector diagnose --help"),
    ("diagnose SPEC --deadline 0ms", "leaves no time", "collector diagnose --help"),
    ("diagnose SPEC --deadline 99999999999h", "more than a day", "collector diagnose --help"),
    ("record SPEC FILE --deadline 0.0", "leaves no time", "collector record --help"),
    *(
        (f"analyze BUNDLE --now {now}", f"'{now}' is not a time such as", "collector analyze --help")
        for now in ("1796010508123456789", "1e300", "nan", "soon", "1796010508000")
    ),
]


@pytest.mark.parametrize(("line", "says", "leads_to"), REFUSED, ids=[case[0] for case in REFUSED])
def test_an_unknown_argument_gets_a_suggestion_and_a_pointer_to_help(line: str, says: str, leads_to: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(line.split())
    assert says in str(refused.value)
    assert str(refused.value).endswith(f"Try `{leads_to}`.")


@pytest.mark.parametrize(
    ("name", "said"), [("consul", "has no package 'consul': call bin/collector"), ("collector.gone", "internal error")]
)
def test_a_python_without_our_packages_is_reported_and_no_bug(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_arguments: object) -> int:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(demo, "run", run)
    assert cli.main(["demo"]) == 70
    assert said in capsys.readouterr().err

"""The command line for argparse (docs/command-line.md)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from collector import __version__
from collector.cli.epilogs import epilog
from collector.durations import seconds_of
from collector.errors import UsageError
from collector.model import FORMATS
from collector.suggest import did_you_mean

SHELLS = ("bash", "zsh", "fish")
NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
LONGEST = 86400.0
"""Maximum deadline in seconds; the timers that enforce it have an upper limit."""


class Parser(argparse.ArgumentParser):
    """An argparse parser that exits with 64 on wrong usage; argparse's own code 2 would look like the verdict `critical`."""

    def error(self, message: str) -> NoReturn:
        """Report wrong usage, and how to get help."""
        raise UsageError(f"{message}\nTry `{self.prog} --help`.")

    def _check_value(self, action: argparse.Action, value: str) -> None:
        """Check a value against its choices, adding a spelling suggestion to argparse's message."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            if hint := did_you_mean(value, action.choices or ()):
                error.message += f" ({hint})"
            raise

    def reject(self, words: Sequence[str]) -> NoReturn:
        """Report arguments that this command does not have, with a spelling suggestion for the first option."""
        option = next((word.partition("=")[0] for word in words if word.startswith("-")), "")
        hint = did_you_mean(option, self._option_string_actions) if option else ""
        self.error(f"unrecognized arguments: {' '.join(words)}{f' ({hint})' if hint else ''}")


def duration(text: str) -> float:
    """Parse `30s`, `500ms`, `1m30s`, `1h` or plain seconds; return seconds, at most one day."""
    written = text.strip()
    seconds = float(written) if NUMBER.fullmatch(written) else seconds_of(written)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 30s, 500ms or 2m")
    if not seconds:
        raise argparse.ArgumentTypeError("a deadline of 0 leaves no time to ask anything")
    if seconds > LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is more than a day")
    return seconds


def moment(text: str) -> float:
    """Parse RFC 3339 or Unix seconds; return Unix seconds. Neither may be NaN, a billion years from now, or nanoseconds."""
    from datetime import UTC, datetime  # noqa: PLC0415 - for --now only

    with suppress(ValueError, OverflowError, OSError):  # which of them a number raises depends on the platform
        return datetime.fromtimestamp(float(text), UTC).timestamp()
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-24T06:23:41Z or Unix seconds") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def positive(text: str) -> int:
    """Parse a whole number from 1 to 1000."""
    if not text.isdecimal() or not 1 <= int(text) <= 1000:  # noqa: PLR2004 - named in the message below
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)


def build_parser() -> Parser:
    """Build the whole command line."""
    parser = Parser(
        prog="collector",
        description="Which node of a Nomad + Consul + LiteFS cluster is broken, and why?\nRead-only: it changes nothing in the cluster.",
        epilog=epilog(""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"collector {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    _add_diagnose(commands)
    _add_analyze(commands)
    _add_lint(commands)
    _add_explain(commands)
    _add_diff(commands)
    _add_demo(commands)
    _add_record(commands)
    _add_schema(commands)
    _add_completion(commands)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse and check the arguments of one call; raise `UsageError` if they make no sense."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        subparsers(parser)[arguments.command].reject(unknown)
    return arguments


def subparsers(parser: Parser) -> dict[str, Parser]:
    """Return the parser of each command, by name."""
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - see Commands
    return dict(commands.choices)


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for what add_subparsers returns


def _command(commands: Commands[Parser], name: str, summary: str) -> Parser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_diagnose(commands: Commands[Parser]) -> None:
    parser = _command(commands, "diagnose", "query a cluster, find the root cause, report it")
    parser.add_argument("spec", metavar="SPEC", help="the collection spec, a YAML file")
    parser.add_argument("--check", action="store_true", help="dry run: print items, endpoints, number of calls, ACL policies")
    _add_collecting(parser)
    _add_report(parser)
    _add_delivery(parser)


def _add_collecting(parser: Parser) -> None:
    group = parser.add_argument_group("collecting")
    _add_variables(group)
    group.add_argument(
        "-l", "--limit", action="append", default=[], metavar="PATTERN", help="only nodes whose name matches this shell pattern"
    )
    group.add_argument(
        "-t", "--tags", action="append", default=[], metavar="TAGS", help="only tasks with one of these tags, and the tasks they depend on"
    )
    group.add_argument("--skip-tags", action="append", default=[], metavar="TAGS", help="leave out tasks with one of these tags")
    group.add_argument("-f", "--forks", type=positive, default=32, metavar="N", help="parallel requests (default 32)")
    group.add_argument("--deadline", type=duration, default=30.0, metavar="TIME", help="time limit for the whole run (default 30s)")
    group.add_argument("--bundle", metavar="FILE", help="save everything collected (compressed if the name ends in .gz)")


def _add_variables(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "-e",
        "--extra-vars",
        action="append",
        default=[],
        metavar="K=V|@FILE",
        help="set a variable of the spec, or several from a YAML file",
    )


def _add_report(parser: Parser) -> None:
    group = parser.add_argument_group("report")
    group.add_argument("-o", "--output", choices=FORMATS, metavar="FORMAT", help=f"one of {', '.join(FORMATS)} (default text)")
    group.add_argument("--out", metavar="FILE", help="write the report to this file instead of stdout")
    group.add_argument(
        "--template-dir", action="append", default=[], metavar="DIR", help="directory with templates that replace the built-in ones"
    )
    group.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="show everything: what was ruled out, all nodes, the timeline, every item with its duration",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="print only the headline")
    group.add_argument("--no-color", action="store_true", help="no colours, even on a terminal")


def _add_delivery(parser: Parser) -> None:
    group = parser.add_argument_group("delivery and history")
    group.add_argument("--mail-to", action="append", default=[], metavar="ADDRESS", help="mail the report to this address (repeatable)")
    group.add_argument(
        "--mail-when", choices=("always", "problem", "change"), help="when to mail (default: the spec's setting, else always)"
    )
    group.add_argument("--state", metavar="DIR", help="keep earlier runs in this directory, to report what changed")
    group.add_argument("-D", "--diff", action="store_true", help="also list what has not changed since the last run (needs --state)")


def _add_analyze(commands: Commands[Parser]) -> None:
    parser = _command(commands, "analyze", "make the report again, offline, from a saved bundle")
    parser.add_argument("bundle_file", metavar="BUNDLE", help="a file written by `diagnose --bundle`")
    parser.add_argument("--now", type=moment, metavar="TIME", help="compute ages as of this time (RFC 3339 or Unix seconds)")
    _add_report(parser)
    _add_delivery(parser)


def _add_lint(commands: Commands[Parser]) -> None:
    parser = _command(commands, "lint", "check specs and rules without touching a cluster")
    parser.add_argument("files", nargs="+", metavar="SPEC", help="spec or rule files")


def _add_explain(commands: Commands[Parser]) -> None:
    parser = _command(commands, "explain", "explain a cause code: what it means, how it is recognised, what to do")
    parser.add_argument("code", nargs="?", metavar="CODE", help="code of a cause or symptom (default: list all causes)")


def _add_diff(commands: Commands[Parser]) -> None:
    parser = _command(commands, "diff", "show what changed between two bundles or reports")
    parser.add_argument("old", metavar="OLD", help="the earlier bundle or JSON report")
    parser.add_argument("new", metavar="NEW", help="the later bundle or JSON report")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", metavar="FORMAT", help="text or json")


def _add_demo(commands: Commands[Parser]) -> None:
    parser = _command(commands, "demo", "diagnose a recorded incident replayed on loopback; needs no cluster")
    parser.add_argument(
        "incident",
        nargs="?",
        default="app-crash",
        metavar="INCIDENT",
        help="name of a shipped incident (`list` shows them) or a recording file (default app-crash)",
    )
    _add_variables(parser)
    _add_report(parser)
    parser.set_defaults(mail_to=[], mail_when=None, state=None, diff=False)  # demo has no delivery options


def _add_record(commands: Commands[Parser]) -> None:
    parser = _command(commands, "record", "record a live cluster's answers to a spec, redacted, for replay")
    parser.add_argument("spec", metavar="SPEC", help="the collection spec, a YAML file")
    parser.add_argument("recording", metavar="FILE", help="file to write (JSON lines, gzip)")
    _add_collecting(parser)


def _add_schema(commands: Commands[Parser]) -> None:
    parser = _command(commands, "schema", "print a JSON schema that ships with the package")
    parser.add_argument("name", nargs="?", metavar="NAME", help="name of a schema (default: list them)")


def _add_completion(commands: Commands[Parser]) -> None:
    parser = _command(commands, "completion", "print a shell completion script")
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))

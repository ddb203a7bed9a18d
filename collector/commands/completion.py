"""`collector completion SHELL`: a completion script for commands, options, files and shipped names."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

import shtab

from collector.cli.arguments import Parser, build_parser, subparsers
from collector.resources import incidents, schema_names
from collector.rulebook import codes, symptoms
from collector.streams import say

FILES = frozenset({"SPEC", "FILE", "BUNDLE", "OLD", "NEW"})
DIRECTORIES = frozenset({"DIR"})
NAMES: Mapping[tuple[str, str], Callable[[], Iterable[str]]] = {
    ("explain", "code"): lambda: [*codes(), *symptoms()],
    ("demo", "incident"): lambda: ["list", *incidents()],
    ("schema", "name"): schema_names,
}
"""Possible values of an argument, where known. The parser accepts any text, since commands give better suggestions."""


def run(arguments: argparse.Namespace) -> int:
    """Print the script for one shell."""
    say(shtab.complete(_with_values(build_parser()), arguments.shell) + "\n")
    return 0


def _with_values(parser: Parser) -> Parser:
    """Annotate the parser's arguments with the completions that shtab offers."""
    for command, below in subparsers(parser).items():
        for action in below._actions:  # noqa: SLF001 - argparse has no public name for the arguments of a parser
            _offer(command, action)
    return parser


def _offer(command: str, action: argparse.Action) -> None:
    if (command, action.dest) in NAMES:
        action.choices = list(NAMES[command, action.dest]())
    elif action.metavar in FILES:
        action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's interface
    elif action.metavar in DIRECTORIES:
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]

"""`collector explain [CODE]`."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Mapping

from collector.model import JSON
from collector.rulebook import codes, explain
from collector.streams import say

WIDTH = 80
INDENT = 13
SHOWN = "no cause by itself: it stands under the cause that explains it, or under `unknown` where none does"


def run(arguments: argparse.Namespace) -> int:
    """Print what a code of a cause or a symptom means, or the list of causes with what each stands for."""
    if arguments.code is None:
        say("".join(f"{code:30} {explain(code)['summary']}\n" for code in codes()))
        return 0
    say("\n".join(_lines(explain(arguments.code))) + "\n")
    return 0


def _lines(told: Mapping[str, JSON]) -> Iterable[str]:
    yield from [told["code"], *textwrap.wrap(told["summary"], WIDTH), ""]
    yield from _section("a symptom", [SHOWN] if told["symptom"] else [])
    yield from _section("severity", [told["severity"]])
    yield from _section("recognised", told["recognised"])
    yield from _section("explains", [", ".join(told["explains"])])
    yield from _section("rules out", [", ".join(told["rules_out"])])
    yield from _section("do", told["remedy"])
    yield from _section("", [f"{'read-only' if one['what'] == 'read' else 'changes'}: {one['command']}" for one in told["commands"]])
    yield from _section("reference", told["references"])


def _section(title: str, texts: Iterable[str]) -> Iterable[str]:
    """The texts under a title, each wrapped and hung; nothing where there are none."""
    head = f"{title:{INDENT}}"
    for text in dict.fromkeys(text for text in texts if text):
        yield textwrap.fill(
            text, WIDTH, initial_indent=head, subsequent_indent=" " * INDENT, break_long_words=False, break_on_hyphens=False
        )
        head = " " * INDENT

"""`collector explain [CODE]`."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from collector.model import JSON
from collector.rulebook import codes, explain
from collector.streams import say

WIDTH = 80
INDENT = 13
SHOWN = "never a cause by itself: it is listed under the cause that explains it, or under `unknown` if none does"


def run(arguments: argparse.Namespace) -> int:
    """Explain a code, or list all causes with a summary of each."""
    if arguments.code is None:
        say("".join(f"{code:30} {explain(code)['summary']}\n" for code in codes()))
        return 0
    say("\n".join(_lines(explain(arguments.code))) + "\n")
    return 0


def _lines(explanation: Mapping[str, JSON]) -> Iterable[str]:
    yield from [explanation["code"], *textwrap.wrap(explanation["summary"], WIDTH), ""]
    yield from _section("a symptom", [SHOWN] if explanation["symptom"] else [])
    yield from _section("severity", [explanation["severity"]])
    yield from _section("explains", [", ".join(_without_repeats(explanation["explains"]))])
    yield from _section("rules out", [", ".join(_without_repeats(explanation["rules_out"]))])
    yield from _section("reference", explanation["references"])
    for way in explanation["ways"]:
        yield from ["", *_way(way)]


def _way(way: Mapping[str, JSON]) -> Iterable[str]:
    """Format one way to recognise the cause, with its remedy."""
    for number, recognised in enumerate(way["recognised"]):
        yield from _section("or" if number else "recognised", [recognised])
    yield from _section("do", [way["remedy"]])
    head = "" if way["remedy"] else "do"
    yield from _section(head, [f"{'read-only' if one['what'] == 'read' else 'changes'}: {one['command']}" for one in way["commands"]])


def _without_repeats(codes: Sequence[str]) -> list[str]:
    """Drop individual symptom codes if `symptom.*` is listed."""
    every = "symptom.*" in codes
    return [code for code in codes if code == "symptom.*" or not (every and code.startswith("symptom."))]


def _section(title: str, texts: Iterable[str]) -> Iterable[str]:
    """Format the texts under a title, wrapped with a hanging indent; empty without texts."""
    head = f"{title:{INDENT}}"
    for text in dict.fromkeys(text for text in texts if text):
        yield textwrap.fill(
            text, WIDTH, initial_indent=head, subsequent_indent=" " * INDENT, break_long_words=False, break_on_hyphens=False
        )
        head = " " * INDENT

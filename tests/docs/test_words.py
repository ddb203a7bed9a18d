"""Every name with which a user can address the collector is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from collector import resources
from collector.cli.arguments import SHELLS, build_parser, subparsers
from collector.kinds import KINDS
from collector.model import JSON, Status
from collector.rulebook import codes
from collector.settings import Settings
from tests.docs.documents import text


class Asked(dict[str, str]):
    """An environment that records the names requested from it."""

    def __init__(self, **given: str) -> None:
        super().__init__(given)
        self.names: set[str] = set()

    def get(self, name: str, default: JSON = None) -> JSON:
        self.names.add(name)
        return super().get(name, default)


def variables() -> set[str]:
    environ = Asked(COLLECTOR_SMTP_URL="smtp://localhost")
    Settings.from_environment(environ)
    return environ.names


def options() -> set[str]:
    parser = build_parser()
    return {option for one in (parser, *subparsers(parser).values()) for action in one._actions for option in action.option_strings}


def keys(schema: JSON) -> Iterator[str]:
    """Return names of all properties in a schema, at any depth."""
    if isinstance(schema, list):
        for one in schema:
            yield from keys(one)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {})
        for one in schema.values():
            yield from keys(one)


# Category, names, and the document that must have them ("" means any).
WORDS = {
    "a command": (subparsers(build_parser()), "command-line.md"),
    "an option": (options(), "command-line.md"),
    "a shell": (SHELLS, "command-line.md"),
    "a variable": (variables(), "settings.md"),
    "a cause": (codes(), "causes.md"),
    "a kind": (KINDS, "kinds.md"),
    "a rung": ({rung for kind in KINDS.values() for rung in kind.rungs}, "kinds.md"),
    "a status": ([status.value for status in Status], "outputs.md"),
    "a key of a spec": (sorted(set(keys(resources.schema("spec"))) - KINDS.keys()), ""),
    "a key of a rule": (sorted(set(keys(resources.schema("rule")))), "rules.md"),
    "a field of the report": (sorted(set(keys(resources.schema("report")))), "outputs.md"),
    "a schema": ([name for name in resources.schema_names() if "/" not in name], "outputs.md"),
}
CASES = [(what, word, document) for what, (words, document) in WORDS.items() for word in sorted(words)]


def code(document: str) -> str:
    """Return what a document marks as code: spans and blocks."""
    return "\n".join(re.findall(r"^```.*?^```|``.+?``|`[^`\n]+`", text(document), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(("what", "word", "document"), CASES, ids=[f"{what} {word}" for what, word, _ in CASES])
def test_it_is_documented(what: str, word: str, document: str) -> None:
    assert re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", code(document)), f"{document or 'no document'} does not know {what}: {word}"


def test_no_command_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"`collector ([a-z]+)", text())) <= subparsers(build_parser()).keys()


def test_no_option_is_documented_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `(--?[\w-]+)`", text("command-line.md"), re.MULTILINE)) <= options()


def test_every_exit_code_is_documented() -> None:
    for name in ("README.md", "command-line.md"):
        listed = set(re.findall(r"^\| (\d+) \|", text(name), re.MULTILINE))
        assert listed - {"130"} == {"0", "1", "2", "3", "64", "70", "78"}

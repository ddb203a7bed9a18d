"""The spec and the items planned from it."""

from collections.abc import Container, Mapping
from typing import NamedTuple

from collector.model.words import JSON


class Mark(NamedTuple):
    """A position in a YAML file; line and column count from 1; `path` is a JSON path such as `$.collect[2].loop`."""

    file: str
    line: int = 1
    column: int = 1
    path: str = "$"

    def __str__(self) -> str:
        """Return `file:line:column`, as editors and terminals understand it."""
        return f"{self.file}:{self.line}:{self.column}"


class Task(NamedTuple):
    """One entry of `collect` with its expressions not yet rendered; `after` are the registered names it depends on."""

    name: str
    kind: str
    args: Mapping[str, JSON]
    mark: Mark
    register: str | None = None
    when: str | None = None
    loop: JSON = None
    vars: Mapping[str, JSON] = {}
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int = 0
    delay: float = 0.0
    until: str | None = None
    ignore_errors: bool = False
    no_log: bool = False
    ladder: tuple[tuple[str, JSON], ...] = ()
    after: frozenset[str] = frozenset()


class Spec(NamedTuple):
    """A validated collection spec. `text` is the file's content."""

    name: str
    path: str
    text: str
    sha256: str
    vars: Mapping[str, JSON]
    tasks: tuple[Task, ...]
    thresholds: Mapping[str, float]
    rules: tuple[JSON, ...] = ()
    report: tuple[JSON, ...] = ("text",)
    expect: Mapping[str, JSON] = {}
    redact: tuple[str, ...] = ()


class Target(NamedTuple):
    """What an item is about; each part may be unknown."""

    node: str | None = None
    alloc: str | None = None
    task: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        """Return the known parts as `node/alloc/task/service`, the allocation shortened to 8 characters; `cluster` if none is known."""
        parts = [self.node, self.alloc[:8] if self.alloc else None, self.task, self.service]
        return "/".join(p for p in parts if p) or "cluster"


def node_of(target: str, nodes: Container[str]) -> str | None:
    """Return the node in a target's text: the longest of these names that it begins with, since a name may contain `/`."""
    parts = target.split("/")
    return next((name for end in range(len(parts), 0, -1) if (name := "/".join(parts[:end])) in nodes), None)


class Item(NamedTuple):
    """One unit of collection: a task, or one iteration of its loop, fully rendered."""

    id: str
    task: str
    kind: str
    args: Mapping[str, JSON]
    target: Target
    ladder: tuple[tuple[str, JSON], ...]
    timeout: float
    retries: int = 0
    delay: float = 0.0
    until: str | None = None
    ignore_errors: bool = False
    no_log: bool = False

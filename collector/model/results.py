"""Collected results."""

from collections.abc import Mapping
from typing import NamedTuple

from collector.model.spec import Target
from collector.model.words import JSON, Status

HIDDEN = "hidden by no_log"
"""The reason of a result that the spec keeps out of every output."""


class Attempt(NamedTuple):
    """One rung that was tried."""

    rung: str
    status: Status
    reason: str
    seconds: float
    endpoints: tuple[str, ...] = ()
    cause: str = ""
    code: int | None = None


class Result(NamedTuple):
    """The result of one item. `data` is the kind's parsed and redacted data (schemas/kinds/<kind>.schema.json) or None."""

    id: str
    task: str
    kind: str
    target: Target
    status: Status
    rung: str | None = None
    reason: str = ""
    data: JSON = None
    attempts: tuple[Attempt, ...] = ()
    started_at: float = 0.0
    seconds: float = 0.0
    date: float | None = None
    redactions: Mapping[str, int] = {}
    ignore_errors: bool = False


class Bundle(NamedTuple):
    """Everything that analysis sees: the spec's identity, the results, and the settings that affect their meaning.

    Stored as one JSON file.
    """

    spec: Mapping[str, JSON]
    vars: Mapping[str, JSON]
    thresholds: Mapping[str, float]
    rules: tuple[JSON, ...]
    expect: Mapping[str, JSON]
    started_at: float
    seconds: float
    results: tuple[Result, ...]
    planned: int
    endpoints: Mapping[str, str]
    version: str
    redactions: Mapping[str, int] = {}
    interrupted: bool = False

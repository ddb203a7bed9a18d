"""The data types that the stages pass to each other: plain, immutable values.

No behaviour: no I/O, no clock, no third-party imports.
Times are Unix seconds (float), durations are seconds (float), sizes are bytes (int), unless a name says otherwise.
"""

from __future__ import annotations

from collector.model.asking import Dial, Exec, Http, Performer, Query, Reply, Request, Rung, by_name, host_of, host_port, pairs
from collector.model.report import UNEXPLAINED, Began, Coverage, Evidence, Finding, NodeDetail, NodeRow, Report, RuledOut, name_of
from collector.model.results import HIDDEN, Attempt, Bundle, Result
from collector.model.spec import Item, Mark, Spec, Target, Task, node_of
from collector.model.words import FORMATS, JSON, RANK, THRESHOLDS, Natural, Severity, Status, Verdict, count, first_of, natural

__all__ = [
    "FORMATS",
    "HIDDEN",
    "JSON",
    "RANK",
    "THRESHOLDS",
    "UNEXPLAINED",
    "Attempt",
    "Began",
    "Bundle",
    "Coverage",
    "Dial",
    "Evidence",
    "Exec",
    "Finding",
    "Http",
    "Item",
    "Mark",
    "Natural",
    "NodeDetail",
    "NodeRow",
    "Performer",
    "Query",
    "Reply",
    "Report",
    "Request",
    "Result",
    "RuledOut",
    "Rung",
    "Severity",
    "Spec",
    "Status",
    "Target",
    "Task",
    "Verdict",
    "by_name",
    "count",
    "first_of",
    "host_of",
    "host_port",
    "name_of",
    "natural",
    "node_of",
    "pairs",
]

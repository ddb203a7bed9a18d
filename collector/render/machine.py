"""Machine-readable formats: JUnit suites, Nagios performance data, Prometheus samples, and their escaping."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from collector.model import JSON, node_of
from collector.render.nodes import TABLE_LIMIT
from collector.text import on_one_line

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_CLUSTER = "cluster"


def markdown_text(text: str) -> str:
    """Escape text for Markdown, on one line and safe in a table cell; an @ does not mention anybody."""
    return _MARKDOWN.sub(r"\\\1", on_one_line(str(text))).replace("@", "&#64;")


def code_block(text: str) -> str:
    """Return a fenced code block with a fence longer than any run of backticks in `text` (CommonMark 4.5)."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def label_value(text: str) -> str:
    """Escape a Prometheus label value: backslash, quote and newline (text exposition format 0.0.4)."""
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def one_line(text: str) -> str:
    """Return text for a Nagios plugin's output before its performance data: one line without a pipe."""
    return on_one_line(str(text).replace("|", "/"))


def finding_counts(findings: Sequence[Mapping[str, JSON]]) -> list[JSON]:
    """Return the number of findings by code, severity and root or symptom, sorted."""
    tally = Counter((finding["code"], finding["severity"], not finding["explained_by"]) for finding in findings)
    return [{"code": code, "severity": severity, "root": root, "count": number} for (code, severity, root), number in sorted(tally.items())]


# --- Nagios (plugin guidelines: 'label'=value[UOM];[warn];[crit];[min];[max]) ---


def performance_data(document: Mapping[str, JSON]) -> str:
    """Return the run's numbers, and each node's unless there are so many nodes that the line would be cut."""
    nodes = document["nodes"]
    coverage = document["coverage"]
    thresholds = document["cluster"].get("thresholds") or {}
    limits = ";".join([*(f"{thresholds[name]:g}" if name in thresholds else "" for name in ("lag_warning", "lag_critical")), "0"])
    lags = [node["lag_seconds"] for node in nodes if node["lag_seconds"] is not None]
    numbers = [
        _number("nodes", len(nodes), "", ";;0"),
        _number("nodes_unseen", len(coverage["unseen_nodes"]), "", ";;0"),
        _number("root_causes", len(document["root_causes"]), "", ";;0"),
        _number("items", coverage["collected"], "", f";;0;{coverage['planned']}"),
        _number("time", document["duration_seconds"], "s", ";;0"),
        _number("lag", max(lags, default=None), "s", limits),
    ]
    if len(nodes) <= TABLE_LIMIT:
        numbers += [_number(f"lag_{node['name']}", node["lag_seconds"], "s", limits) for node in nodes]
        numbers += [_number(f"restarts_{node['name']}", (node["allocation"] or {}).get("restarts"), "c", ";;0") for node in nodes]
    return " ".join(numbers)


def _number(label: str, value: float | None, unit: str, limits: str) -> str:
    """Format a number; `U` is the guidelines' notation for an undetermined value."""
    name = re.sub(r"['=|\s]", "_", label)
    return f"'{name}'=U" if value is None else f"'{name}'={value}{unit};{limits}"


# --- JUnit ---


def suites(document: Mapping[str, JSON]) -> list[JSON]:
    """Return a test suite for the cluster and one per node: findings are failures, gaps are errors.

    A test's name is its code and service, so that it is stable across runs; the words are in its message.
    """
    of_cluster = [_verdict_test(document)]
    tests = {node["name"]: [_node_test(node)] for node in document["nodes"]}
    findings = {finding["id"]: finding for finding in [*document["root_causes"], *document["findings"]]}
    for finding in findings.values():
        tests.get(finding["node"], of_cluster).append(_finding_test(finding, findings))
    for gap in document["coverage"]["gaps"]:
        tests.get(node_of(gap["target"], tests), of_cluster).append(
            _test(f"collect {gap['item']}", "error", gap.get("status", "failed"), gap["reason"])
        )
    named = [(f"node {name}" if name == _CLUSTER else name, cases) for name, cases in tests.items()]
    return [_suite(number, name, cases) for number, (name, cases) in enumerate([(_CLUSTER, of_cluster), *named])]


def _test(name: str, outcome: str = "", kind: str = "", message: str = "", text: str = "") -> dict[str, JSON]:
    """Return one test; `outcome` is `failure`, `error` or empty if it passed."""
    return {"name": name, "outcome": outcome, "type": kind, "message": on_one_line(message), "text": text}


def _verdict_test(document: Mapping[str, JSON]) -> dict[str, JSON]:
    outcome = {"ok": "", "unknown": "error"}.get(document["verdict"], "failure")
    return _test("verdict", outcome, document["verdict"], document["headline"])


def _node_test(node: Mapping[str, JSON]) -> dict[str, JSON]:
    outcome = "failure" if node["severity"] in ("critical", "warning") else ""
    return _test("node", outcome, node["severity"] or "", f"consul {node['consul']}, nomad {node['nomad']}, litefs {node['role']}")


def _finding_test(finding: Mapping[str, JSON], findings: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    """Return a finding as a failed test with its evidence; an informational one passes."""
    root = findings.get(finding["explained_by"])
    lines = [f"{evidence['source']}: {evidence['quote']}" for evidence in finding["evidence"]]
    lines += [f"explained by {root['code']} on {root['node'] or _CLUSTER}"] if root else []
    lines += [finding["remedy"]] if finding["remedy"] else []
    name = f"{finding['code']} {finding['service'] or ''}".rstrip()
    return _test(name, "" if finding["severity"] == "info" else "failure", finding["severity"], finding["title"], "\n".join(lines))


def _suite(number: int, name: str, tests: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    outcomes = Counter(test["outcome"] for test in tests)
    return {"id": number, "name": name, "tests": list(tests), "failures": outcomes["failure"], "errors": outcomes["error"]}

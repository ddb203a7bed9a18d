"""Converts a report to the report document: the JSON interface (schemas/report.schema.json), and the data of templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from collector.model import JSON, Evidence, Finding, NodeDetail, NodeRow, Report, Result, RuledOut
from collector.render.units import rfc3339
from collector.text import REPLACEMENT, clean

SCHEMA_VERSION = 1


def report_document(report: Report) -> dict[str, JSON]:
    """Return the report as plain JSON data that is safe to print; times are RFC 3339 in UTC, durations seconds."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "spec": report.spec.get("name", ""),
        "job": report.spec.get("job"),
        "namespace": report.spec.get("namespace"),
        "spec_file": {key: report.spec.get(key) for key in ("path", "sha256", "commit")},
        "started_at": rfc3339(report.started_at),
        "now": rfc3339(report.now),
        "duration_seconds": round(report.duration_seconds, 3),
        "verdict": str(report.verdict),
        "headline": report.headline,
        "coverage": {
            "planned": report.coverage.planned,
            "collected": report.coverage.collected,
            "unseen_nodes": report.coverage.unseen_nodes,
            "gaps": report.coverage.gaps,
        },
        "changes": report.changes,
        "nodes": [_node(row) for row in report.nodes],
        "root_causes": [_finding(finding) for finding in report.root_causes],
        "findings": [_finding(finding) for finding in report.findings],
        "ruled_out": [_ruled_out(cause) for cause in report.ruled_out],
        "details": [_detail(detail) for detail in report.details],
        "timeline": [_moments(event) for event in report.timeline],
        "cluster": report.cluster,
        "items": [_item(result) for result in report.items],
        "redactions": report.redactions,
    }
    return cast("dict[str, JSON]", printable(document))


def _node(row: NodeRow) -> dict[str, JSON]:
    return {
        "name": row.name,
        "address": row.address,
        "severity": row.severity and str(row.severity),
        "consul": row.consul,
        "nomad": row.nomad,
        "eligibility": row.eligibility,
        "allocation": row.allocation,
        "role": row.role,
        "uptime_seconds": row.uptime_seconds,
        "lag_seconds": row.lag_seconds,
        "databases": row.databases,
        "sources": {"uptime": row.sources.get("uptime"), "lag": row.sources.get("lag")},
        "checks": [_moments(check) for check in row.checks],
        "versions": {product: row.versions.get(product) for product in ("nomad", "consul", "litefs")},
    }


def _finding(finding: Finding) -> dict[str, JSON]:
    return {
        "id": finding.id,
        "code": finding.code,
        "severity": str(finding.severity),
        "node": finding.node,
        "alloc": finding.alloc,
        "service": finding.service,
        "title": finding.title,
        "detail": finding.detail,
        "since": rfc3339(finding.onset),
        "impact": finding.impact,
        "remedy": finding.remedy,
        "commands": [{"what": what, "command": command} for what, command in finding.commands],
        "explained_by": finding.explained_by,
        "explains": finding.explains,
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "reference": finding.reference,
    }


def _evidence(evidence: Evidence) -> dict[str, JSON]:
    return {"item": evidence.item, "source": evidence.source, "quote": evidence.quote, "at": rfc3339(evidence.at)}


def _ruled_out(cause: RuledOut) -> dict[str, JSON]:
    return {"code": cause.code, "node": cause.node, "because": cause.because}


def _detail(detail: NodeDetail) -> dict[str, JSON]:
    return {
        "node": detail.node,
        "checks": [_moments(check) for check in detail.checks],
        "logs": detail.logs,
        "litefs": detail.litefs,
        "events": [_moments(event) for event in detail.events],
    }


def _item(result: Result) -> dict[str, JSON]:
    return {
        "id": result.id,
        "task": result.task,
        "kind": result.kind,
        "target": str(result.target),
        "status": str(result.status),
        "rung": result.rung,
        "reason": result.reason,
        "attempts": [
            {"rung": attempt.rung, "status": str(attempt.status), "reason": attempt.reason, "seconds": round(attempt.seconds, 3)}
            for attempt in result.attempts
        ],
        "seconds": round(result.seconds, 3),
    }


_MOMENTS = frozenset({"at", "not_before", "since", "time"})


def _moments(fields: Mapping[str, JSON]) -> dict[str, JSON]:
    """Convert the Unix times among the fields to RFC 3339."""
    return {key: rfc3339(value) if key in _MOMENTS and isinstance(value, int | float) else value for key, value in fields.items()}


def printable(value: JSON) -> JSON:
    """Return plain JSON data (dicts and lists) with every string, including keys, safe to print (no cursor movement, no reversal)."""
    if isinstance(value, str):
        return clean(value.replace("\r\n", "\n"), REPLACEMENT)
    if isinstance(value, Mapping):
        return {printable(str(key)): printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [printable(part) for part in value]
    return value

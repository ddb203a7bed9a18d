"""Which facts came from a fallback rung, and why; a healthy report has no Diagnostics that would show it."""

from __future__ import annotations

from collections.abc import Mapping

from collector.model import JSON, count


def fallbacks(document: Mapping[str, JSON]) -> list[str]:
    """Return one line per task and successful fallback rung, with the reasons of the failed rungs for its first item."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for item in document["items"]:
        failed = [f"{attempt['rung']}: {attempt['reason']}" for attempt in item["attempts"] if attempt["status"] != "ok"]
        if item["status"] == "ok" and failed:
            reasons.setdefault((item["task"], item["rung"]), []).append("; ".join(failed))
    return [f"{task}: read by {rung} ({count(len(items), 'item')}), not by {items[0]}" for (task, rung), items in reasons.items()]

"""A root cause's impact in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collector.model import JSON, count
from collector.render.units import listing

_NAMED = 3
"""Maximum names listed; others are counted."""

_TOUCHED = (("services", "service"), ("databases", "database"))


def impact_in_words(impact: Mapping[str, JSON]) -> str:
    """Return the impact on one line: what is left, writes, data at risk, what is affected; empty if unknown."""
    return "; ".join(_parts(impact))


def _parts(impact: Mapping[str, JSON]) -> Iterator[str]:
    if impact.get("instances"):
        unheard = impact.get("instances_unheard")
        yield f"{impact.get('instances_left')} of {count(impact['instances'], 'instance')} well" + (
            f", {unheard} more {'runs' if unheard == 1 else 'run'}, with checks that are not known now" if unheard else ""
        )
    yield from _writes(impact)
    if impact.get("data_at_risk"):
        yield f"data at risk: {', '.join(impact['data_at_risk'])}"
    elif impact.get("data_at_risk_elsewhere"):
        yield "data at risk by another root cause"
    elif impact.get("databases"):
        yield "no data seen at risk"
    for field, noun in _TOUCHED:
        if names := impact.get(field):
            yield f"{noun if len(names) == 1 else noun + 's'} {listing(names, _NAMED)}"


def _writes(impact: Mapping[str, JSON]) -> Iterator[str]:
    """Say whether writes continue, if there is LiteFS to write to."""
    replicas = impact.get("replicas_left")
    following = f"{count(replicas, 'replica')} in step" if replicas is not None else ""
    if connected := impact.get("replicas_connected"):
        following = f"with {count(connected, 'replica')} connected, which {'was' if connected == 1 else 'were'} not heard"
    if impact.get("writes") == "go on":
        where = f"primary {impact['primary']}" if impact.get("primary") else "more than one primary"
        if impact.get("primary_unwell"):
            yield f"LiteFS takes writes ({where}, where the application is not well{', ' + following if following else ''})"
            return
        yield f"writes continue ({where}{', ' + following if following else ''})"
    elif impact.get("writes") == "blocked" and impact.get("primary"):
        yield f"writes fail on the primary {impact['primary']}" + (f" ({following})" if replicas else "")
    elif impact.get("writes") == "blocked":
        yield "writes are blocked: no primary" + (f", {following}" if replicas else "")
    elif impact.get("lease_holder"):
        yield f"no primary was heard; by its lease in Consul, {impact['lease_holder']} leads" + (f" ({following})" if replicas else "")
    elif impact.get("databases"):
        yield "it is not known whether writes continue"

"""Runs every recorded incident through the complete path: real SDKs, real HTTP, a `nomad` on PATH, behind the replay."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from collector.commands.collecting import collect_bundle, read_spec
from collector.model import Bundle, Report
from collector.pipeline import Call, conclude
from collector.replay import Recording, demo_environment
from collector.resources import incident, spec_path
from collector.settings import Settings

SPEC = str(spec_path("navidrome"))


@cache
def recording(name: str) -> Recording:
    """Return a recorded incident, cached."""
    return Recording.load(incident(name))


def diagnose(name: str, environ: Mapping[str, str] | None = None) -> Bundle:
    """Return the bundle of a run on a replayed incident; `environ` overrides the replay's own variables."""
    with demo_environment(recording(name), path=os.environ["PATH"]) as replayed:
        settings = Settings.from_environment({**replayed, **(environ or {})})
        spec = read_spec(SPEC, {})._replace(path="specs/navidrome.yml", sha256="0" * 64)
        return collect_bundle(Call(spec, settings))


def timeless(bundle: Bundle, at: float) -> Bundle:
    """Return the bundle without the times that differ between runs."""
    results = tuple(
        result._replace(
            started_at=at if result.date is None else result.date,
            seconds=0.0,
            attempts=tuple(attempt._replace(seconds=0.0) for attempt in result.attempts),
            data=_dated(result.data, at),
        )
        for result in bundle.results
    )
    return bundle._replace(results=results, started_at=at, seconds=0.5)


def _dated(data: Any, at: float) -> Any:
    """Set the request time of an answer that has one (litefs_status)."""
    return {**data, "date_at": data["date"] or at, "date_within": 0.0} if isinstance(data, dict) and data.get("date_at") else data


@cache
def report(name: str) -> Report:
    """Return the report of an incident as of the moment of its recording."""
    at = float(recording(name).meta["recorded_at"])
    return conclude(timeless(diagnose(name), at), at)

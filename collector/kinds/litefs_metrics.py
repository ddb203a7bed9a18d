"""Reads the few samples needed from a Prometheus page."""

from __future__ import annotations

import math

from collector.kinds import bodies, shapes

Samples = dict[tuple[str, str], float]
"""(sample name, its `db` label or "") to value."""

WANTED = ("litefs_", "process_start_time_seconds")


def metrics(body: bytes) -> Samples:
    """Return samples of LiteFS and its process; values that are not finite are omitted.

    Only the relevant lines are parsed, so that long pages are cheap and an unusual metric elsewhere does no harm.
    """
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - takes 30 ms

    lines = [line for line in bodies.plain(body).split("\n") if line.startswith(WANTED)]
    try:
        families = list(text_string_to_metric_families("\n".join(lines) + "\n"))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError):
        raise shapes.invalid("the answer is not a page of Prometheus metrics") from None
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, sample.labels.get("db", "")): sample.value for sample in samples if math.isfinite(sample.value)}

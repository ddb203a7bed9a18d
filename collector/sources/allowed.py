"""The allowed requests: reads only. Some GETs change a cluster, so the method alone is not enough.

For Nomad and Consul this lists what kinds and `record` request; everything else is refused. LiteFS's source also serves the health checks
of arbitrary workloads, so there the calls that change, copy or load something are listed instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import unquote

NOMAD: Final = (
    "/v1/agent/members",
    "/v1/agent/self",
    "/v1/allocations",
    "/v1/client/allocation/*/checks",
    "/v1/client/fs/logs/*",
    "/v1/client/fs/ls/*",
    "/v1/deployments",
    "/v1/evaluations",
    "/v1/job/*",
    "/v1/job/*/allocations",
    "/v1/job/*/deployments",
    "/v1/job/*/evaluations",
    "/v1/jobs",
    "/v1/nodes",
    "/v1/operator/autopilot/health",
    "/v1/operator/raft/configuration",
    "/v1/status/leader",
    "/v1/status/peers",
)
CONSUL: Final = (
    "/v1/agent/checks",
    "/v1/agent/members",
    "/v1/agent/self",
    "/v1/agent/services",
    "/v1/catalog/node/*",
    "/v1/catalog/nodes",
    "/v1/catalog/services",
    "/v1/health/node/*",
    "/v1/health/service/*",
    "/v1/health/state/any",
    "/v1/kv/**",
    "/v1/operator/autopilot/health",
    "/v1/session/list",
    "/v1/status/leader",
    "/v1/status/peers",
)
LITEFS_REFUSED: Final = (
    "/debug/pprof",
    "/debug/pprof/**",
    "/debug/rand",
    "/export",
    "/halt",
    "/handoff",
    "/import",
    "/promote",
    "/stream",
    "/tx",
)
"""LiteFS 0.5.14, http/server.go: requests that change it, return whole databases, or stream junk for a minute."""


_BASE: Final = re.compile(
    r"https?://(?:[^\s/?#@\[\]]*@)?(?:\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[\w.-]+)(?::\d{1,5})?(?P<prefix>(?:/[^\s?#]*)?)", re.IGNORECASE
)


ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {"nomad": NOMAD, "consul": CONSUL}


def _among(path: str, paths: tuple[str, ...]) -> bool:
    """True if the path matches; `*` stands for one path segment, `**` for any number."""
    return path in paths or _pattern(paths).fullmatch(path) is not None


@cache
def _pattern(paths: tuple[str, ...]) -> re.Pattern[str]:
    """Compiled on first use: the first requests are for paths that are listed literally."""
    written = "|".join(re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]*") for path in paths)
    return re.compile(f"(?:{written})")


def objection(source: str, path: str) -> str:
    """Return why this percent-encoded path must not be requested; empty if it may.

    Raises ValueError for a Nomad or Consul path that is not a known read, which is a bug in a kind. An objection is not a bug but comes
    from data:
    a name that would turn one path into another, or a workload's check of a path that must not be called.
    """
    decoded = unquote(path.partition("?")[0] if source == "litefs" else path)
    names = decoded.split("/")
    if "." in names or ".." in names:
        return f"the path {path!r} has a dot segment in it"
    if source == "litefs":
        return f"{path!r} would change or load what it is asked of" if _among("/" + decoded.strip("/"), LITEFS_REFUSED) else ""
    if not _among(path, ALLOWED[source]):
        raise ValueError(f"{path!r} is not among the reads that may be asked of {source}")
    return f"the path {path!r} has an empty name in it" if "" in path.split("/")[1:] else ""


def objection_to_base(base: str) -> str:
    """Return why this address must not be requested; empty if it may.

    Addresses are built from a cluster's data: a host containing a path, a query or a `%` would turn one request into another.
    """
    found = _BASE.fullmatch(base)
    if not found or not {".", ".."}.isdisjoint(unquote(found["prefix"]).split("/")):
        return f"{base[:100]!r} is no address of the form http://host:port"
    return ""

"""Which answers are spoiled: a system's, or all that one kind requests."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.replay.wire import Ask
from tests.hostile.proxy import Where, everywhere

NOMAD, CONSUL, LITEFS = "4646", "8500", "20202"


def of(port: str, path: str = ".*", host: str = ".*") -> Where:
    """Match requests to a port whose path (still quoted) matches."""

    def where(ask: Ask) -> bool:
        ip, _, asked_port = ask.netloc.rpartition(":")
        return asked_port == port and bool(re.fullmatch(path, ask.path)) and bool(re.fullmatch(host, ip))

    return where


SYSTEMS: Mapping[str, Where] = {"nomad": of(NOMAD), "consul": of(CONSUL), "litefs": of(LITEFS), "everything": everywhere}
KINDS: Mapping[str, Where] = {
    "nomad_agent": of(NOMAD, "/v1/(agent|status)/.*"),
    "nomad_nodes": of(NOMAD, "/v1/nodes"),
    "nomad_job": of(NOMAD, "/v1/job/[^/]*"),
    "nomad_allocations": of(NOMAD, "/v1/(allocations|job/.*/allocations)"),
    "nomad_evaluations": of(NOMAD, "/v1/(evaluations|job/.*/evaluations)"),
    "nomad_deployments": of(NOMAD, "/v1/(deployments|job/.*/deployments)"),
    "nomad_logs": of(NOMAD, "/v1/client/fs/logs/.*"),
    "consul_leader": of(CONSUL, "/v1/(status/.*|agent/self)"),
    "consul_members": of(CONSUL, "/v1/agent/members"),
    "consul_checks": of(CONSUL, "/v1/health/service/.*"),
    "consul_lease": of(CONSUL, "/v1/(kv|session)/.*"),
    "check_output": of(CONSUL, "/v1/agent/checks"),
    "litefs_status": of(LITEFS),
}
"""By kind, as specs/navidrome.yml asks them; nomad_checks asks only where a service is registered with Nomad itself."""

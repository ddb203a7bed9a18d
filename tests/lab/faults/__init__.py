"""The lab's faults: what each breaks, and the true cause that a report must name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.lab.cluster import Lab
from tests.lab.faults import data, jobs, servers


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` is the true cause (`collector explain CODE`); `inject` breaks the lab and returns where: a node, `all`, or nothing."""

    code: str
    summary: str
    inject: Callable[[Lab], str]


FAULTS: Mapping[str, Fault] = {
    "app-crash": Fault("app.exited", "the application exits with code 1", jobs.app("crash")),
    "app-exit-zero": Fault("app.exited", "the application exits with code 0", jobs.app("exit-zero")),
    "app-500": Fault("app.check.http-error", "the application answers its health check with 500", jobs.app("error")),
    "app-slow": Fault("app.check.timeout", "the application does not answer its health check in time", jobs.app("slow")),
    "app-deaf": Fault("app.check.refused", "the application runs and does not listen", jobs.app("deaf")),
    "write-on-replica": Fault("app.write-on-replica", "the application writes where LiteFS is not primary", jobs.write_on_replica),
    "port-in-use": Fault("port.in-use", "another process has LiteFS's port", jobs.port_in_use),
    "driver-missing": Fault("nomad.driver.failed", "the task's command does not exist", jobs.driver_missing),
    "artifact-failed": Fault("nomad.artifact.failed", "the task's artifact cannot be fetched", jobs.artifact_failed),
    "template-blocked": Fault("nomad.template.blocked", "a template waits for a Consul key that is not there", jobs.template_blocked),
    "exhausted": Fault("nomad.placement.exhausted", "the task asks for more memory than a node has", jobs.exhausted),
    "filtered": Fault("nomad.placement.filtered", "a constraint that no node meets", jobs.filtered),
    "status-404": Fault("litefs.endpoint.unknown", "the health check asks LiteFS for /status", jobs.status_check),
    "litefs-config": Fault("litefs.config.invalid", "a field in litefs.yml that LiteFS does not know", jobs.litefs_config),
    "lease-unreachable": Fault("litefs.lease.unreachable", "LiteFS asks for its lease where no Consul is", jobs.lease_unreachable),
    "no-candidate": Fault("litefs.no-primary", "no node may become primary", jobs.no_candidate),
    "two-primaries": Fault("litefs.multiple-primaries", "two nodes are primary by their configuration", jobs.two_primaries),
    "advertise-url": Fault("litefs.replica.disconnected", "the advertised address does not resolve", jobs.advertise_url),
    "cluster-id": Fault("litefs.cluster-id.mismatch", "a node has the data of another cluster", data.cluster_id),
    "data-lost": Fault("litefs.cluster-id.lost", "every node has lost its data", data.lost),
    "database-corrupt": Fault("litefs.database.corrupt", "a node's database file is damaged", data.corrupt),
    "disk-full": Fault("disk.full", "a replica's data directory is full", data.full),
    "no-fuse": Fault("litefs.fuse.unavailable", "a node has no /dev/fuse", data.no_fuse),
    "mount-stale": Fault("litefs.mount.stale", "LiteFS was killed while something held its mount", data.mount_stale),
    "litefs-hung": Fault("litefs.process.hung", "the primary's LiteFS is frozen", servers.litefs_hung),
    "replica-lagging": Fault("litefs.replica.lagging", "nothing gets through to a replica, and nobody notices", servers.replica_lagging),
    "consul-agent-down": Fault("consul.agent.unreachable", "a node's Consul agent is dead", servers.killed("consul")),
    "nomad-client-down": Fault("nomad.client.down", "a node's Nomad client is dead", servers.killed("nomad")),
    "node-down": Fault("node.down", "a node is gone", servers.node_down),
    "consul-server-down": Fault("consul.server.unreachable", "the Consul server is dead", servers.server_killed("consul")),
    "consul-server-hung": Fault("consul.server.unreachable", "the Consul server is frozen", servers.consul_hung),
    "nomad-server-down": Fault("nomad.server.unreachable", "the Nomad server is dead", servers.server_killed("nomad")),
    "drained": Fault("nomad.node.draining", "a node is drained", servers.drained),
    "ineligible": Fault("nomad.node.ineligible", "a node was marked ineligible, and its instance is gone", servers.ineligible),
    "orphan-service": Fault("consul.service.orphaned", "an instance in Consul that no allocation stands behind", servers.orphan),
}

"""Topics about the cluster as a whole: its servers, its jobs, and gaps."""

from __future__ import annotations

from collections.abc import Mapping

from collector.observe.topics.topic import Topic

WHOLE: Mapping[str, Topic] = {
    "cluster": Topic(
        "the whole",
        "",
        {
            "primaries": "LiteFS nodes that say they are primary",
            "primary_nodes": "their names",
            "roles_unknown": "of those that answered, how many did not report a role",
            "leaderless": "some LiteFS nodes answered, and all of them say that they are not primary",
            "litefs_seen": "LiteFS nodes that answered",
            "litefs_silent": "LiteFS nodes that were asked and did not answer",
            "litefs_expected": "LiteFS nodes that were asked",
            "litefs_all": "every instance that is not over has a LiteFS that answered",
            "leader_unheard": "who holds the lease with a session that exists, and neither answered nor accepted a connection silently, "
            "though a replica hears from it; else null",
            "handover": "seconds since a primary was last heard of, while its lease may still expire by itself and be acquired (30 s)",
            "candidates": "of those that answered, how many may become primary",
            "lease_held": "the lease is held by a live session; null when not seen",
            "lease_id": "cluster ID that Consul keeps",
            "unowned_id": "`lease_id`, if nobody leads or holds the lease and no LiteFS that answered has an ID; else null",
            "lease_key": "the lease's key",
            "lease_keys": "the keys, if several of the LiteFS nodes asked hold different leases",
            "lease_host": "host that holds the lease",
            "lease_session_alive": "the session that holds it exists",
            "advertise_url": "what the lease tells replicas to connect to",
            "host_is_primary": "the lease's host says it is primary; null when not seen",
            "lease_stranger": "the lease names a host that is, by name and address, none of the known nodes",
            "lease_foreign": "the lease is not held by LiteFS: its session is known, and has another name",
            "lease_session_name": "name of the session that holds it",
            "lease_session_node": "Consul node of that session",
            "lease_is_the_jobs": "the lease's key is in the job",
            "limited": "only some nodes were asked (-l)",
            "nodes_missing": "how many of the expected nodes are not known, if Nomad or Consul listed them",
            "nodes_absent": "their names; a count if the spec names none; null if none is missing",
            "nodes_lost": "Nomad nodes that are down, draining or ineligible",
            "nodes_ready": "Nomad nodes that take allocations",
        },
    ),
    "server": Topic(
        "Nomad's or Consul's servers",
        "",
        {
            "system": "nomad or consul",
            "answers": "an API call was answered",
            "leader": "there is a leader; null when not seen",
            "cause": "why there was no answer: refused, timeout, dns, ...",
            "reason": "in words",
            "lost": "names of servers that the others call failed, or that do not answer themselves",
            "led_by": "the leader that some servers name when asked directly and others do not know; else null",
            "followers": "the servers that name it",
            "alone": "the servers that know none",
            "lost_with_node": "all of those run on nodes that are known to be lost",
        },
    ),
    "gap": Topic(
        "something that should have been seen and was not",
        "node alloc task service",
        {
            "kind": "what was asked",
            "status": "failed, unreachable, denied, timeout, missing-tool, invalid, budget",
            "cause": "refused, dns, tls, timeout, ...",
            "reason": "in words",
            "system": "nomad, consul, litefs",
            "capability": "the ACL rules that it needs, if it was denied; else null",
            "all_denied": "the rules that everything which was denied needs, together; null if nothing was",
            "decisive": "without it there is no verdict",
            "token_fault": "why it was denied, if no right is missing: no token was given, or what the server says about a token that it "
            "does not know, or no longer knows; else null",
        },
    ),
    "evaluation": Topic(
        "what keeps the scheduler from placing, now",
        "",
        {
            "group": "task group",
            "queued": "instances that wait",
            "exhausted": "a dimension is used up",
            "dimension": "which",
            "own_ports": "it is only a static port, and the group's own instances hold it; null if the allocations were not read",
            "constraint": "which constraints leave no node; null if a dimension is used up",
            "quota": "what of the namespace's quota is used up",
            "trigger": "what started it: job-register, node-update, node-drain, ...",
            "by_node_loss": "it waits because a node went away",
            "outside": "ready nodes in a datacenter that the job does not list, each with it; null if there is none",
            "spare": "it is not missed: a canary of a group that has all its instances, all healthy",
        },
    ),
    "deployment": Topic(
        "the newest deployment",
        "",
        {
            "status": "running, successful, failed, ...",
            "description": "Nomad's words",
            "unhealthy": "unhealthy instances",
            "healthy": "healthy instances",
            "desired": "desired instances",
            "failing": "failed, or has unhealthy instances",
        },
    ),
    "group": Topic(
        "a task group's count against what lives",
        "",
        {
            "group": "name",
            "job": "job",
            "expected": "count",
            "live": "live instances",
            "missing": "how many are missing",
            "none_left": "nothing runs",
        },
    ),
    "service": Topic(
        "one service of the job",
        "service",
        {
            "expected": "instances that should be there; null when not known",
            "instances": "registered instances with a live allocation",
            "missing": "how many are missing",
        },
    ),
    "registration": Topic(
        "one instance in Consul",
        "node alloc service",
        {"id": "service id", "orphan": "no live allocation behind it", "address": "host:port", "why": "what is wrong with it"},
    ),
    "skew": Topic(
        "a node's clock against the others'", "node", {"seconds": "how far it is off", "beyond": "more than the threshold skew_warning"}
    ),
    "job": Topic(
        "the job itself",
        "",
        {
            "id": "its ID",
            "stopped": "an operator stopped it",
            "status": "Nomad's word",
            "description": "in words",
            "litefs_yml": "TASK/PATH of the first litefs.yml that it renders from a template",
            "unlooked": "periodic or parameterized, so each of its runs is a job of its own, and no run was asked for; else null",
        },
    ),
}

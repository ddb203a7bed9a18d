"""Why a check fails, in its own words."""

from collector.kinds.kind import NAMESPACE, Argument, Kind, of_alloc
from collector.kinds.unwritten import rung

KIND = Kind(
    name="check_output",
    summary="the text of a node's failing checks: from its own agent, from within the task, or asked again from here",
    rungs={"agent": rung, "exec": rung, "probe": rung},
    default_ladder=(("agent", None), ("exec", None), ("probe", None)),
    arguments={
        "node": Argument("string", "name of the node in Consul", required=True, item="node"),
        "address": Argument("string", "address of the node", required=True, item="address"),
        "alloc": Argument("string", "a live allocation on that node, for the exec rung", item="alloc"),
        "task": Argument("string", "a task of it", item="task"),
        "checks": Argument("array", "the failing checks, as consul_checks gives them", required=True, item="checks"),
        "endpoints": Argument("array", "what the checks ask: {name, type, url | host and port, method}", default=(), item="endpoints"),
        "port": Argument("integer", "HTTP port of the Consul agents", default=8500),
        "namespace": NAMESPACE,
    },
    target=of_alloc,
    capabilities=("consul: service read", "consul: node read", "nomad: namespace alloc-exec"),
)

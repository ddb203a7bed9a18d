"""LiteFS's lease in Consul."""

from collector.kinds.kind import API, Argument, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="consul_lease",
    summary="the key that LiteFS's primary holds, its session, and the cluster ID",
    rungs={"api": rung},
    default_ladder=API,
    arguments={"key": Argument("string", "lease.consul.key of litefs.yml", required=True)},
    capabilities=("consul: key read", "consul: session read"),
)

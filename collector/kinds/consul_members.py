"""Consul."""

from collector.kinds.kind import API, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="consul_members",
    summary="the members of Consul's gossip pool and their state",
    rungs={"api": rung},
    default_ladder=API,
    capabilities=("consul: node read",),
)

"""Consul."""

from collector.kinds.kind import API, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="consul_leader",
    summary="Consul's leader and peers, and the agent that was asked",
    rungs={"api": rung},
    default_ladder=API,
    capabilities=("consul: agent read",),
)

"""Nomad's servers as one agent sees them."""

from collector.kinds.kind import API, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_agent",
    summary="Nomad's version, leader, peers and servers, as the asked agent sees them",
    rungs={"api": rung},
    default_ladder=API,
    capabilities=("nomad: agent read", "nomad: node read"),
)

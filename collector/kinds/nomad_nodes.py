"""The Nomad client nodes."""

from collector.kinds.kind import API, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_nodes",
    summary="every Nomad client node: status, eligibility, drain, drivers",
    rungs={"api": rung},
    default_ladder=API,
    capabilities=("nomad: node read",),
)

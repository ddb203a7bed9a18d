"""Checks of Nomad's own service provider."""

from collector.kinds.kind import ALLOC, API, NAMESPACE, NODE, Kind, of_alloc
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_checks",
    summary="an allocation's checks where its services are registered with Nomad itself",
    rungs={"api": rung},
    default_ladder=API,
    arguments={"alloc": ALLOC, "namespace": NAMESPACE, "node": NODE},
    target=of_alloc,
    capabilities=("nomad: namespace read-job",),
)

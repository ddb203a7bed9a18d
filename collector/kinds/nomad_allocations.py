"""A job's allocations."""

from collector.kinds.kind import JOB, NAMESPACE, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_allocations",
    summary="the job's allocations: placement, ports, task states and events",
    rungs={"api": rung, "job": rung},
    default_ladder=(("api", None), ("job", None)),
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)

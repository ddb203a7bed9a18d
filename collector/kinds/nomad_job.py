"""A job."""

from collector.kinds.kind import API, JOB, NAMESPACE, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_job",
    summary="the job as it is registered: groups, tasks, services, checks, constraints, LiteFS's Consul keys",
    rungs={"api": rung},
    default_ladder=API,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)

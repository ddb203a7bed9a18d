"""A job."""

from collector.kinds.kind import API, JOB, NAMESPACE, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_deployments",
    summary="the job's deployments and how many instances are healthy",
    rungs={"api": rung},
    default_ladder=API,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)

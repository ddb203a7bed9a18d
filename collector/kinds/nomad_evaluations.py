"""A job."""

from collector.kinds.kind import API, JOB, NAMESPACE, Kind
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_evaluations",
    summary="the scheduler's evaluations of the job, with what it could not place and why",
    rungs={"api": rung},
    default_ladder=API,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)

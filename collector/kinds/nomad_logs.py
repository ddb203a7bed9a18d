"""The end of a task's log."""

from collector.kinds.kind import ALLOC, API, NAMESPACE, NODE, TASK, Argument, Kind, of_alloc
from collector.kinds.unwritten import rung

KIND = Kind(
    name="nomad_logs",
    summary="the last lines of a task's stderr or stdout",
    rungs={"api": rung},
    default_ladder=API,
    arguments={
        "alloc": ALLOC,
        "task": TASK,
        "stream": Argument("string", "which stream", default="stderr", choices=("stderr", "stdout")),
        "lines": Argument("integer", "how many lines the report shows", default=20),
        "namespace": NAMESPACE,
        "node": NODE,
    },
    target=of_alloc,
    capabilities=("nomad: namespace read-logs",),
)

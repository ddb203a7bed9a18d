"""LiteFS on one node."""

from collector.kinds.kind import NAMESPACE, Argument, Kind, of_alloc
from collector.kinds.unwritten import rung

KIND = Kind(
    name="litefs_status",
    summary="LiteFS on one node: role, positions, lag, start",
    rungs={"http": rung, "exec": rung},
    default_ladder=(("http", None), ("exec", ["litefs", "status"]), ("exec", ["cat"])),
    arguments={
        "task": Argument("string", "the task that runs LiteFS", required=True),
        "mount": Argument("string", "LiteFS's mount (fuse.dir) inside the task", required=True),
        "alloc": Argument("string", "full ID of the allocation", required=True, item="id"),
        "node": Argument("string", "name of the node", item="node"),
        "url": Argument("string", "http://host:port of LiteFS, when neither the http rung nor address gives it"),
        "address": Argument("string", "address of the allocation", item="address"),
        "litefs_port": Argument("integer", "port of LiteFS's HTTP API", default=20202),
        "namespace": NAMESPACE,
    },
    target=of_alloc,
    capabilities=("nomad: namespace alloc-exec",),
)

"""Instances and checks as Consul's catalog has them."""

from collector.kinds.kind import API, Argument, Kind
from collector.kinds.unwritten import rung
from collector.model import Target

KIND = Kind(
    name="consul_checks",
    summary="instances and checks of a service, or of a node, from Consul's catalog",
    rungs={"api": rung},
    default_ladder=API,
    arguments={
        "service": Argument("string", "name of the service"),
        "node": Argument("string", "name of the node in Consul"),
    },
    one_of=("service", "node"),
    target=lambda args: Target(node=args.get("node"), service=args.get("service")),
    capabilities=("consul: service read", "consul: node read"),
)

"""Instances and checks from Consul's catalog, whose `output` may be empty or minutes old (see check_output.py), or from a node's agent.

Without a leader the catalog does not change any more, while each agent keeps running its own checks.
"""

from __future__ import annotations

from collector.errors import Unanswered
from collector.kinds import asking, bodies, consul_agent, consul_rows, shapes
from collector.kinds.kind import API_OR_STALE, AWAITED, Args, Argument, Kind
from collector.model import JSON, Http, Rung, Status, Target

LIMIT = 64 << 20
"""Maximum bytes of a service's health. Consul has no pagination, and sends 2 kB per instance: 8 MiB would be exceeded at 4,000 nodes."""


def api(args: Args) -> Rung:
    """Request a service's instances with their checks, or all of a node's."""
    if args.get("service"):
        return (yield from _of_service(args["service"]))
    return (yield from _of_node(args["node"]))


def _of_service(service: str) -> Rung:
    reply = yield from asking.ask(Http("consul", f"/v1/health/service/{asking.segment(service)}", limit=LIMIT))
    return asking.parsed(asking.unfiltered(reply), parse_service)


def _of_node(node: str) -> Rung:
    name = asking.segment(node)
    replies = yield from asking.ask_together([Http("consul", f"/v1/health/node/{name}"), Http("consul", f"/v1/catalog/node/{name}")])
    health, catalog = (asking.unfiltered(reply) for reply in replies)
    return {"instances": asking.parsed(catalog, parse_node), "checks": asking.parsed(health, parse_checks)}


def agent(args: Args) -> Rung:
    """Query the node's own agent at the node's address."""
    if not args.get("node"):
        raise Unanswered(Status.SKIPPED, "a node's agent knows that node only: give `node`, not `service`")
    checks, services = yield consul_agent.requests(args, consul_agent.CHECKS, consul_agent.SERVICES)
    rows = sorted(consul_agent.checks(args, checks), key=lambda row: row["check_id"])
    instances = asking.parsed(services, lambda body: consul_agent.parse_services(body, args["node"], args["address"]))
    wanted = set(args["services"]) or {row["service"] for row in instances}
    kept = [row for row in instances if row["service"] in wanted]
    if not kept and asking.filtered(services):
        raise Unanswered(Status.DENIED, asking.refused(services), reply=services)
    return {"instances": kept, "checks": [row for row in rows if row["service"] in wanted | {None}]}


def parse_service(body: bytes) -> JSON:
    """Parse `/v1/health/service/NAME`. It repeats a node's own checks for each instance; duplicates are removed."""
    rows = bodies.listing(body)
    checks = [row for entry in rows for row in shapes.objects(entry, "Checks")]
    return {
        "instances": consul_rows.instances((shapes.mapping(entry, "Node"), shapes.mapping(entry, "Service")) for entry in rows),
        "checks": consul_rows.checks(checks),
    }


def parse_node(body: bytes) -> JSON:
    """Parse `/v1/catalog/node/NAME`; an unknown node (null) has no instances."""
    entry = {"node": bodies.decode(body)}
    node = shapes.mapping(entry, "node")
    return consul_rows.instances((shapes.mapping(node, "Node"), service) for _id, service in shapes.named(node, "Services"))


def parse_checks(body: bytes) -> JSON:
    """Parse `/v1/health/node/NAME`, or any list of Consul's checks."""
    return consul_rows.checks(bodies.listing(body))


KIND = Kind(
    name="consul_checks",
    summary="instances and checks of a service, or of a node, from Consul's catalog or the node's own agent",
    rungs={"api": api, "stale": asking.of_any_server(api), "agent": agent},
    default_ladder=API_OR_STALE,
    arguments={
        "service": Argument("string", "name of the service"),
        "node": Argument("string", "name of the node in Consul"),
        "services": Argument("array", "of a node's agent, only these services and the node's own checks (all if empty)", default=()),
        **consul_agent.ARGUMENTS,
    },
    one_of=("service", "node"),
    target=lambda args: Target(node=args.get("node"), service=args.get("service")),
    capabilities=("consul: service read", "consul: node read"),
    timeout=AWAITED,
    shows=("services",),
    nodes=lambda data: [row["node"] for row in data["instances"]],
    inventory=True,
)

"""Requests to a node's own Consul agent, which knows its services and checks first, and without Consul's servers.

The agent needs Consul's token, but anybody with `node:write` can register a node with any address in the catalog. So the token is only sent
to addresses from the gossip pool (`member`), which takes the gossip key to join.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.errors import Unanswered
from collector.kinds import asking, bodies, consul_rows, shapes
from collector.kinds.kind import Args, Argument, port
from collector.model import JSON, Http, Reply, Status, host_port

CHECKS = "/v1/agent/checks"
SERVICES = "/v1/agent/services"
ARGUMENTS: Mapping[str, Argument] = {
    "address": Argument("string", "address of the node, for the agent rung", item="address"),
    "member": Argument(
        "boolean",
        "whether Consul's gossip pool has the node at this address; only then the token is sent",
        default=False,
        item="member",
    ),
    "port": port("port of the Consul agents' API", 8500),
    "scheme": Argument(
        "string", "scheme of the Consul agents' API; with `https` the port is usually 8501", default="http", choices=("http", "https")
    ),
}
"""The arguments of kinds that query nodes' agents."""


def requests(args: Args, *paths: str) -> list[Http]:
    """Return requests to the agent at the node's address."""
    if not args.get("address"):
        raise Unanswered(Status.SKIPPED, "the node's address is not known")
    return [Http("consul", path, base=f"{args['scheme']}://{place(args)}", token=args["member"] is True) for path in paths]


def place(args: Args) -> str:
    """Return `host:port` of the agent."""
    return host_port(args["address"], args["port"])


def checks(args: Args, reply: Reply) -> list[dict[str, JSON]]:
    """Return the checks in the agent's answer to CHECKS."""
    if args["member"] is not True:
        return _without_token(args, reply)
    if asking.filtered(reply) and not bodies.decode(asking.body(reply)):
        raise Unanswered(Status.DENIED, asking.refused(reply), reply=reply)
    return asking.parsed(reply, lambda body: parse_checks(body, args["node"]))


def _without_token(args: Args, reply: Reply) -> list[dict[str, JSON]]:
    """Return the checks that an agent shows without a token; none is not a refusal, since another rung may do better."""
    try:
        return asking.parsed(reply, lambda body: parse_checks(body, args["node"]))
    except Unanswered as why:
        tokenless = f"asked without Consul's token, since the gossip pool is not known to have {args['node']} at {args['address']}"
        status = Status.FAILED if why.status is Status.DENIED else why.status
        raise Unanswered(status, f"{why.reason} ({tokenless})", reply=why.reply) from None


def parse_checks(body: bytes, node: str) -> list[dict[str, JSON]]:
    """Parse `/v1/agent/checks` by check ID. An empty answer, or one from another node's agent, is rejected."""
    rows = [consul_rows.check(row) for _id, row in shapes.named({"checks": bodies.decode(body)}, "checks")]
    others = {row["node"] for row in rows} - {node}
    if others:
        raise Unanswered(Status.FAILED, f"this is the agent of {', '.join(sorted(others))}, not of {node}")
    if not rows:
        raise Unanswered(Status.FAILED, "the agent shows no checks: it has none, or the token may not read them")
    return rows


def parse_services(body: bytes, node: str, address: str) -> list[JSON]:
    """Parse `/v1/agent/services` by service ID; it does not repeat the node's name and address."""
    here = {"Node": node, "Address": address}
    return consul_rows.instances((here, service) for _id, service in shapes.named({"services": bodies.decode(body)}, "services"))

"""The output of failing checks.

Consul's catalog often has an empty or old output: an agent syncs a changed status at once, but a changed output alone only every
`check_update_interval` (5 min by default). Source: hashicorp/consul issues 1982 and 9113.
So the node's own agent is queried: from here, then from within a task on that node; if neither works, the check is repeated from here.

The output of a check that runs rarely may be out of date, so such a check is also repeated from here if it fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from collector.errors import Unanswered
from collector.kinds import asking, consul_agent
from collector.kinds.kind import NAMESPACE, Args, Argument, Kind, of_alloc
from collector.kinds.probing import Probe, outcome, probe_of
from collector.model import JSON, Exec, Reply, Rung, Status, host_port

SELDOM = 30.0
"""Seconds between two runs of a check from which on its output may be out of date."""
NOT_THERE = (b"not found", b"no such file", b"No such file")


def agent(args: Args) -> Rung:
    """Query the node's own agent at the node's address."""
    (reply,) = yield consul_agent.requests(args, consul_agent.CHECKS)
    rows = yield from _repeat_rare_failures(args, consul_agent.checks(args, reply))
    asked_from = consul_agent.place(args)
    return _answer(args, "agent", asked_from if args["member"] is True else f"{asked_from}, without Consul's token", rows)


def from_task(args: Args) -> Rung:
    """Query the agent on the host's loopback address, from a task that uses host networking (wget, then curl)."""
    if not args.get("alloc") or not args.get("task"):
        raise Unanswered(Status.SKIPPED, "no live allocation on this node to ask from")
    url = f"{args['scheme']}://{host_port('127.0.0.1', args['port'])}{consul_agent.CHECKS}"
    reply = yield from _first_tool(args, [("wget", "-qO-", url), ("curl", "-sS", "-m", "3", url)])
    if reply.status != Status.OK:
        raise asking.not_run(reply)
    rows = yield from _repeat_rare_failures(args, asking.parsed(reply, lambda body: consul_agent.parse_checks(body, args["node"])))
    return _answer(args, "exec", f"task {args['task']} of allocation {args['alloc'][:8]}", rows)


def probe(args: Args) -> Rung:
    """Repeat the check from here: GET and TCP connect only. Shows what this machine sees, not what the node's agent sees."""
    probes = _repeatable(args, args["checks"])
    if not probes:
        raise Unanswered(
            Status.SKIPPED, "none of these checks can be repeated from here: only HTTP and TCP checks with a known address can"
        )
    replies = yield [one.request for _, one in probes]
    rows = [{**_row(row), **outcome(one, reply)} for (row, one), reply in zip(probes, replies, strict=True)]
    return _answer(args, "probe", "here", rows, known=True)


def _repeatable(args: Args, rows: Sequence[JSON]) -> list[tuple[JSON, Probe]]:
    """Return the checks that can be repeated from here, with their requests."""
    found = ((row, probe_of(row, args["endpoints"])) for row in rows)
    return [(row, one) for row, one in found if one is not None]


def _repeat_rare_failures(args: Args, rows: list[dict[str, JSON]]) -> Rung:
    """Return the agent's rows; `now` is the result of repeating a failing check that runs rarely."""
    seldom = {row["check_id"] for row in args["checks"] if (row.get("interval") or 0.0) >= SELDOM}
    probes = _repeatable(args, [row for row in rows if row["check_id"] in seldom and row["status"] == "critical"])
    if not probes:
        return rows
    replies = yield [one.request for _, one in probes]
    now = {row["check_id"]: outcome(one, reply)["status"] for (row, one), reply in zip(probes, replies, strict=True)}
    return [{**row, "now": now[row["check_id"]]} if row["check_id"] in now else row for row in rows]


def _first_tool(args: Args, commands: Sequence[tuple[str, ...]]) -> asking.Asking:
    reply = Reply(endpoint="exec", status=Status.FAILED)
    for argv in commands:
        (reply,) = yield [Exec(args["alloc"], args["task"], argv, args.get("namespace"))]
        if reply.status == Status.OK or reply.cause or not any(words in reply.stderr for words in NOT_THERE):
            return reply
    return reply


def _answer(args: Args, source: str, asked_from: str, rows: list[dict[str, JSON]], *, known: bool = False) -> JSON:
    """Return only the requested checks; those that the agent does not know are omitted."""
    wanted = {row["check_id"] for row in args["checks"]}
    return {
        "node": args["node"],
        "source": source,
        "asked_from": asked_from,
        "agent": source != "probe",
        "checks": [row if known else _row(row) for row in rows if row["check_id"] in wanted],
    }


def _row(row: JSON) -> dict[str, JSON]:
    fields = {key: row.get(key) for key in ("check_id", "name", "service", "service_id", "status", "output", "type")}
    return fields | ({"now": row["now"]} if "now" in row else {})


KIND = Kind(
    name="check_output",
    summary="the text of a node's failing checks: from its own agent, from within the task, or repeated from here",
    rungs={"agent": agent, "exec": from_task, "probe": probe},
    default_ladder=(("agent", None), ("exec", None), ("probe", None)),
    arguments={
        "node": Argument("string", "name of the node in Consul", required=True, item="node"),
        "alloc": Argument("string", "a live allocation on that node, for the exec rung", item="alloc"),
        "task": Argument("string", "a task of that allocation", item="task"),
        "checks": Argument("array", "the failing checks, as consul_checks gives them", required=True, item="checks"),
        "endpoints": Argument(
            "array", "what the checks connect to: {name, type, url | host and port, method, tls_skip_verify}", default=(), item="endpoints"
        ),
        **consul_agent.ARGUMENTS,
        "namespace": NAMESPACE,
    },
    target=of_alloc,
    capabilities=("consul: service read", "consul: node read", "nomad: namespace alloc-exec"),
    answered_by="node",
)

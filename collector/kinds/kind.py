"""A kind of collection: its name, its arguments, and its rungs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from collector.model import JSON, Rung, Target

Args = Mapping[str, JSON]
"""An item's rendered arguments including defaults, with the rung's own rendered value under "rung"."""

Ladder = tuple[tuple[str, JSON], ...]
"""The rungs to try, in order: (rung name, its value); the value is None if the rung needs none."""


class Argument(NamedTuple):
    """One argument of a kind.

    `type` is the JSON schema type of the rendered value. `choices`, if any, are its possible values. `item` names the key of the loop's
    item that supplies the argument if the spec omits it. `least` and `most` are the bounds of a number, and are given together.
    `capability` is an additional ACL capability needed if the argument is given.
    """

    type: Literal["string", "integer", "boolean", "array"]
    help: str
    required: bool = False
    default: JSON = None
    choices: tuple[str, ...] = ()
    item: str | None = None
    least: int | None = None
    most: int | None = None
    capability: str = ""

    @property
    def words(self) -> str:
        """Describe the allowed values for a message."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        bounds = f" from {self.least} to {self.most}" if self.most is not None else ""
        return f"{'an' if self.type[0] in 'aeiou' else 'a'} {self.type}{bounds}"

    def schema(self) -> dict[str, JSON]:
        """Return the JSON schema of a rendered value."""
        if self.choices:
            return {"enum": list(self.choices)}
        bounds = {"minimum": self.least, "maximum": self.most}
        return {"type": self.type, **{name: bound for name, bound in bounds.items() if bound is not None}}


class Kind(NamedTuple):
    """One kind of collection.

    Exactly one of the arguments in `one_of` must be given. `capabilities` are the ACL capabilities needed whatever the arguments.
    """

    name: str
    summary: str
    rungs: Mapping[str, Callable[[Args], Rung]]
    default_ladder: Ladder
    arguments: Mapping[str, Argument] = {}
    one_of: tuple[str, ...] = ()
    target: Callable[[Args], Target] = lambda _args: Target()
    capabilities: tuple[str, ...] = ()
    advice: Callable[[str, JSON], str | None] = lambda _rung, _value: None
    """Returns advice on a rung as written in a spec (its name and unrendered value) that cannot be intended, or None."""
    timeout: float = 10.0
    """Default seconds for an item: all rungs together; the first of several may use half of it."""
    modules: tuple[str, ...] = ()
    """Modules that its parsers import on first use because they are slow to import; imported in advance if there is time."""
    shows: tuple[str, ...] = ()
    """What its data is a list of, in the words of a spec's `expect`: `nodes`, `instances`, `services`. Without these lists nobody knows
    whether the instances run and pass their checks, so a gap in one of them is decisive."""
    answered_by: Literal["servers", "any agent", "client", "node"] = "servers"
    """`servers`: they need a leader for it. `any agent`: from its own state, with or without a leader. `client`: a node's
    Nomad client, through the servers, so that an answer is the node's, but a missing one may be the servers' fault. `node`: the node."""
    nodes: Callable[[JSON], Iterable[str | None]] = lambda _data: ()
    """Returns the names of nodes in its data."""
    inventory: bool = False
    """Loops depend on it, and it takes a few calls: `--check` asks it."""

    def rights(self, given: Mapping[str, JSON]) -> tuple[str, ...]:
        """Return the ACL capabilities needed with these arguments (`nomad: namespace read-logs`)."""
        return self.capabilities + tuple(more for name, more in self.further_rights.items() if given.get(name))

    @property
    def further_rights(self) -> Mapping[str, str]:
        """Return the ACL capabilities needed by optional arguments, by name; without them only what the argument adds is missing."""
        return {name: argument.capability for name, argument in self.arguments.items() if argument.capability}


API: Ladder = (("api", None),)
"""The ladder of a kind with a single way to ask."""

AWAITED = 20.0
"""Seconds for what everything else depends on, the job and lists that grow with the cluster: a busy server takes long for them."""

AGENT = "agent"
"""The rung that asks a node's own Consul agent."""

DIRECT = frozenset({"http", AGENT})
"""The rungs that the node itself answers, not the servers."""

STALE = "stale"
"""The rung that asks a server for its own state. Skipped if it would fail in the same way."""

API_OR_STALE: Ladder = (("api", None), (STALE, None))
"""The ladder of a kind that a server without a leader can answer from its own state."""


def port(help_: str, default: int) -> Argument:
    """Return an argument for a TCP port."""
    return Argument("integer", help_, default=default, least=1, most=65535)


def of_alloc(args: Args) -> Target:
    """Return the target of an item about an allocation, or one of its tasks."""
    return Target(node=args.get("node"), alloc=args.get("alloc"), task=args.get("task"))


NAMESPACE = Argument("string", "Nomad namespace (else the configured one)", item="namespace")
NODE = Argument("string", "name of the node, for the report", item="node")
JOB = Argument("string", "ID of the job", required=True)
ALLOC = Argument("string", "full ID of the allocation", required=True, item="id")
TASK = Argument("string", "name of the task", required=True)

"""A kind of collection: its name, its arguments, and its rungs."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from collector.model import JSON, Rung, Target

Args = Mapping[str, JSON]
"""An item's rendered arguments, defaults filled in, with the rung's own rendered value under "rung"."""

Ladder = tuple[tuple[str, JSON], ...]
"""The rungs to try, in order: (rung name, its value); the value is None where a rung needs none."""


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
    """What to say of a rung as a spec writes it (its name, its value with expressions in it), when it cannot be what was meant."""
    timeout: float = 10.0
    """Seconds for an item where the spec does not say: all rungs together, and the first of several has half of it."""
    modules: tuple[str, ...] = ()
    """What its parses import when an answer comes, because it is slow to import; a run with time to spare imports it before."""

    def rights(self, given: Mapping[str, JSON]) -> tuple[str, ...]:
        """Return the ACL capabilities needed with these arguments (`nomad: namespace read-logs`)."""
        return self.capabilities + tuple(more for name, more in self.further_rights.items() if given.get(name))

    @property
    def further_rights(self) -> Mapping[str, str]:
        """Return the ACL capabilities needed by optional arguments, by name; without them only what the argument adds is missing."""
        return {name: argument.capability for name, argument in self.arguments.items() if argument.capability}


API: Ladder = (("api", None),)
"""The ladder of a kind that can be asked in one way only."""

AWAITED = 20.0
"""Seconds for what all else waits for, the job and the listings that grow with the cluster: a server under load takes its time for them."""

STALE = "stale"
"""The rung that asks the same again, of what the server knows itself. Left out where that would meet the same again."""

API_OR_STALE: Ladder = (("api", None), (STALE, None))
"""The ladder of a kind that a server without a leader can still tell what it knows itself."""


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

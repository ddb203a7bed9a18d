"""Least-privilege ACL policies for a spec, as HCL for `nomad acl policy apply` and `consul acl policy create`.

Capabilities are written as in kinds: `nomad: namespace read-job`, `consul: key read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from json import dumps

NAMESPACE = "nomad: namespace "
READ_JOB, EXEC = "read-job", "alloc-exec"

AGENT_AND_NODE = {"nomad: agent read": "agent", "nomad: node read": "node"}
"""Nomad's rules for a whole region (acl/policy.go)."""

CONSUL = {
    "consul: agent read": "agent_prefix",
    "consul: key read": "key_prefix",
    "consul: node read": "node_prefix",
    "consul: service read": "service_prefix",
    "consul: session read": "session_prefix",
}
"""Consul's rules (acl/policy.go); the prefix "" matches every name."""

LITEFS_KEYS = ("litefs/",)
"""The lease's key in LiteFS's own examples."""


def policies_for(
    capabilities: Iterable[str], namespaces: Sequence[str] = ("default",), keys: Sequence[str] = LITEFS_KEYS
) -> dict[str, str]:
    """Return {"nomad": HCL, "consul": HCL}, each empty if not needed; raise ValueError for an unknown capability.

    `namespaces` are the Nomad namespaces examined, `keys` prefixes of LiteFS's lease keys in Consul. Both may come from a cluster, so they
    are quoted and cannot inject a rule.
    """
    wanted = set(capabilities)
    unknown = sorted(one for one in wanted if one not in CONSUL and one not in AGENT_AND_NODE and not one.startswith(NAMESPACE))
    if unknown:
        raise ValueError(f"no rule is known for the capability {unknown[0]!r}")
    return {"nomad": "\n".join(_nomad(wanted, namespaces)), "consul": "\n".join(_consul(wanted, keys))}


def _nomad(wanted: set[str], namespaces: Sequence[str]) -> list[str]:
    names = {one.removeprefix(NAMESPACE) for one in wanted if one.startswith(NAMESPACE)}
    if EXEC in names:
        names.add(READ_JOB)  # `nomad alloc exec` first reads the allocation
    rules = [_namespace(namespace, sorted(names)) for namespace in namespaces] if names else []
    return rules + [_rule(word) for one, word in sorted(AGENT_AND_NODE.items()) if one in wanted]


def _namespace(namespace: str, names: Sequence[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    node = "  # Tasks without isolation (raw_exec) need alloc-node-exec, too.\n" if EXEC in names else ""
    return f"namespace {dumps(namespace)} {{\n{node}  capabilities = [{listed}]\n}}\n"


def _consul(wanted: set[str], keys: Sequence[str]) -> list[str]:
    rules = [(word, prefix) for one, word in CONSUL.items() if one in wanted for prefix in (keys if word == "key_prefix" else ("",))]
    return [_rule(word, prefix) for word, prefix in rules]


def _rule(word: str, name: str | None = None) -> str:
    label = "" if name is None else f" {dumps(name)}"
    return f'{word}{label} {{\n  policy = "read"\n}}\n'

"""Adds `-namespace` to Nomad commands if the namespace is not the default one."""

from __future__ import annotations

import re
import shlex

from collector.analyze.causes import Causes
from collector.model import Finding
from collector.observe import Observed, World

DEFAULT = "default"
NAMESPACED = re.compile(r"nomad (?:alloc|deployment|eval|job|volume) \w+(?= |$)(?!.* -namespace )")
"""Subcommands that take a namespace. The reader's NOMAD_NAMESPACE may differ from the spec's, so it is always named."""


def in_their_namespaces(causes: Causes, seen: Observed) -> Causes:
    """Return the causes with each command naming the namespace of its allocation or job."""
    findings = tuple(_named(one, seen.world) for one in causes.findings)
    return causes._replace(roots=findings[: len(causes.roots)], findings=findings)


def _named(finding: Finding, world: World) -> Finding:
    namespace = _namespace(finding, world)
    if not namespace or namespace == DEFAULT:
        return finding
    option = f" -namespace {shlex.quote(str(namespace))}"
    return finding._replace(
        commands=tuple((what, NAMESPACED.sub(lambda found: found[0] + option, text, count=1)) for what, text in finding.commands)
    )


def _namespace(finding: Finding, world: World) -> str | None:
    alloc = world.alloc.get(finding.alloc or "")
    if alloc:
        return str(alloc["namespace"])
    every = {str(job["namespace"]) for job in world.jobs.values()}
    return every.pop() if len(every) == 1 else None

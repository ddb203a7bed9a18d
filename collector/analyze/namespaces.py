"""Makes Nomad commands name the namespace if it is not the default one."""

from __future__ import annotations

import re
import shlex

from collector.analyze.causes import Causes
from collector.model import Finding
from collector.observe import Observed, World

DEFAULT = "default"
NAMESPACED = re.compile(r"nomad (?:alloc|deployment|eval|job|volume) \w+(?= |$)(?!.* -namespace )")
"""What Nomad looks for in one namespace: the reader's own NOMAD_NAMESPACE may be another than the spec's."""


def in_their_namespaces(causes: Causes, seen: Observed) -> Causes:
    """Every command with the namespace of the allocation, or of the job, that it is about."""
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

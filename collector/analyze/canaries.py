"""Labels root causes that only affect a canary."""

from __future__ import annotations

from collector.analyze.causes import Causes
from collector.model import Finding
from collector.observe import Observed

SPARE = "It is a canary: the old version has all its instances, all healthy, and keeps serving. The deployment waits, or fails."
CANARY = "It is a canary, which a deployment runs beside the old version."


def marked_as_canaries(causes: Causes, seen: Observed) -> Causes:
    """Return the causes with each root cause on a canary labelled as the canary's."""
    words = {
        one.scope["alloc"]: SPARE if one.fields["spare"] else CANARY for one in seen.observations.of("instance") if one.fields["canary"]
    }
    return causes.with_roots(_marked(root, words[root.alloc]) if root.alloc in words else root for root in causes.roots)


def _marked(root: Finding, words: str) -> Finding:
    return root._replace(title=f"the canary: {root.title}", detail=f"{words} {root.detail}".strip())

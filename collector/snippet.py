"""The first line of a server's or command's output, for use in a sentence."""

from __future__ import annotations

import re

LONGEST = 200
LOOKED_AT = 4096
"""Maximum bytes examined."""
COUNTED = re.compile(r"\d+ errors? occurred:")
"""The heading of an error list (hashicorp/go-multierror) in answers of Nomad and Consul; the errors follow it."""


def snippet(output: bytes) -> str:
    """Return the first meaningful line, cut to `LONGEST` characters; empty for an HTML page."""
    if output.lstrip()[:1] == b"<":
        return ""
    lines = (line.strip() for line in output[:LOOKED_AT].decode("utf-8", "replace").splitlines())
    return next((line.removeprefix("* ")[:LONGEST] for line in lines if line and not COUNTED.fullmatch(line)), "")

"""Lists the places a secret could have reached, and searches all of them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

from tests.secrets.plant import MARK, forms

PLACES = {
    "stdout": "standard output of `diagnose`, with -v -v",
    "stderr": "standard error with -v -v",
    "check": "the plan of --check",
    "analyze": "every format: text, JSON, HTML, Markdown, JUnit, Nagios, Prometheus",
    "diff": "`collector diff`, as text and JSON",
    "bundle": "the bundle, plain and compressed",
    "out": "the file of --out",
    "state": "every file under --state",
    "mail": "the mail: headers, text, HTML and the attached page, decoded",
    "undelivered": "the mail that is kept when nobody takes it",
    "recording": "the recording of `collector record`, decompressed",
    "bug": "the line that an internal error prints",
    "arguments": "the arguments of the collector and of every command that it started (/proc/PID/cmdline)",
    "environment": "the environment of every command that it started: of the tokens only Nomad's",
    "requests": "paths and queries of every request, and the headers of those that were not for the token's own API",
}
"""Every place that is searched; docs/security.md lists them."""


@dataclass
class Haystack:
    """What was written to each place: name of the place to pieces of bytes."""

    pieces: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, place: str, *content: str | bytes) -> None:
        """Add content to search. KeyError for an unlisted place."""
        assert place in PLACES
        self.pieces.setdefault(place, []).extend(one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one for one in content)

    def add_tree(self, place: str, root: Path) -> None:
        """Add every file below a directory, and the names."""
        for path in sorted(root.rglob("*")):
            self.add(place, str(path.relative_to(root)))
            if path.is_file():
                self.add(place, _plain(path.read_bytes()))

    def add_mail(self, place: str, raw: bytes) -> None:
        """Add a mail as its reader sees it."""
        message = message_from_bytes(raw, policy=policy.default)
        self.add(place, *(f"{name}: {value}" for name, value in message.items()))
        for part in message.walk():
            if not part.is_multipart():
                self.add(place, part.get_payload(decode=True) or b"")

    def found(self, planted: Mapping[str, str], *, but: Iterable[str] = ()) -> list[str]:
        """Return `place: where the secret was planted` for each secret found, in any form. `but` are places to skip.

        The secrets of a `Planter` share an ending, so one search for that ending, in all forms, finds all of them.
        """
        lookup = {
            form: where
            for secret, where in {**planted, MARK: "planted"}.items()
            if secret == MARK or not secret.endswith(MARK)
            for form in forms(secret)
        }
        needles = re.compile(b"|".join(re.escape(form) for form in sorted(lookup, key=len, reverse=True)))
        return sorted(
            {
                f"{place}: {lookup[hit[0]]}: …{piece[max(0, hit.start() - 60) : hit.end() + 10].decode('utf-8', 'replace')}…"
                for place, pieces in self.pieces.items()
                if place not in set(but)
                for piece in pieces
                for hit in needles.finditer(piece)
            }
        )


def _plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content

"""`collector diff OLD NEW`: shows what changed between two bundles or reports."""

from __future__ import annotations

import argparse
import json

from collector import bundle
from collector.commands.analyze import bundle_of
from collector.commands.reading import content_of
from collector.history import compare
from collector.model import JSON
from collector.pipeline import conclude
from collector.render import changes_text, report_document
from collector.streams import say
from collector.strict_json import strict_json
from collector.validate import check

MAX_BYTES = 64 << 20


def run(arguments: argparse.Namespace) -> int:
    """Print the changes; 0 whether or not there are any."""
    new = _document(arguments.new)
    changes = compare(_document(arguments.old), new)
    as_json = arguments.output == "json"
    text = json.dumps(changes, indent=2, ensure_ascii=False) + "\n" if as_json else changes_text({**new, "changes": changes})
    say(text)
    return 0


def _document(name: str) -> dict[str, JSON]:
    """Return a report document, read from a report or made from a bundle."""
    content = content_of(name, name, bundle.MAX_BYTES + 1)
    report = _report(content, name)
    return report if report is not None else report_document(conclude(bundle_of(content, name)))


def _report(content: bytes, name: str) -> dict[str, JSON] | None:
    """Return the report in a file, or None if the file is something else (then it is read as a bundle)."""
    try:
        document = strict_json(content[:MAX_BYTES])
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "schema_version" not in document:
        return None
    check("report", document, name)
    return document

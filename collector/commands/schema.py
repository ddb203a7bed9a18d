"""`collector schema [NAME]`."""

from __future__ import annotations

import argparse
import json

from collector.resources import schema, schema_names
from collector.streams import say


def run(arguments: argparse.Namespace) -> int:
    """Print one schema, or the names of all."""
    text = json.dumps(schema(arguments.name), indent=2, ensure_ascii=False) if arguments.name else "\n".join(schema_names())
    say(text + "\n")
    return 0

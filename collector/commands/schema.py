"""`collector schema [NAME]`."""

from __future__ import annotations

import argparse
import json
import sys

from collector.resources import schema, schema_names


def run(arguments: argparse.Namespace) -> int:
    """Print one schema, or the names of all."""
    text = json.dumps(schema(arguments.name), indent=2, ensure_ascii=False) if arguments.name else "\n".join(schema_names())
    sys.stdout.write(text + "\n")
    return 0

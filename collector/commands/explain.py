"""`collector explain [CODE]`."""

from __future__ import annotations

import argparse
import sys

from collector.explain import explanation, listing


def run(arguments: argparse.Namespace) -> int:
    """Print what a code means, or the list of codes."""
    sys.stdout.write(explanation(arguments.code) if arguments.code else listing())
    return 0

"""`python -m tests.bench.stages BUNDLE` prints the processor seconds of each stage after collecting, and sizes in bytes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from collector.analyze import analyze
from collector.bundle import load_bundle
from collector.render import FORMATS, render
from collector.rulebook import shipped
from collector.validate import validate

T = TypeVar("T")


def main(path: Path) -> dict[str, float]:
    """Load, validate, analyze and render one bundle. Rules are read beforehand: that belongs to start-up."""
    took: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], T]) -> T:
        started = time.process_time()
        result = work()
        took[stage] = time.process_time() - started
        return result

    shipped()
    with path.open("rb") as stream:
        bundle = timed("load", lambda: load_bundle(stream, path.name))
    valid = timed("validate", lambda: validate(bundle))
    report = timed("analyze", lambda: analyze(valid))
    for name in FORMATS:
        text = timed(f"render {name}", lambda name=name: render(report, name))
        took[f"bytes {name}"] = len(text.encode())
    return took


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))

"""Writes schemas/spec.schema.json from the kinds: `python -m tests.spec.write_schema`."""

import json
from pathlib import Path

from collector.kinds import KINDS
from collector.spec import spec_schema

if __name__ == "__main__":
    place = Path(__file__).parents[2] / "schemas" / "spec.schema.json"
    place.write_text(json.dumps(spec_schema(KINDS), indent=2, ensure_ascii=False) + "\n", "utf-8")

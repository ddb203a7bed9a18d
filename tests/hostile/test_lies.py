"""Valid JSON that lacks essential parts: nothing unseen is called healthy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hostile.faults import changed
from tests.hostile.places import KINDS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import check_sound, diagnose

LIES: dict[str, tuple[str, str, Any]] = {
    "a job without a group": ("nomad_job", "TaskGroups", []),
    "a job whose groups are null": ("nomad_job", "TaskGroups", None),
    "running allocations whose tasks are in no state": ("nomad_allocations", "TaskStates", None),
    "running allocations without a task": ("nomad_allocations", "TaskStates", {}),
    "allocations of another job": ("nomad_allocations", "JobID", "other"),
    "checks in a state that is none": ("consul_checks", "Status", "splendid"),
}


@pytest.mark.parametrize("lie", LIES)
def test_impossible_data_is_never_ok(lie: str) -> None:
    kind, key, value = LIES[lie]

    def told(body: str) -> str:
        return json.dumps(_with(json.loads(body), key, value))

    run = diagnose("healthy", Spoiler(KINDS[kind], changed(told)))
    check_sound(run)
    assert run.spoiled
    assert run.code != 0, run.report["headline"]


def _with(answer: Any, key: str, value: Any) -> Any:
    """Return the answer with a key's value replaced everywhere."""
    if isinstance(answer, dict):
        return {name: value if name == key else _with(part, key, value) for name, part in answer.items()}
    return [_with(part, key, value) for part in answer] if isinstance(answer, list) else answer

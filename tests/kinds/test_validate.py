"""Results against schemas: misfits are marked, kept, and never quoted."""

from __future__ import annotations

import socket

import pytest

from collector.model import JSON, Bundle, Result, Status, Target
from collector.validate import misfit, validate, validated

GOOD: JSON = {"alloc": "a-1", "node": None, "task": "server", "stream": "stderr", "lines": ["x"], "wanted": 20, "bytes": 2, "cut": False}


def result(data: JSON, kind: str = "nomad_logs", status: Status = Status.OK) -> Result:
    return Result(id="logs@a-1", task="Logs", kind=kind, target=Target(), status=status, data=data)


def bundle(*results: Result) -> Bundle:
    return Bundle(
        spec={}, vars={}, thresholds={}, rules=(), expect={}, started_at=0, seconds=0, results=results, planned=1, endpoints={}, version="0"
    )


def test_what_fits_is_left_alone() -> None:
    fine = bundle(result(GOOD))
    assert validate(fine) == fine


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"bytes": "many"}, "$.bytes (type)"),
        ({"lines": ["x", 5]}, "$.lines[1] (type)"),
        ({"stream": "stdin"}, "$.stream (enum)"),
        ({"surprise": 1}, "$ (additionalProperties)"),
        ({"bytes": True}, "$.bytes (type)"),
    ],
)
def test_a_misfit_is_invalid_with_its_place_and_keeps_its_data(change: dict[str, JSON], place: str) -> None:
    data = GOOD | change
    (judged,) = validate(bundle(result(data))).results
    assert judged.status == Status.INVALID
    assert judged.data == data
    assert judged.reason == f"does not fit schemas/kinds/nomad_logs: {place}"


def test_a_missing_field_is_named() -> None:
    data = {name: value for name, value in GOOD.items() if name != "cut"}
    assert misfit("nomad_logs", data) == "does not fit schemas/kinds/nomad_logs: $ ('cut' is a required property)"


def test_a_reason_never_quotes_what_was_found() -> None:
    data = GOOD | {"stream": "hunter2", "bytes": "hunter2", "hunter2": "hunter2", "lines": [{"hunter2": 1}]}
    assert "hunter2" not in misfit("nomad_logs", data)


def test_many_misfits_are_counted_not_listed() -> None:
    reason = misfit("nomad_logs", GOOD | {"lines": [1] * 50})
    assert reason.endswith("and 47 more")


def test_one_misfit_spoils_no_other_result() -> None:
    judged = validate(bundle(result(GOOD), result(None), result(GOOD))).results
    assert [one.status for one in judged] == [Status.OK, Status.INVALID, Status.OK]


@pytest.mark.parametrize("status", [status for status in Status if status != Status.OK])
def test_only_ok_results_are_judged(status: Status) -> None:
    failed = result(None, status=status)
    assert validated(failed) is failed


@pytest.mark.parametrize("kind", ["../bundle", "unheard_of", "", "nomad_logs.schema.json"])
def test_a_kind_that_does_not_exist_makes_a_result_invalid(kind: str) -> None:
    assert validated(result(GOOD)._replace(kind=kind)).status == Status.INVALID


def test_data_that_is_nested_without_end_is_invalid_not_a_crash() -> None:
    deep: JSON = []
    for _ in range(100_000):
        deep = [deep]
    assert validated(result(GOOD | {"lines": deep})).status == Status.INVALID


def test_no_reference_is_fetched_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert misfit("litefs_status", {"status_command": {"rc": 0}})

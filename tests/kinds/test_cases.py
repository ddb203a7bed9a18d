"""Every case: these requests in this order, with these replies, give this data or this reason for its absence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.errors import Unanswered
from collector.kinds import KINDS
from collector.model import Reply, Request
from collector.validate import misfit

from .drive import CASES, arguments, described, drive, reply

FILES = sorted(CASES.glob("*/*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_rung_asks_and_concludes_as_its_case_says(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    kind, exchanges = path.parent.name, list(case["exchanges"])

    def answer(request: Request) -> Reply:
        exchange = exchanges.pop(0)
        assert json.loads(json.dumps(described(request))) == exchange["request"]
        return reply(exchange["reply"])

    rung = KINDS[kind].rungs[case["rung"]](arguments(kind, case["args"], case.get("value")))
    if "data" in case:
        data = drive(rung, answer)
        assert json.loads(json.dumps(data, allow_nan=False)) == case["data"]
        assert misfit(kind, data) == ""
    else:
        with pytest.raises(Unanswered) as caught:
            drive(rung, answer)
        assert _told(caught.value) == case["unanswered"]
    assert exchanges == [], "not everything was asked for"


def _told(why: Unanswered) -> dict[str, object]:
    cause = {"cause": why.reply.cause} if why.reply is not None and why.reply.cause else {}
    return {"status": str(why.status), "reason": why.reason, "final": why.final} | cause

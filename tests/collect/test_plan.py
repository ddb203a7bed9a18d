from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from collector.collect.plan import Names, Selection, Turn, expand
from collector.errors import CollectorError
from collector.kinds.kind import Argument, Kind
from collector.model import JSON, Mark, Target, Task

KIND = Kind(
    "logs",
    "",
    {"api": lambda _args: iter(())},
    (("api", None),),
    {
        "alloc": Argument("string", "", required=True, item="id"),
        "node": Argument("string", "", item="node"),
        "lines": Argument("integer", "", default=20),
    },
    target=lambda args: Target(node=args["node"], alloc=args["alloc"]),
)


class Plain:
    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        if isinstance(value, dict):
            return {key: self.render(inner, variables) for key, inner in value.items()}
        return variables[value[1:]] if isinstance(value, str) and value.startswith("$") else value

    def test(self, expression: str, variables: Mapping[str, JSON]) -> bool:
        return bool(self.render(expression, variables))


def turns(loop: JSON, selection: Selection | None = None, **more: Any) -> list[Turn]:
    task = Task("t", "logs", more.pop("args", {}), Mark("s", 1, 1), loop=loop, **more)
    return expand(task, KIND, Plain(), {"who": "x"}, selection or Selection())


ALLOCS = [{"id": "a1", "node": "n1"}, {"id": "a2", "node": "n2"}]


def test_an_argument_comes_from_the_spec_else_from_the_loops_item_else_from_its_default() -> None:
    assert [turn.item.args for turn in turns(ALLOCS, args={"lines": 5}) if turn.item] == [
        {"alloc": "a1", "node": "n1", "lines": 5},
        {"alloc": "a2", "node": "n2", "lines": 5},
    ]
    (turn,) = turns(None, args={"alloc": "a9"})
    assert turn.item
    assert turn.item.args == {"alloc": "a9", "node": None, "lines": 20}


def test_a_required_argument_that_nobody_gives_is_a_failed_turn() -> None:
    (turn,) = turns(None)
    assert turn.failed
    assert "'alloc'" in turn.reason


def test_a_loop_over_the_same_thing_twice_asks_once() -> None:
    assert len(turns([*ALLOCS, ALLOCS[0]])) == 2


@pytest.mark.parametrize(("loop", "count"), [(None, 1), ([], 0), ({}, 0), ({"k": {"id": "a"}}, 0)])
def test_a_loop_over_nothing_is_nothing(loop: JSON, count: int) -> None:
    found = turns(loop, args={"alloc": "a1"} if loop is None else {})
    assert len([turn for turn in found if turn.item]) == count


def test_the_limit_leaves_out_other_nodes() -> None:
    assert [turn.item.target.node for turn in turns(ALLOCS, Selection(limit=["*1"])) if turn.item] == ["n1"]


def test_ids_are_unique_within_a_run_and_depend_on_the_spec_alone() -> None:
    (item,) = [turn.item for turn in turns([ALLOCS[0]]) if turn.item]
    mark = Mark("s", 1, 1)
    names = Names([Task("first", "logs", {}, mark), Task("other", "nodes", {}, mark), Task("second", "logs", {}, mark)])
    asked = [item._replace(task=task) for task in ("second", "first", "first")]
    assert [names.unique(one).id for one in asked] == ["logs@n1/a1#2", "logs@n1/a1", "logs@n1/a1.2"]


def test_an_expression_that_fails_is_a_failed_turn() -> None:
    class Failing(Plain):
        def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
            raise CollectorError("no")

    (turn,) = expand(Task("t", "logs", {}, Mark("s", 1, 1), loop="x"), KIND, Failing(), {}, Selection())
    assert (turn.failed, turn.reason) == (True, "loop: no")

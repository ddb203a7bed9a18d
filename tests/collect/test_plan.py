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
        "lines": Argument("integer", "", default=20, least=1, most=400),
        "stream": Argument("string", "", choices=("out", "err")),
        "checks": Argument("array", ""),
        "all": Argument("boolean", ""),
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


UNSET = {"stream": None, "checks": None, "all": None}
ALLOCS = [{"id": "a1", "node": "n1"}, {"id": "a2", "node": "n2"}]


def test_an_argument_comes_from_the_spec_else_from_the_loops_item_else_from_its_default() -> None:
    assert [turn.item.args for turn in turns(ALLOCS, args={"lines": 5}) if turn.item] == [
        {"alloc": "a1", "node": "n1", "lines": 5, **UNSET},
        {"alloc": "a2", "node": "n2", "lines": 5, **UNSET},
    ]
    (turn,) = turns(None, args={"alloc": "a9"})
    assert turn.item
    assert turn.item.args == {"alloc": "a9", "node": None, "lines": 20, **UNSET}


def test_a_missing_required_argument_is_a_failed_iteration() -> None:
    (turn,) = turns(None)
    assert turn.failed
    assert "'alloc'" in turn.reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lines": "many"}, "lines: must be a whole number, not 'many'"),
        ({"lines": 0}, "must be at least 1, not 0"),
        ({"lines": 401}, "must be at most 400, not 401"),
        ({"lines": True}, "must be a whole number, not True"),
        ({"lines": 2.5}, "must be a whole number, not 2.5"),
        ({"stream": "both"}, "stream: 'both' is not one of out, err"),
        ({"checks": "none"}, "checks: must be a list"),
        ({"node": 5}, "node: must be text, not 5"),
        ({"all": 1}, "all: must be true or false, not 1"),
    ],
)
def test_an_argument_of_the_wrong_type_is_a_failed_iteration_with_a_reason(given: dict[str, JSON], words: str) -> None:
    (turn,) = turns(None, args={"alloc": "a9", **given})
    assert turn.failed
    assert words in turn.reason


def test_whole_numbers_are_accepted_in_any_notation() -> None:
    (turn,) = turns(None, args={"alloc": "a9", "lines": 20.0})
    assert turn.item
    assert repr(turn.item.args["lines"]) == "20"


@pytest.mark.parametrize("given", [{"lines": 1}, {"lines": 400}, {"stream": "err"}, {"checks": []}, {"all": False}, {"lines": None}])
def test_an_argument_at_its_bounds_is_taken(given: dict[str, JSON]) -> None:
    (turn,) = turns(None, args={"alloc": "a9", **given})
    assert turn.item


def test_a_loop_over_duplicates_makes_one_request() -> None:
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


def test_a_failing_expression_is_a_failed_iteration() -> None:
    class Failing(Plain):
        def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
            raise CollectorError("no")

    (turn,) = expand(Task("t", "logs", {}, Mark("s", 1, 1), loop="x"), KIND, Failing(), {}, Selection())
    assert (turn.failed, turn.reason) == (True, "loop: no")

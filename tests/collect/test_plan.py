from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from collector.collect.plan import ItemIds, Iteration, Selection, expand
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


def iterations(loop: JSON, selection: Selection | None = None, **more: Any) -> list[Iteration]:
    task = Task("t", "logs", more.pop("args", {}), Mark("s", 1, 1), loop=loop, **more)
    return expand(task, KIND, Plain(), {"who": "x"}, selection or Selection())


UNSET = {"stream": None, "checks": None, "all": None}
ALLOCS = [{"id": "a1", "node": "n1"}, {"id": "a2", "node": "n2"}]


def test_an_argument_comes_from_the_spec_else_from_the_loops_item_else_from_its_default() -> None:
    assert [iteration.item.args for iteration in iterations(ALLOCS, args={"lines": 5}) if iteration.item] == [
        {"alloc": "a1", "node": "n1", "lines": 5, **UNSET},
        {"alloc": "a2", "node": "n2", "lines": 5, **UNSET},
    ]
    (iteration,) = iterations(None, args={"alloc": "a9"})
    assert iteration.item
    assert iteration.item.args == {"alloc": "a9", "node": None, "lines": 20, **UNSET}


def test_a_missing_required_argument_is_a_failed_iteration() -> None:
    (iteration,) = iterations(None)
    assert iteration.failed
    assert "'alloc'" in iteration.reason


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
    (iteration,) = iterations(None, args={"alloc": "a9", **given})
    assert iteration.failed
    assert words in iteration.reason


def test_whole_numbers_are_accepted_in_any_notation() -> None:
    (iteration,) = iterations(None, args={"alloc": "a9", "lines": 20.0})
    assert iteration.item
    assert repr(iteration.item.args["lines"]) == "20"


@pytest.mark.parametrize("given", [{"lines": 1}, {"lines": 400}, {"stream": "err"}, {"checks": []}, {"all": False}, {"lines": None}])
def test_an_argument_at_its_bounds_is_taken(given: dict[str, JSON]) -> None:
    (iteration,) = iterations(None, args={"alloc": "a9", **given})
    assert iteration.item


def test_a_loop_over_duplicates_makes_one_request() -> None:
    assert len(iterations([*ALLOCS, ALLOCS[0]])) == 2


@pytest.mark.parametrize(("loop", "count"), [(None, 1), ([], 0), ({}, 0), ({"k": {"id": "a"}}, 0)])
def test_a_loop_over_nothing_is_nothing(loop: JSON, count: int) -> None:
    found = iterations(loop, args={"alloc": "a1"} if loop is None else {})
    assert len([iteration for iteration in found if iteration.item]) == count


def test_the_limit_leaves_out_other_nodes() -> None:
    assert [iteration.item.target.node for iteration in iterations(ALLOCS, Selection(limit=["*1"])) if iteration.item] == ["n1"]


def test_ids_are_unique_within_a_run_and_depend_on_the_spec_alone() -> None:
    (item,) = [iteration.item for iteration in iterations([ALLOCS[0]]) if iteration.item]
    mark = Mark("s", 1, 1)
    names = ItemIds([Task("first", "logs", {}, mark), Task("other", "nodes", {}, mark), Task("second", "logs", {}, mark)])
    asked = [item._replace(task=task) for task in ("second", "first", "first")]
    assert [names.unique(one).id for one in asked] == ["logs@n1/a1#2", "logs@n1/a1", "logs@n1/a1.2"]


def test_a_failing_expression_is_a_failed_iteration() -> None:
    class Failing(Plain):
        def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
            raise CollectorError("no")

    (iteration,) = expand(Task("t", "logs", {}, Mark("s", 1, 1), loop="x"), KIND, Failing(), {}, Selection())
    assert (iteration.failed, iteration.reason) == (True, "loop: no")

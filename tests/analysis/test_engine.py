"""The engine with a vocabulary of its own: it knows no product."""

from __future__ import annotations

import shlex

import pytest

from collector.analyze.engine import Engine
from collector.observe.observation import Observation, Observations
from collector.observe.topics import Topic
from collector.rulebook.rule import compile_rule

TOPICS = {
    "node": Topic("a kitchen", "node", {"open": ""}),
    "instance": Topic("an oven", "node alloc", {"hot": ""}),
    "smell": Topic("a smell", "node alloc", {"of": "", "strength": ""}),
    "weather": Topic("the weather", "", {"rain": ""}),
}


def engine(*observations):
    seen = Observations()
    for topic, scope, fields in observations:
        seen.add(Observation(topic, scope, fields, quote=f"{topic} {fields}", source="the nose", item="i"))
    return Engine(seen, TOPICS)


KITCHEN = (
    ("node", {"node": "a"}, {"open": True}),
    ("node", {"node": "b"}, {"open": False}),
    ("instance", {"node": "a", "alloc": "a1"}, {"hot": True}),
    ("instance", {"node": "b", "alloc": "b1"}, {"hot": True}),
    ("smell", {"node": "a", "alloc": "a1"}, {"of": "burnt toast", "strength": 7}),
    ("smell", {"node": "a", "alloc": "a1"}, {"of": "coffee", "strength": 2}),
    ("weather", {}, {"rain": None}),
)


def rule(when, scope="instance", **more):
    return compile_rule(
        {"code": "kitchen.fire", "summary": "s", "scope": scope, "severity": "critical", "title": "t", "when": when, **more}
    )


def hits(when, scope="instance", **more):
    return engine(*KITCHEN).run([rule(when, scope, **more)])


def fitting(when, scope="instance"):
    return [hit.subject.scope.get("alloc") or hit.subject.scope.get("node") or "all" for hit in hits(when, scope)[0]]


SMELL = {"see": "smell", "where": {"of": {"matches": "burnt"}}}
WHEN = [
    ("a matcher looks at its own subject", SMELL, ["a1"]),
    ("a topic without the allocation is the node's", {"see": "node", "where": {"open": True}}, ["a1"]),
    ("a topic without a scope is everybody's", {"see": "weather"}, ["a1", "b1"]),
    ("elsewhere are the other nodes", {"see": "smell", "of": "elsewhere"}, ["b1"]),
    ("cluster is everywhere", {"see": "smell", "of": "cluster"}, ["a1", "b1"]),
    ("a list is any of its values", {"see": "smell", "where": {"of": ["coffee", "tea"]}}, ["a1"]),
    ("greater", {"see": "smell", "where": {"strength": {"gt": 6}}}, ["a1"]),
    ("not greater", {"see": "smell", "where": {"strength": {"gt": 7}}}, []),
    ("at least so many", {"see": "smell", "count": {"min": 2}}, ["a1"]),
    ("at most so many", {"see": "smell", "count": {"min": 0, "max": 1}}, ["b1"]),
    ("optional", {"see": "smell", "count": {"min": 0}}, ["a1", "b1"]),
    ("not this value", {"see": "smell", "where": {"of": {"not": "coffee"}}}, ["a1"]),
    ("a field that is there", {"see": "weather", "where": {"rain": {"exists": True}}}, []),
    ("a field that is not there", {"see": "weather", "where": {"rain": {"exists": False}}}, ["a1", "b1"]),
    ("a scope part is a field too", {"see": "smell", "where": {"alloc": "a1"}, "of": "cluster"}, ["a1", "b1"]),
    ("true is not 1", {"see": "instance", "where": {"hot": 1}}, []),
    ("all and none", {"all": [{"see": "instance"}], "none": [SMELL]}, ["b1"]),
    ("any", {"any": [SMELL, {"see": "node", "where": {"open": False}}]}, ["a1", "b1"]),
    ("nested", {"all": [{"any": [SMELL, {"see": "smell", "where": {"of": "gas"}}]}]}, ["a1"]),
]


@pytest.mark.parametrize(("says", "when", "expected"), WHEN, ids=[case[0] for case in WHEN])
def test_conditions(says, when, expected):
    assert fitting(when) == expected


def test_the_cluster_is_one_subject():
    assert fitting(SMELL, "cluster") == ["all"]


def test_placeholders_are_captures_then_scope_then_fields():
    (hit,), _ = hits({"see": "smell", "where": {"of": {"matches": "burnt (?P<what>.*)"}}})
    assert hit.text("{what} on {node}, {strength}, {nowhere}") == "toast on a, 7, unknown"


@pytest.mark.parametrize(("number", "words"), [(1, "1 restart, 7 times"), (2, "2 restarts, 7 times"), (0, "0 restarts, 7 times")])
def test_counts_use_singular_and_plural(number, words):
    kitchen = engine(("instance", {"node": "a", "alloc": "a1"}, {"hot": number}), ("smell", {"alloc": "a1"}, {"strength": 7}))
    (hit,), _ = kitchen.run([rule({"all": [{"see": "instance"}, {"see": "smell"}]})])
    assert hit.text("{hot} restarts, {strength} times") == words


def test_placeholders_of_a_command_are_quoted():
    (hit,), _ = hits({"see": "smell", "where": {"of": {"matches": "(?P<what>burnt toast)"}}})
    assert hit.text("throw {what}", quoted=True) == "throw 'burnt toast'"


def commands(value, *templates):
    """Return the commands of a rule whose `of` is the value."""
    kitchen = engine(("node", {"node": "a"}, {}), ("instance", {"node": "a", "alloc": "a1"}, {}), ("smell", {"alloc": "a1"}, {"of": value}))
    when = {"see": "smell", "where": {"of": {"matches": "(?s)(?P<what>.*)"}}}
    (hit,), _ = kitchen.run([rule(when, commands=[{"read": template} for template in templates])])
    return [text for _, text in hit.commands()]


HOSTILE = [
    "/litefs$(touch${IFS}pwned)",
    "a; touch pwned",
    "`touch pwned`",
    "it's $HOME",
    "*",
    "~",
    "a\\ b",
    "'$(touch pwned)'",
    'say "$(id)"',
    "plain",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_one_word_to_every_shell_that_parses_the_command(value):
    here, there = commands(value, "throw {what}", "ssh oven fusermount3 -uz[ {what}]")
    assert shlex.split(here) == ["throw", value]
    ssh, machine, *words = shlex.split(there)
    assert (ssh, machine) == ("ssh", "oven")
    assert shlex.split(" ".join(words)) == ["fusermount3", "-uz", value]


def test_the_host_of_an_ssh_command_is_quoted_for_one_shell():
    (command,) = commands("a b", "ssh {what} df -h")
    assert shlex.split(command) == ["ssh", "a b", "df", "-h"]


@pytest.mark.parametrize("template", ["ssh {what} df -h", "ping -c 3 {what}", "ssh oven umount {what}", "throw[ {what}]"])
def test_a_command_is_omitted_if_a_value_would_be_an_option(template):
    assert commands("-oProxyCommand=touch pwned", template, "look in the oven") == ["look in the oven"]


def test_a_value_within_a_word_may_begin_with_a_dash():
    assert commands("-7", "oven --heat={what}") == ["oven --heat=-7"]


def test_the_reason_for_ruling_out_a_rule_is_reported():
    found, dropped = hits(SMELL, unless={"see": "node", "where": {"open": True}})
    assert found == []
    assert dropped[0].because == "node {'open': True}"


def test_a_quiet_matcher_gives_values_and_no_evidence():
    (hit,), _ = hits({"all": [SMELL, {"see": "node", "quiet": True}]})
    assert [one.topic for one in hit.match.observations] == ["smell"]
    assert hit.text("{open}") == "True"

import re
from pathlib import Path

import pytest
import yaml

from collector.collect.policies import policies_for
from collector.kinds import KINDS

ROOT = Path(__file__).parents[2]


def needed(spec):
    """Return the capabilities of all kinds that a spec uses."""
    tasks = yaml.safe_load((ROOT / spec).read_text())["collect"]
    return {capability for task in tasks for kind in task.keys() & KINDS.keys() for capability in KINDS[kind].rights(task[kind])}


@pytest.mark.parametrize("system", ["nomad", "consul"])
def test_the_policies_that_ship_are_those_that_the_spec_needs(system):
    assert (ROOT / f"deploy/{system}-policy.hcl").read_text() == policies_for(needed("specs/navidrome.yml"))[system]


def test_every_capability_of_every_kind_has_a_rule():
    for kind in KINDS.values():
        rights = kind.rights(dict.fromkeys(kind.arguments, True))
        policies = policies_for(rights)
        assert all(policies[right.split(":")[0]] for right in rights), kind.name


@pytest.mark.parametrize(
    ("capabilities", "nomad", "consul"),
    [
        ([], "", ""),
        (["nomad: node read"], 'node {\n  policy = "read"\n}\n', ""),
        (["nomad: namespace read-job"], 'namespace "default" {\n  capabilities = ["read-job"]\n}\n', ""),
        (["consul: key read"], "", 'key_prefix "litefs/" {\n  policy = "read"\n}\n'),
        (["consul: service read"], "", 'service_prefix "" {\n  policy = "read"\n}\n'),
    ],
)
def test_a_policy_holds_what_is_needed_and_nothing_else(capabilities, nomad, consul):
    assert policies_for(capabilities) == {"nomad": nomad, "consul": consul}


def test_exec_in_a_task_needs_to_read_the_allocation_first():
    assert 'capabilities = ["alloc-exec", "read-job"]' in policies_for(["nomad: namespace alloc-exec"])["nomad"]


def test_each_namespace_and_key_has_a_rule_of_its_own():
    policies = policies_for(["nomad: namespace read-job", "consul: key read"], namespaces=["music", "wiki"], keys=["a", "b/"])
    assert re.findall(r'namespace "(\w+)"', policies["nomad"]) == ["music", "wiki"]
    assert re.findall(r'key_prefix "(.*)"', policies["consul"]) == ["a", "b/"]


def test_nothing_that_ships_can_write():
    text = "".join((ROOT / f"deploy/{system}-policy.hcl").read_text() for system in ("nomad", "consul"))
    assert set(re.findall(r'policy = "(\w+)"', text)) == {"read"}
    assert set(re.search(r"capabilities = \[(.*)]", text)[1].replace('"', "").split(", ")) == {
        "alloc-exec",
        "read-fs",
        "read-job",
        "read-logs",
    }


def test_a_capability_without_a_rule_is_a_mistake_of_the_kind():
    with pytest.raises(ValueError, match="no rule is known for the capability 'nomad: quota read'"):
        policies_for(["nomad: quota read"])

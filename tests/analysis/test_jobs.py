"""Several jobs in one bundle: same ID in two namespaces, same version, same group names."""

from __future__ import annotations

from typing import Any

from collector.analyze import analyze
from collector.model import Bundle, Result, Target
from collector.observe import observe
from tests.analysis.bundles import HOUR, NOW, bundle, ident


def with_another(base: Bundle, job: dict[str, Any], allocs: list[dict[str, Any]]) -> Bundle:
    """Add a job like the bundle's own, except for what is given; `allocs` are changes to its allocations."""
    by_kind = {result.kind: result for result in base.results}
    rows = [
        {**row, "id": ident(f"other {number}"), **change}
        for number, (row, change) in enumerate(zip(by_kind["nomad_allocations"].data, allocs, strict=False))
    ]
    more = [
        Result("other job", "job", "nomad_job", Target(), by_kind["nomad_job"].status, "api", data={**by_kind["nomad_job"].data, **job}),
        Result("other allocs", "allocs", "nomad_allocations", Target(), by_kind["nomad_job"].status, "api", data=rows),
    ]
    return base._replace(results=(*base.results, *more), planned=len(base.results) + 2)


def groups(made: Bundle) -> list[tuple[int, bool]]:
    """Return for each job how many instances are missing, and whether none is left."""
    return [(one.fields["missing"], one.fields["none_left"]) for one in observe(made).observations.of("group")]


def test_jobs_of_one_id_in_two_namespaces_are_distinct() -> None:
    made = with_another(bundle({}), {"namespace": "staging"}, [{"namespace": "staging"}])
    assert groups(made) == [(0, False), (2, False)]


def test_a_running_instance_counts_for_its_own_job() -> None:
    made = with_another(bundle({}), {"id": "blog"}, [])
    assert groups(made) == [(0, False), (3, True)]


def test_an_allocations_job_is_the_one_in_its_namespace() -> None:
    made = with_another(bundle({}), {"namespace": "staging", "type": "batch"}, [{"namespace": "staging"}])
    types = {one.alloc["namespace"]: one.job["type"] for one in observe(made).world.instances if one.job}
    assert types == {"default": "service", "staging": "batch"}


def test_a_jobs_submission_is_shown_even_if_another_job_has_a_deployment_of_that_version() -> None:
    base = bundle({"deployments": [{"status": "successful"}]})
    other = {"id": "agent", "type": "system", "submit_time": NOW - HOUR / 2}
    (job,) = (result.data for result in base.results if result.kind == "nomad_job")
    made = with_another(base, {**other, "groups": [{**job["groups"][0], "name": "agents"}]}, [])
    told = [event["text"] for event in analyze(made).timeline if event["kind"] == "deployment"]
    assert [text for text in told if "agent is submitted" in text] == ["version 1 of job agent is submitted"]
    assert len(told) == 2

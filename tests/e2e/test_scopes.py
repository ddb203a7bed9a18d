"""Runs that are not comparable are kept separately under one `--state`; and bundles given in place of other files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.bundle import load_bundle
from tests.e2e.incidents import recording
from tests.e2e.program import collector, diagnose


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of a cluster with a crashing application."""
    bundle = tmp_path_factory.mktemp("bundle") / "run.json"
    assert diagnose(recording("app-crash"), "--bundle", str(bundle))[0] == 2
    return bundle


@pytest.mark.parametrize("environ", [{"NOMAD_NAMESPACE": "web"}, {"NOMAD_REGION": "eu"}])
def test_a_job_of_another_namespace_or_region_has_a_history_of_its_own(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Every second run is elsewhere."""
    replayed = recording("healthy")
    elsewhere: list[Mapping[str, str]] = [{}, environ, {}, environ]
    reports = [diagnose(replayed, "--state", str(tmp_path), environ=one)[1] for one in elsewhere]
    since = [report["changes"]["since"] for report in reports]
    assert since == [None, None, reports[0]["started_at"], reports[1]["started_at"]]
    assert [report["namespace"] for report in reports] == [None, environ.get("NOMAD_NAMESPACE")] * 2


def changed(bundle: Path, to: Path, **parts: Any) -> str:
    document = json.loads(bundle.read_text())
    to.write_text(json.dumps({**document, **{part: {**document[part], **change} for part, change in parts.items()}}))
    with to.open("rb") as stream:
        assert load_bundle(stream, str(to))
    return str(to)


def test_bundles_of_another_cluster_or_of_a_part_are_not_compared(sick: Path, tmp_path: Path) -> None:
    others = {"endpoints": {"nomad": "http://10.0.0.1:4646"}}, {"vars": {"job": "wiki"}}, {"expect": {"limit": ["n1"]}}
    bundles = [str(sick), *(changed(sick, tmp_path / f"{number}.json", **other) for number, other in enumerate(others)), str(sick)]
    told = [collector("analyze", bundle, "-o", "json", "--state", str(tmp_path / "state")).stdout for bundle in bundles]
    since = [json.loads(report)["changes"]["since"] for report in told]
    assert since[:-1] == [None] * 4
    assert since[-1]


def test_a_bundle_in_place_of_a_recording_is_told_as_that(tmp_path: Path) -> None:
    bundle = tmp_path / "run.gz"
    assert diagnose(recording("healthy"), "--bundle", str(bundle))[0] == 0
    done = collector("demo", str(bundle))
    assert done.returncode == 78
    assert "is a bundle, which `collector analyze` reads" in done.stderr

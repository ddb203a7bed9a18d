"""A cluster that works is reported as it is."""

from .site import Site


def test_a_healthy_cluster_is_ok(site: Site) -> None:
    site.deploy()
    primary = site.settled()
    found = site.diagnose()
    assert (found.verdict, found.code) == ("ok", 0), found
    assert {row["name"]: row["role"] for row in found.report["nodes"]} == {
        name: "primary" if name == primary else "replica" for name in site.tasks
    }

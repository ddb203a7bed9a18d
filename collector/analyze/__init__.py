"""Bundle to Report: observe, apply rules, join findings into causes, measure coverage. Pure: it sees only the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from collector.analyze.causes import Causes, connect
from collector.analyze.engine import Engine
from collector.analyze.headline import headline
from collector.analyze.impact import impacts
from collector.analyze.namespaces import in_their_namespaces
from collector.analyze.restarts import with_restarts
from collector.analyze.rows import details, rows
from collector.analyze.spares import downgraded, marked_as_canaries
from collector.analyze.timeline import timeline
from collector.analyze.verdict import coverage, judge
from collector.cutoff import LINT, Allowance
from collector.model import JSON, Bundle, Finding, NodeRow, Report, Result, Status, Target, Verdict
from collector.observe import TOPICS, Observed, observe
from collector.observe.cluster.expected import unasked
from collector.rulebook import rules_of
from collector.rulebook.rule import Rule

__all__ = ["analyze"]


def analyze(bundle: Bundle, now: float | None = None) -> Report:
    """Analyze a bundle; the same bundle and `now` always give the same report.

    `now` (Unix seconds) only sets the moment that ages are relative to; thresholds are judged by the cluster's own clock.

    Raises:
        SpecError: the bundle's own rules are invalid.
    """
    seen = observe(bundle)
    causes, given_up = _causes(bundle, seen)
    causes = in_their_namespaces(with_restarts(_with_impact(causes, seen), seen), seen)
    covered = coverage(seen, given_up)
    table = rows(seen, causes.findings)
    verdict = judge(causes.roots, bundle, covered)
    return Report(
        spec=bundle.spec,
        started_at=bundle.started_at,
        now=bundle.started_at + bundle.seconds if now is None else now,
        duration_seconds=bundle.seconds,
        verdict=verdict,
        headline=headline(verdict, causes.roots, table, covered, bundle, instances=len(seen.world.instances)),
        coverage=covered,
        nodes=table,
        root_causes=causes.roots,
        findings=causes.findings,
        ruled_out=causes.ruled_out,
        details=details(seen, _troubled(causes.findings, table, verdict)),
        items=(*bundle.results, *given_up),
        cluster=cluster(seen),
        timeline=timeline(seen, causes.roots),
        redactions=bundle.redactions,
    )


def _causes(bundle: Bundle, seen: Observed) -> tuple[Causes, list[Result]]:
    """Return the causes, and as missing results: expected services that no task asked for, and rules that were abandoned."""
    allowance = Allowance()
    engine = Engine(seen.observations, TOPICS)
    with allowance.watched() if bundle.rules else nullcontext():
        rules = rules_of(bundle.rules, lambda pattern, text: allowance.bounded(lambda: pattern.search(text)))
        hits, dropped = engine.run(rules)
        causes = connect(downgraded(hits, seen), dropped, engine, seen.observations)
    return marked_as_canaries(causes, seen), [*unasked(bundle), *(_given_up(rule) for rule in engine.given_up)]


def _given_up(rule: Rule) -> Result:
    why = "one of its patterns took too long on a text, so its result is not known"
    reason = f"{rule.place} ({rule.code}) was given up: {why}; {LINT}"
    return Result(f"rule {rule.code}", "the spec's own rules", "rule", Target(), Status.FAILED, reason=reason)


def _with_impact(causes: Causes, seen: Observed) -> Causes:
    below: dict[str, list[Finding]] = {}
    for finding in causes.findings:
        if finding.explained_by:
            below.setdefault(finding.explained_by, []).append(finding)
    blasts = impacts(causes.roots, below, seen)
    return causes.with_roots(root._replace(impact=blast) for root, blast in zip(causes.roots, blasts, strict=True))


def _troubled(findings: Sequence[Finding], table: Sequence[NodeRow], verdict: Verdict) -> list[str]:
    """Return the nodes to show in full: those with a finding, worst first."""
    if verdict is Verdict.OK:
        return []
    named = {row.name for row in table}
    return list(dict.fromkeys(finding.node for finding in findings if finding.node in named and finding.node))


def cluster(seen: Observed) -> dict[str, JSON]:
    """Summarize the cluster: `{nomad, consul, litefs, job, thresholds, clock}`; each of the first four is None if it was not seen."""
    world = seen.world
    agent = next((result.data for result in world.results("nomad_agent")), None)
    leader = next((result.data for result in world.results("consul_leader")), None)
    (whole_one,) = seen.observations.of("cluster")
    job = next(iter(world.jobs.values()), None)
    return {
        "nomad": {key: agent[key] for key in ("version", "leader", "known_leader", "region")} if agent else None,
        "consul": {key: leader[key] for key in ("version", "leader", "known_leader")} if leader else None,
        "litefs": dict(whole_one.fields) if seen.litefs else None,
        "job": {key: job[key] for key in ("id", "status", "version", "type")} if job else None,
        "thresholds": {"lag_warning": world.lag_warning, "lag_critical": world.lag_critical},
        "clock": world.now,
    }

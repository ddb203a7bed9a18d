"""The pipeline: collect, validate, analyze. Rendering and delivering are up to the command."""

from __future__ import annotations

import importlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from collector import __version__
from collector.collect import Collected, Limits, Means, collect
from collector.collect.plan import Selection
from collector.cutoff import LINT
from collector.expressions import Expressions
from collector.kinds import KINDS
from collector.model import JSON, Bundle, Performer, Report, Result, Spec, Status, Target
from collector.redact import UNCHECKED, Redactor
from collector.settings import Settings
from collector.spec import check_syntax
from collector.text import clean

if TYPE_CHECKING:
    from concurrent.futures import Future


class Call(NamedTuple):
    """One call of the pipeline: what to collect, from where, and within which limits."""

    spec: Spec
    settings: Settings
    limits: Limits = Limits()
    selection: Selection = Selection()
    given: Mapping[str, JSON] = {}
    """The spec's variables set by the caller."""
    progress: Callable[[int, int], None] = lambda _done, _known: None
    find_commit: Callable[[], str | None] = lambda: None
    """Finds the git commit of the spec's file; done in the background while the first answers arrive."""
    prepare: Callable[[], object] = lambda: None
    """Prepares for the report while the first answers arrive."""


def gather(call: Call, sources: Performer, redactor: Redactor) -> Bundle:
    """Collect and validate: return a redacted bundle in which results that do not fit their schema are marked `invalid`.

    Raises:
        SpecError: an expression cannot be compiled.
        UsageError: a limit matches no node.
    """
    started_at, started = time.time(), time.monotonic()
    expressions, commit = Expressions(), cache(partial(_begun, call.find_commit))
    means = Means(KINDS, sources, expressions, redactor, call.progress, chores=_chores(call, expressions, commit))
    try:
        collected = collect(call.spec, means, call.limits, call.selection)
    finally:
        found = _awaited(commit())  # also on errors: leaves no git process behind
    from collector.collect.limit import check_limit  # noqa: PLC0415 - see _chores
    from collector.validate import validate  # noqa: PLC0415 - see _chores

    bundle = validate(_bundle(call, collected, redactor, commit=found, started_at=started_at, seconds=time.monotonic() - started))
    check_limit(call.selection.limit, bundle.results, call.spec.expect)
    return bundle


def _begun(find_commit: Callable[[], str | None]) -> Future[str | None]:
    from collector.background import in_background  # noqa: PLC0415 - see _chores

    return in_background(find_commit, "git")


def _awaited(commit: Future[str | None]) -> str | None:
    while True:
        with suppress(KeyboardInterrupt):  # git is killed two seconds after its start at the latest, so it must be awaited
            return commit.result()


def _chores(call: Call, expressions: Expressions, commit: Callable[[], object]) -> tuple[Callable[[], object], ...]:
    """Return work that can wait until the first request is sent: checks that need Jinja2, and imports for later stages.

    In small pieces, since a reply that arrives meanwhile has to wait for the end of one.
    """
    spec = call.spec
    later = {module: None for task in spec.tasks for module in KINDS[task.kind].modules}
    later |= dict.fromkeys(("collector.validate", "collector.observe", "collector.analyze", "collector.render"))
    return (
        lambda: check_syntax(spec, expressions),
        commit,
        *(partial(importlib.import_module, name) for name in later),
        _read_rules,
        call.prepare,
    )


def _read_rules() -> None:
    from collector.rulebook import shipped  # noqa: PLC0415 - see _chores

    shipped()


def conclude(bundle: Bundle, now: float | None = None) -> Report:
    """Analyze a bundle; `now` (Unix seconds) makes ages reproducible."""
    from collector.analyze import analyze  # noqa: PLC0415 - rules are not needed before the first request

    report = analyze(bundle, now)
    return report._replace(spec={**report.spec, "job": _job(bundle), "namespace": bundle.endpoints.get("namespace")})


def _job(bundle: Bundle) -> str | None:
    """The job that was examined, if the spec has a variable for it: one spec can serve many jobs."""
    job = bundle.vars.get("job")
    return job if isinstance(job, str) and job else None


def _bundle(call: Call, collected: Collected, redactor: Redactor, *, commit: str | None, started_at: float, seconds: float) -> Bundle:
    spec = call.spec
    variables = redactor.data(dict(spec.vars))
    results = (*collected.results, *_withheld(redactor))
    return Bundle(
        spec={"name": spec.name, "path": clean(spec.path), "sha256": spec.sha256, "commit": commit},
        vars=variables,
        thresholds=dict(spec.thresholds),
        rules=spec.rules,
        expect={name: redactor.data(value) for name, value in {**spec.expect, **_narrowed(call.selection)}.items()},
        started_at=started_at,
        seconds=seconds,
        results=results,
        planned=len(results),
        endpoints={
            **call.settings.describe(),
            **_namespace(call.settings, redactor),
            "tokens": call.settings.tokens_for(),
            "unset": ", ".join(call.settings.unset),
            "requests": str(collected.requests),
        },
        version=__version__,
        redactions=_total(collected.results),
        interrupted=collected.interrupted,
    )


def _namespace(settings: Settings, redactor: Redactor) -> dict[str, str]:
    """The configured Nomad namespace, which distinguishes jobs of one name; empty for Nomad's default."""
    namespace = settings.nomad.namespace
    return {} if namespace in {"", "default"} else {"namespace": redactor.text(namespace)}


def _narrowed(selection: Selection) -> dict[str, JSON]:
    """Record the limiting options, so that the report does not claim what was not examined."""
    return {"limit": list(selection.limit), "tags": sorted(selection.tags), "skip_tags": sorted(selection.skip_tags)}


def _withheld(redactor: Redactor) -> Iterator[Result]:
    """Return users' redaction patterns that were too slow, as missing results. Named by position: a pattern may contain a secret."""
    for number, count in sorted(redactor.withheld.items()):
        texts = "a text, which is" if count == 1 else f"{count} texts, which are"
        reason = f"this pattern took too long on {texts} withheld: <redacted:{UNCHECKED}:...>; {LINT}"
        yield Result(f"redact[{number}]", "the spec's own patterns", "redact", Target(), Status.FAILED, reason=reason)


def _total(results: Iterable[Result]) -> dict[str, int]:
    """Sum up the redactions of all results, by rule."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.redactions)
    return dict(sorted(counts.items()))

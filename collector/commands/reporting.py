"""Shared by all commands that make a report: compares it with earlier runs, renders and delivers it, determines the exit code.

Destinations are checked before the first request; the modules that deliver are imported only once there is a report.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.budget import Budget
from collector.deliver import DeliveryOptions, Destination, File, Mail, Ping, Stdout, destinations
from collector.errors import DeliveryError, UsageError
from collector.model import JSON, Bundle, Report, Spec, Verdict
from collector.settings import Settings
from collector.streams import note

if TYPE_CHECKING:
    from collector.history import Outlook, Store

TO_DELIVER = 30.0
"""Time limit in seconds for a report without collecting."""
EXIT_CODES = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.CRITICAL: 2, Verdict.UNKNOWN: 3}


class Reporter:
    """Delivers one run's report. Construct it before the first request, since that checks the destinations."""

    def __init__(
        self, arguments: argparse.Namespace, settings: Settings, places: tuple[Destination, ...], store: Store | None, budget: Budget
    ) -> None:
        self.arguments = arguments
        self.settings = settings
        self.places = places
        self.store = store
        self.budget = budget
        self.template_dirs = [_directory(name) for name in arguments.template_dir]

    @cached_property
    def run_id(self) -> str:
        """The run's ID, by which dead-man services match its start and end."""
        import uuid

        return str(uuid.uuid4())

    @property
    def afterwards(self) -> float:
        """The time needed here (outputs, bundle, comparison with earlier runs), as a multiple of the work of collecting."""
        outputs = [place for place in self.places if isinstance(place, Stdout | File)]
        return self.budget.afterwards(len(outputs) + bool(self.arguments.bundle) + bool(self.store))

    def begin(self) -> None:
        """Tell dead-man services that a run has started."""
        for ping in self._pings():
            from collector.deliver.ping import ping_start

            _warn(ping_start(ping, self.run_id, seconds=min(self.budget.reserved, self.budget.for_the_next)))

    def prepare(self) -> None:
        """Load templates and delivery modules in advance."""
        from collector.deliver import delivery  # noqa: F401 - loads modules in advance
        from collector.render import prepare

        prepare([place.format for place in self.places if isinstance(place, Stdout | File)], self.template_dirs)

    def finish(self, report: Report, problems: Sequence[str] = ()) -> int:
        """Deliver the report and keep the run; return the verdict's exit code, or 70 if delivery failed anywhere.

        `problems` are sentences about other failures to deliver.
        """
        from collector.deliver.deadline import TimeLimits
        from collector.deliver.delivery import Outlets, deliver
        from collector.render import report_document

        report, news = self._compared(report)
        document = report_document(report)
        keep_in = Path(self.arguments.state or tempfile.gettempdir())
        outlets = Outlets(sys.stdout, keep_in, self.settings.mail, lambda: TimeLimits(deadline=self.budget.for_the_next))
        delivered = deliver(document, self.places, lambda format_name, reader: self._rendered(report, format_name, reader), outlets)
        problems = (*problems, *delivered.problems)
        for problem in problems:
            _warn(problem)
        if self.store and news:
            self.store.keep(news, owed=delivered.owed)
        code = DeliveryError.exit_code if problems else EXIT_CODES[report.verdict]
        self._end(code, None if problems else str(report.verdict), lambda: self._rendered(report, "text", "mail"))
        return code

    def fail(self, code: int) -> None:
        """Tell dead-man services that the collector itself failed."""
        self._end(code, None, lambda: "")

    def _end(self, code: int, verdict: str | None, body: Callable[[], str]) -> None:
        """Tell dead-man services that the run has ended."""
        for ping in self._pings():
            from collector.deliver.ping import ping_end

            _warn(ping_end(ping, self.run_id, exit_code=code, verdict=verdict, body=body(), seconds=self.budget.for_the_next))

    def _compared(self, report: Report) -> tuple[Report, Outlook | None]:
        if self.store is None:
            return report, None
        from collector.history import joined, outlook
        from collector.render import report_document

        earlier = self.store.earlier()
        for remark in earlier.notes:
            _warn(remark)
        news = outlook(earlier.run, report_document(report))
        return joined(report, news), news

    def _rendered(self, report: Report, format_name: str, reader: str) -> str:
        from collector.render import mail_html, render

        if (format_name, reader) == ("html", "mail"):
            return mail_html(report, template_dirs=self.template_dirs)
        terminal = reader == "stdout" and sys.stdout.isatty()
        return render(
            report,
            format_name,
            width=shutil.get_terminal_size((80, 24)).columns if terminal else None,
            colour=terminal and not self.arguments.no_color and not self.settings.no_color,
            template_dirs=self.template_dirs,
            verbose=self.arguments.verbose,
            quiet=self.arguments.quiet and reader == "stdout",
            diff=self.arguments.diff,
        )

    def _pings(self) -> Sequence[Ping]:
        return [place for place in self.places if isinstance(place, Ping)]


def build_reporter(
    arguments: argparse.Namespace, settings: Settings, spec: Spec, *, scope: str = "", seconds: float = TO_DELIVER
) -> Reporter:
    """Build the reporter for these arguments; `seconds` is the time limit of the whole run.

    `scope` separates runs that are not comparable (`scope_of`).
    """
    if arguments.diff and not arguments.state:
        raise UsageError("-D compares with an earlier run and needs --state DIR")
    options = DeliveryOptions(
        output=arguments.output,
        out=Path(arguments.out) if arguments.out else None,
        mail_to=tuple(arguments.mail_to),
        mail_when=arguments.mail_when,
    )
    places = destinations(spec, options, mail=settings.mail, keeps_runs=bool(arguments.state))
    budget = Budget(seconds, reaches=any(isinstance(place, Mail | Ping) for place in places))
    return Reporter(arguments, settings, places, _store(arguments, spec, scope), budget)


def scope_of(servers: Mapping[str, JSON], narrowed: Mapping[str, JSON], variables: Mapping[str, JSON], **within: str | None) -> str:
    """Return what makes runs comparable: the cluster, variables, tags, limit and namespace."""
    parts = [servers.get(name) for name in ("nomad", "consul")] + [narrowed.get(name) for name in ("tags", "skip_tags", "limit")]
    values = sorted((name, str(value)) for name, value in variables.items())
    return repr([*parts, values, *((name, value) for name, value in within.items() if value)])


def _store(arguments: argparse.Namespace, spec: Spec, scope: str) -> Store | None:
    if not arguments.state:
        return None
    from collector.history import open_store

    return open_store(Path(arguments.state), spec.name, scope)


def without_spec(bundle: Bundle) -> Spec:
    """Return what a bundle says about its spec, for a report made without the spec's file."""
    spec = bundle.spec
    return Spec(spec["name"], spec["path"], "", spec["sha256"], bundle.vars, (), bundle.thresholds)


def write_bundle(name: str, bundle: Bundle) -> None:
    """Save a bundle with permissions for its owner only, compressed if the name ends in .gz. Raises `DeliveryError`."""
    from collector.bundle import dump_bundle
    from collector.files import write_atomic

    try:
        write_atomic(Path(name), dump_bundle(bundle, compress=name.endswith(".gz")))
    except OSError as error:
        raise DeliveryError(f"cannot write the bundle {name}: {error.strerror}") from error


def _warn(message: str | None) -> None:
    if message:
        note(f"collector: {message}")


def _directory(name: str) -> Path:
    if not os.path.isdir(name):  # noqa: PTH112 - pathlib raises for an overlong name
        raise UsageError(f"--template-dir {name}: there is no such directory")
    return Path(name)

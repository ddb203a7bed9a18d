"""Shared by `diagnose`, `record` and `demo`: turns arguments into a call of the pipeline."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from collector.collect import Limits, Means
from collector.collect.plan import Selection, select_tasks
from collector.commands.reading import time_limit
from collector.errors import UsageError
from collector.expressions import Expressions
from collector.kinds import KINDS
from collector.model import JSON, Bundle, Spec
from collector.pipeline import Call, gather
from collector.redact import Redactor
from collector.resources import spec_path
from collector.settings import Settings
from collector.sources import Sources
from collector.spec import load_spec, parse_extra_vars
from collector.streams import say
from collector.suggest import did_you_mean
from collector.yamlio import text_of


def read_spec(path: str, extra_vars: Mapping[str, JSON]) -> Spec:
    """Read and check a spec with `-e` applied. The syntax of its expressions is checked later, while the first answers arrive."""
    try:
        text = text_of(Path(path))
    except OSError as error:
        meant = _suggestion(Path(path)) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot read the spec {path}: {error.strerror}{f' ({meant})' if meant else ''}") from error
    return load_spec(text, path, extra_vars=extra_vars, syntax=False)


def _suggestion(path: Path) -> str:
    """Suggest a file for a missing one: a neighbour with a similar name, else the shipped spec of that name."""
    with suppress(OSError):
        if near := did_you_mean(path.name, (file.name for file in path.parent.iterdir() if file.suffix in {".yml", ".yaml"})):
            return near
    with suppress(UsageError):
        return f"the one that ships is {spec_path(path.stem)}"
    return ""


def commit_of(spec: Spec, settings: Settings) -> str | None:
    """Return the git commit of the spec's file, if git knows it."""
    from collector.sources.git import git_commit  # noqa: PLC0415 - no process is needed before the first request

    return git_commit(spec.path, settings)


def build_call(arguments: argparse.Namespace) -> Call:
    """Build the call that the arguments describe; raise `UsageError` if a file they name cannot be read before the deadline."""
    with time_limit(arguments.deadline, "the spec, or a file that it or the environment names"):
        return _call(arguments)


def _call(arguments: argparse.Namespace) -> Call:
    settings = Settings.from_environment(os.environ, workers=arguments.forks)
    given = parse_extra_vars(arguments.extra_vars)
    _check_limit(arguments.limit)
    spec = read_spec(arguments.spec, given)
    selection = Selection(_words(arguments.tags), _words(arguments.skip_tags), tuple(_words(arguments.limit)))
    _check_tags(spec, selection)
    return Call(
        spec, settings, Limits(arguments.deadline, arguments.forks), selection, given, find_commit=partial(commit_of, spec, settings)
    )


def collect_bundle(call: Call) -> Bundle:
    """Collect and validate; child processes still running at the end are killed."""
    with closing(open_sources(call)) as sources:
        return gather(call, sources, redactor_of(call))


def redactor_of(call: Call) -> Redactor:
    """Return the redactor for the main thread, where a user's pattern that takes too long can be cut off."""
    return Redactor(call.settings.secret_values(), call.spec.redact)


def open_sources(call: Call) -> Sources:
    """Open the run's sources. They run in threads, so their messages are redacted without the user's patterns; results get those later."""
    return Sources(call.settings, Redactor(call.settings.secret_values()))


def plan_only(call: Call) -> int:
    """Print the plan; return 0, or 3 if the plan is incomplete because the inventory could not be read."""
    from collector.collect.preview import plan_text, preview  # noqa: PLC0415 - for --check only

    redactor = redactor_of(call)
    with closing(open_sources(call)) as sources:
        plan = preview(call.spec, Means(KINDS, sources, Expressions(), redactor), call.limits, call.selection)
    servers = [redactor.text(line) for line in _servers(call.settings)]
    say(plan_text(plan, servers, call.settings.nomad.namespace or "default"))
    return 3 if plan.unknown else 0


def _servers(settings: Settings) -> Iterator[str]:
    """Describe the Nomad and Consul servers of the plan, and the credentials used."""
    for name, variable, api in (("nomad", "NOMAD_ADDR", settings.nomad), ("consul", "CONSUL_HTTP_ADDR", settings.consul)):
        default = f" (the default: {variable} is not set)" if variable in settings.unset else ""
        token = "with" if api.token else "without"
        within = "".join(f", {what} {value}" for what, value in (("namespace", api.namespace), ("region", api.region)) if value)
        yield f"{name} is {api.address}{default}, asked {token} a token{within}"


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Callable[[int, int], None]]:
    """Show progress on stderr if that is a terminal, so that cron's mails and pipes stay clean."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda _done, _known: None
        return
    from rich.console import Console  # noqa: PLC0415 - takes 40 ms, needed only on a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("collecting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("collecting", total=None)
        yield lambda done, known: bar.update(task, completed=done, total=known)


def _words(values: Sequence[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _check_limit(limit: Sequence[str]) -> None:
    """Reject a limit that is not valid text, since the report must be able to show it."""
    for pattern in limit:
        try:
            pattern.encode()
        except UnicodeEncodeError:
            raise UsageError(f"-l {pattern.encode(errors='replace').decode()}: is not UTF-8 text") from None


def _check_tags(spec: Spec, selection: Selection) -> None:
    """Reject tags that no task has, and selections without any task."""
    known = {tag for task in spec.tasks for tag in task.tags} | {"always", "never"}
    unknown = sorted((set(selection.tags) | set(selection.skip_tags)) - known)
    if unknown:
        raise UsageError(f"no task of {spec.path} has the tag {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    if not select_tasks(spec, selection):
        raise UsageError(f"with these tags no task of {spec.path} is left: nothing would be asked")

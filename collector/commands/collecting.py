"""What `diagnose`, `record` and `demo` share: arguments to a call of the main job."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
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
    """Read and check a spec, with `-e` on top of its variables. The syntax of its expressions is checked while the first answers come."""
    try:
        text = text_of(Path(path))
    except OSError as error:
        meant = _meant(Path(path)) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot read the spec {path}: {error.strerror}{f' ({meant})' if meant else ''}") from error
    return load_spec(text, path, extra_vars=extra_vars, syntax=False)


def _meant(path: Path) -> str:
    """What file was probably meant by one that is not there: a neighbour, else the spec of that name that ships."""
    with suppress(OSError):
        if near := did_you_mean(path.name, (file.name for file in path.parent.iterdir() if file.suffix in {".yml", ".yaml"})):
            return near
    with suppress(UsageError):
        return f"the one that ships is {spec_path(path.stem)}"
    return ""


def commit_of(spec: Spec, settings: Settings) -> Callable[[], Callable[[], str | None]]:
    """Has git asked, once and beside all else, which commit the spec's file is in; what that returns waits for the answer."""

    @cache
    def asked() -> Callable[[], str | None]:
        from collector.background import in_background  # noqa: PLC0415 - neither threads of this kind nor
        from collector.sources.git import git_commit  # noqa: PLC0415 - processes are needed before the first request

        commit = in_background(lambda: git_commit(spec.path, settings), "git")

        def answer() -> str | None:
            while True:
                with suppress(KeyboardInterrupt):  # git is given up two seconds after its start, and not left alone until then
                    return commit.result()

        return answer

    return asked


def build_call(arguments: argparse.Namespace) -> Call:
    """The call that the arguments of a collecting command describe; wrong usage, where what they name is not read within the deadline."""
    with time_limit(arguments.deadline, "the spec, or a file that it or the environment names"):
        return _call(arguments)


def _call(arguments: argparse.Namespace) -> Call:
    settings = Settings.from_environment(os.environ, workers=arguments.forks)
    given = parse_extra_vars(arguments.extra_vars)
    _check_text(arguments.limit)
    spec = read_spec(arguments.spec, given)
    selection = Selection(_words(arguments.tags), _words(arguments.skip_tags), tuple(_words(arguments.limit)))
    _check_tags(spec, selection)
    return Call(spec, settings, Limits(arguments.deadline, arguments.forks), selection, given, commit=commit_of(spec, settings))


def collect_bundle(call: Call) -> Bundle:
    """Collect and validate; children still running at the end are killed."""
    with closing(open_sources(call)) as sources:
        return gather(call, sources, redactor_of(call))


def redactor_of(call: Call) -> Redactor:
    """Takes out all that is to be taken out. For the main thread, where a pattern of the user's that takes for ever can be cut off."""
    return Redactor(call.settings.secret_values(), call.spec.redact)


def open_sources(call: Call) -> Sources:
    """The sources of a run. What they say is redacted without the user's patterns, since they say it in threads; results are with them."""
    return Sources(call.settings, Redactor(call.settings.secret_values()))


def plan_only(call: Call) -> int:
    """Print the plan; 0, or 3 when the inventory could not be read, so that the plan is not whole."""
    from collector.collect.preview import plan_text, preview  # noqa: PLC0415 - for --check alone

    redactor = redactor_of(call)
    with closing(open_sources(call)) as sources:
        plan = preview(call.spec, Means(KINDS, sources, Expressions(), redactor), call.limits, call.selection)
    servers = [redactor.text(line) for line in _servers(call.settings)]
    say(plan_text(plan, servers, call.settings.nomad.namespace or "default"))
    return 3 if plan.unknown else 0


def _servers(settings: Settings) -> Iterator[str]:
    """Whom `nomad` and `consul` stand for in the plan, and as whom they are asked."""
    for name, variable, api in (("nomad", "NOMAD_ADDR", settings.nomad), ("consul", "CONSUL_HTTP_ADDR", settings.consul)):
        default = f" (the default: {variable} is not set)" if variable in settings.unset else ""
        token = "with" if api.token else "without"
        within = "".join(f", {what} {value}" for what, value in (("namespace", api.namespace), ("region", api.region)) if value)
        yield f"{name} is {api.address}{default}, asked {token} a token{within}"


@contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Callable[[int, int], None]]:
    """Progress on stderr, and only on a terminal: cron's mail and pipes stay clean."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda _done, _known: None
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms that only a terminal's user pays
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("collecting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("collecting", total=None)
        yield lambda done, known: bar.update(task, completed=done, total=known)


def _words(values: Sequence[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _check_text(limit: Sequence[str]) -> None:
    """A node's name is text, and a report that tells of a limit must be able to say it."""
    for pattern in limit:
        try:
            pattern.encode()
        except UnicodeEncodeError:
            raise UsageError(f"-l {pattern.encode(errors='replace').decode()}: is not UTF-8 text") from None


def _check_tags(spec: Spec, selection: Selection) -> None:
    """A tag that no task has is a typing error, not an empty report; and where nothing is asked, nothing can be told."""
    known = {tag for task in spec.tasks for tag in task.tags} | {"always", "never"}
    unknown = sorted((set(selection.tags) | set(selection.skip_tags)) - known)
    if unknown:
        raise UsageError(f"no task of {spec.path} has the tag {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    if not select_tasks(spec, selection):
        raise UsageError(f"with these tags no task of {spec.path} is left: nothing would be asked")

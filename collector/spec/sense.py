"""Checks outside the tasks: values that fit the schema but cannot be intended."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Final

from collector.errors import UsageError
from collector.model import JSON, THRESHOLDS
from collector.recipients import address, ping_url
from collector.spec.tasks import duration
from collector.structure import Fault
from collector.yamlio import child

_SEEN_BY: Final = {"nodes": ("nomad_nodes", "consul_members"), "instances": ("nomad_allocations",), "services": ("consul_checks",)}
"""The kinds that each key of `expect` depends on."""


def sense_faults(spec: Mapping[str, JSON], kinds: Container[str]) -> Iterator[Fault]:
    """Return the faults in structurally valid `report`, `analyze` and `expect` sections."""
    for key in ("name", "report", "expect"):
        yield from _no_expressions(spec.get(key), child("$", key))
    for index, entry in enumerate(spec.get("report") or ()):
        if isinstance(entry, Mapping):
            yield from _recipient_faults(entry, child("$.report", index))
    yield from _threshold_faults((spec.get("analyze") or {}).get("thresholds") or {})
    for name, wanted in (spec.get("expect") or {}).items():
        path = child("$.expect", name)
        if isinstance(wanted, list):
            yield from _repeated(wanted, path)
        tellers = [kind for kind in _SEEN_BY[name] if kind in kinds]
        if wanted and tellers and not any(kind in task for task in spec["collect"] for kind in tellers):
            yield Fault(path, "no task of the spec collects that", f"it needs a task of {' or '.join(tellers)}", at_key=True)


def _no_expressions(value: JSON, path: str) -> Iterator[Fault]:
    """Report expressions where none are evaluated: they would be used literally as a file name, node or mail sender."""
    if isinstance(value, str) and "{{" in value:
        yield Fault(path, "no expression is evaluated here", "write the value out; expressions belong into tasks")
    for key, one in value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ():
        yield from _no_expressions(one, child(path, key))


def _recipient_faults(entry: Mapping[str, JSON], path: str) -> Iterator[Fault]:
    mail, ping = entry.get("email") or {}, entry.get("ping") or {}
    for name in ("to", "from"):
        at = f"{path}.email.{name}"
        given = mail.get(name, [])
        for place, text in enumerate(given) if isinstance(given, list) else [(None, given)]:
            yield from _refused(address, text, at if place is None else child(at, place))
    if ping:
        yield from _refused(ping_url, ping["url"], f"{path}.ping.url")


def _refused(check: Callable[[str], str], text: str, path: str) -> Iterator[Fault]:
    try:
        check(text)
    except UsageError as error:
        yield Fault(path, str(error))


def _threshold_faults(given: Mapping[str, JSON]) -> Iterator[Fault]:
    """Report a warning threshold above the critical one, which would never apply."""
    limits = {name: duration(given.get(name, default)) for name, default in THRESHOLDS.items()}
    warning, critical = "lag_warning", "lag_critical"
    if limits[warning] > limits[critical]:
        at = warning if warning in given else critical
        hint = f"set {critical} too" if critical not in given else f"set {warning} too" if warning not in given else ""
        yield Fault(f"$.analyze.thresholds.{at}", f"{warning} ({limits[warning]:g}s) is above {critical} ({limits[critical]:g}s)", hint)


def _repeated(listed: list[JSON], path: str) -> Iterator[Fault]:
    for index, name in enumerate(listed):
        if name in listed[:index]:
            yield Fault(child(path, index), f'"{name}" is here a second time', "what is listed is counted")

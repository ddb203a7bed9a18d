"""Combinations of faults and targets: each fault for each system, and those visible to parsers for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.hostile.faults import FAULTS, Fault
from tests.hostile.places import KINDS, SYSTEMS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import Run, diagnose

NO_EXEC = 'echo "failed to exec into task: connection refused" >&2; exit 1'
"""A `nomad` that cannot exec, so that no second way makes up for the first."""
SLOW = "1s"
HEALTHY, CRASH = "healthy", "app-crash"
ANY_TEXT = {"nomad_logs"}
"""Whose answer is a text: whatever it is, it is whole."""
OF_A_KIND = {"HTTP 403", "HTTP 500", "null", "[]", "{}", "JSON cut in half", "redirect to another host", "HTML with 200"}
IN_A_KIND = {"each value is an object", "each value is null", "HTML in each text", "ANSI sequences in each message", "numbers -1"}
NOT_IN_A_HEALTHY_ONE = {"check_output"}
ABOUT_ABSENCE = {("nomad_evaluations", "[]"), ("nomad_evaluations", "null"), ("nomad_deployments", "[]"), ("nomad_deployments", "null")}
"""A job may have no evaluation left and no deployment at all: these answers are whole."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in one place of one incident."""

    incident: str
    place: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.place}: {self.fault.name}"

    @property
    def decisive(self) -> bool:
        """True if so much is spoiled that the verdict cannot be ok."""
        return self.fault.spoils and not (self.place == "litefs" and self.fault.json)

    def run(self) -> Run:
        """Run `collector diagnose` on it."""
        where = {**SYSTEMS, **KINDS}[self.place]
        deadline = SLOW if self.fault.slow else "10s"
        return diagnose(self.incident, Spoiler(where, self.fault.behave), command=NO_EXEC, deadline=deadline)


def cases() -> Sequence[Case]:
    """Return all cases."""
    on_systems = [
        Case(HEALTHY, place, fault) for place in ("nomad", "consul", "litefs") for fault in FAULTS if not (place == "litefs" and fault.json)
    ]
    on_all = [Case(CRASH, "everything", fault) for fault in FAULTS if not fault.slow]
    on_kinds = [
        Case(HEALTHY, kind, fault) for kind in KINDS if kind not in NOT_IN_A_HEALTHY_ONE for fault in FAULTS if _spoils(kind, fault)
    ]
    in_kinds = [Case(CRASH, kind, fault) for kind in KINDS for fault in FAULTS if fault.name in IN_A_KIND]
    return [*on_systems, *on_all, *on_kinds, *in_kinds]


def _spoils(kind: str, fault: Fault) -> bool:
    return (
        fault.name in OF_A_KIND
        and (kind, fault.name) not in ABOUT_ABSENCE
        and not (kind in ANY_TEXT and "HTTP" not in fault.name and "redirect" not in fault.name)
        and not (kind == "litefs_status" and fault.json)
    )

"""Logs of the allocations that count, one observation per distinct message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from collector.loglines import ERROR, WARNING, Line, complaint, decisive, moment_of, read
from collector.loglines.litefs import ENDING, GAINED, LAST_WORD, MOUNTING, NOT_TAKEN, OF_LEASE, READY, ROLE_CHANGE, ROLE_TAKEN
from collector.loglines.meanings import meanings
from collector.model import JSON, Result
from collector.observe.observation import Observation, scope
from collector.observe.runs import stayed_up
from collector.observe.world import World

_VARYING = re.compile(r"\b[0-9A-F]{16}\b|\b\d[\d:.,TZ+-]*\b|0x[0-9a-f]+")
MAX_MESSAGES = 200
"""Distinct messages of one log that rules see, newest first: a log that says something else every time says nothing new."""

TAIL = 20
OLD = 3600.0
"""Seconds after which what a log says is no news, where its lines tell when they were written."""


class Log(NamedTuple):
    """One stream's lines, read."""

    result: Result
    lines: Sequence[Line]

    @property
    def data(self) -> Mapping[str, JSON]:
        """The log as it was collected."""
        data: Mapping[str, JSON] = self.result.data
        return data


def logs(world: World) -> list[Log]:
    """Every collected log once, read; of one that was read twice the later one."""
    newest = {(result.data["alloc"], result.data["task"], result.data["stream"]): result for result in world.results("nomad_logs")}
    alone = {(one.id, *one.lasting, "stderr") for one in world.instances if len(one.lasting) == 1}
    return [Log(result, read(result.data["lines"], litefs=key in alone)) for key, result in newest.items()]


class Standing(NamedTuple):
    """How allocations stand by what is known beside their logs.

    `over` says of one that it is well now, so that its log is history; LiteFS says of `leading` that it is primary, and has in those of
    `in_step` all that its primary has.
    """

    over: Mapping[str, bool]
    leading: AbstractSet[str]
    in_step: AbstractSet[str]


def observe_logs(world: World, every: Sequence[Log], standing: Standing) -> Iterator[Observation]:
    """The messages of the allocations that count."""
    worst = {one.id: one.troubled["name"] if one.troubled else None for one in world.instances}
    wordy = {(log.data["alloc"], log.data["task"]) for log in every if log.data["stream"] == "stderr" and _last_words(log.lines) >= 0}
    steady = {(one.id, task["name"]) for one in world.instances for task in one.tasks if stayed_up(task, one.clock)}
    looping = {one.id for one in world.instances if one.restarting and one.running}
    found: list[Observation] = []
    for log in every:
        alloc, task = log.data["alloc"], log.data["task"]
        if alloc in worst:
            well, up = standing.over.get(alloc, False), (alloc, task) in steady
            first = log.data["stream"] == "stderr" or (alloc, task) not in wordy
            whose = {"worst": worst[alloc] in (task, None), "by_primary": alloc in standing.leading}
            told = _messages(world, log, whose, well=well, up=up, first=first, loops=alloc in looping)
            found += (_overcome(one) if alloc in standing.in_step and NOT_TAKEN.match(one.fields["message"]) else one for one in told)
    ending = {one.scope["alloc"] for one in found if one.fields["decisive"] and one.fields["live"]}
    yield from (_outdone(one) if one.fields["weight"] == WARNING and one.scope["alloc"] in ending else one for one in found)


def decisive_lines(every: Sequence[Log]) -> dict[str, Line]:
    """Allocation -> the line that says why its process ended."""
    found: dict[str, Line] = {}
    for log in every:
        line = decisive(log.lines)
        old = found.get(log.data["alloc"])
        if line and (old is None or line.weight > old.weight):
            found[log.data["alloc"]] = line
    return found


def _messages(
    world: World, log: Log, whose: Mapping[str, bool], *, well: bool, up: bool, first: bool, loops: bool
) -> Iterator[Observation]:
    lines = log.lines
    last_run = lines[-1].run if lines else 0
    over = _put_right(lines)
    last_settling = max((line.number for line in lines if line.settles), default=-1)
    last_ready = max((line.number for line in lines if READY.match(line.message)), default=-1)
    clock = world.instance[log.data["alloc"]].clock
    last_gained = max((line.number for line in lines if GAINED.match(line.message)), default=-1)
    changes = (line for line in lines if ROLE_CHANGE.match(line.message) and not ENDING.search(line.message))
    last_role = max(changes, key=lambda line: line.number, default=None)
    role_since = -1 if last_role is None else last_role.number if ROLE_TAKEN.match(last_role.message) else len(lines)
    the_one = decisive(lines)
    told = last_run if up else _last_run_that_tells(lines, last_run, loops=loops)
    last_words = _last_words(lines) if first and the_one is None else -1
    for same in list(_together(lines))[:MAX_MESSAGES]:
        line = same[0]
        newest = line.run >= told
        ended = last_ready if MOUNTING.search(line.message) or _is_last_word(line) else last_settling
        ended = max(ended, last_gained) if OF_LEASE.match(line.message) else ended
        fields = {
            "text": _told_whole(lines, line),
            "message": line.message,
            "complaint": complaint(line),
            "origin": line.origin,
            "stream": log.data["stream"],
            "weight": line.weight,
            "count": len(same),
            "last_run": newest,
            "live": newest and not well and line.number not in over and (line.number > ended or line.run < last_run),
            "settled": newest and line.number > role_since,
            "tail": line.number >= len(lines) - TAIL,
            "old": clock - (moment_of(line.text) or clock) > OLD,
            "decisive": the_one is not None and the_one.message == line.message,
            "harmless": line.harmless,
            **meanings(line.message, complaint(line)),
            "overcome": False,
            "outdone": False,
            "last": line.number == last_words,
            **whose,
        }
        where = scope(node=log.data["node"] or _node(world, log), alloc=log.data["alloc"], task=log.data["task"])
        words = f"{log.data['stream']} of {log.data['alloc'][:8]}, task {log.data['task']}"
        yield Observation("log", where, fields, quote=_with_rest(lines, line), source=words, item=log.result.id)


def _overcome(one: Observation) -> Observation:
    """What the line complains of is over."""
    return one._replace(fields={**one.fields, "overcome": True, "live": False})


def _outdone(one: Observation) -> Observation:
    """The allocation has an error to end for; whoever only warns of something may go on without it."""
    return one._replace(fields={**one.fields, "outdone": True})


def _last_words(lines: Sequence[Line]) -> int:
    """Index of the last line that the application said; -1 where it said nothing."""
    return max((line.number for line in lines if line.origin == "app" and line.text.strip()), default=-1)


def _last_run_that_tells(lines: Sequence[Line], last: int, *, loops: bool) -> int:
    """The newest run, or the one before while the newest is on its way: it has said nothing but its normal start, or what may pass.

    In a loop the newest run may be one that has not ended yet, and that complains of nothing. LiteFS that failed before it was ready
    fails there again, and until then complains of what its last end left: a lease of its own.
    """
    newest = [line for line in lines if line.run == last and line.text.strip()]
    before = [line for line in lines if line.run == last - 1]
    if all(line.harmless or (loops and line.weight < ERROR) for line in newest):
        return max(last - 1, 0)
    on_its_way = all(line.origin == "litefs" and not READY.match(line.message) and not _is_last_word(line) for line in newest)
    failed = not any(READY.match(line.message) for line in before) and any(_is_last_word(line) for line in before)
    return last - 1 if on_its_way and failed else last


def _is_last_word(line: Line) -> bool:
    return line.origin == "litefs" and bool(LAST_WORD.match(line.text))


def _put_right(lines: Sequence[Line]) -> set[int]:
    """Indexes of the lines of a run that never was ready, when a later one is: it came further than what they complain of."""
    ready: dict[int, int] = {}
    for line in lines:
        if READY.match(line.message):
            ready.setdefault(line.run, line.number)
    last = max(ready, default=-1)
    return {line.number for line in lines if line.run < last and line.number < ready.get(line.run, len(lines))}


def _together(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Equal messages (but for IDs, numbers and times) taken together, newest first; each group's newest line first."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in reversed(lines):
        if line.text.strip():
            groups.setdefault((line.origin, _VARYING.sub("#", line.message)), []).append(line)
    yield from groups.values()


def _with_rest(lines: Sequence[Line], line: Line) -> str:
    """The line with the indented ones that go on with it, as far as they are a message and no trace; after a colon any next one."""
    rest = [following.text for following in lines[line.number + 1 : line.number + 2] if line.text.rstrip().endswith(":")]
    for following in lines[line.number + 1 + len(rest) : line.number + 4]:
        if not following.text.startswith(("  ", "\t")) or following.text.lstrip().startswith(("at ", "File ")):
            break
        rest.append(following.text)
    return "\n".join([line.text, *rest])


def _told_whole(lines: Sequence[Line], line: Line) -> str:
    """The line; one that ends in a colon (a YAML parser's) says what is wrong only in the indented one after it."""
    following = lines[line.number + 1].text if line.text.endswith(":") and line.number + 1 < len(lines) else ""
    return f"{line.text} {following.strip()}" if following.startswith(("  ", "\t")) else line.text


def _node(world: World, log: Log) -> str | None:
    alloc = world.alloc.get(log.data["alloc"])
    return alloc["node"] if alloc else None

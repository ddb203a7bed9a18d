"""Logs of the allocations that count, one observation per distinct message."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from collector.loglines import WARNING, Line, complaint, decisive, moment_of, read
from collector.loglines.addresses import in_use
from collector.loglines.json_blocks import gathered
from collector.loglines.litefs import ENDED, LAST_WORD, LTX_FILE, NOT_TAKEN, OF_FILES
from collector.loglines.matters import may_follow, own_matter
from collector.loglines.meanings import full, meanings
from collector.loglines.multiline import quoted, told_whole
from collector.model import JSON, Result
from collector.observe.litefs.files import Files
from collector.observe.litefs.reached import Reached, has_reached
from collector.observe.logs.past import Past, past
from collector.observe.observation import Observation, scope
from collector.observe.world.runs import got_over, stayed_up
from collector.observe.world.survey import World

_VARYING = re.compile(r"\b[0-9A-F]{16}\b|\b\d[\d:.,TZ+-]*\b|0x[0-9a-f]+")
MAX_MESSAGES = 200
"""Distinct messages of one log that rules see, newest first: a log that says something else every time says nothing new."""

TAIL = 20
OLD = 3600.0
"""Seconds after which what a log says is no news, where its lines tell when they were written."""
RECENT = 60.0
"""Seconds in which it is of now."""


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
    return [Log(result, read(gathered(result.data["lines"]), litefs=key in alone)) for key, result in newest.items()]


class Standing(NamedTuple):
    """How allocations stand by what is known beside their logs.

    `over` says of one that it is well now, so that its log is history, `reached` what its LiteFS has got. Those of `with_litefs` have
    LiteFS, which says of `leading` that it is primary, has in those of `in_step` all that its primary has, took a write in those of
    `writing` after it was asked first, and has a port that does not answer in those of `mute`. `positions` (allocation -> database -> transaction) are those that no primary's are compared with.
    """

    over: Mapping[str, bool]
    reached: Mapping[str, Reached]
    with_litefs: AbstractSet[str]
    leading: AbstractSet[str]
    in_step: AbstractSet[str]
    writing: AbstractSet[str]
    mute: AbstractSet[str]
    positions: Mapping[str, Mapping[str, int]]


def observe_logs(world: World, every: Sequence[Log], standing: Standing) -> Iterator[Observation]:
    """The messages of the allocations that count."""
    worst = {one.id: one.troubled["name"] if one.troubled else None for one in world.instances}
    wordy = {(log.data["alloc"], log.data["task"]) for log in every if log.data["stream"] == "stderr" and _last_words(log.lines) >= 0}
    steady = {(one.id, task["name"]) for one in world.instances for task in one.tasks if stayed_up(task, one.clock)}
    over = {(one.id, task["name"]) for one in world.instances for task in one.tasks if got_over(task, one.clock)}
    looping = {one.id for one in world.instances if one.restarting and one.running}
    files = Files(world)
    found: list[Observation] = []
    for log in every:
        alloc, task = log.data["alloc"], log.data["task"]
        if alloc in worst:
            well, up = standing.over.get(alloc, False), (alloc, task) in steady
            first = log.data["stream"] == "stderr" or (alloc, task) not in wordy
            whose: dict[str, JSON] = {
                "worst": worst[alloc] in (task, None),
                "up": (alloc, task) in over,
                "by_primary": alloc in standing.leading,
            }
            if alloc not in standing.with_litefs:
                whose["last_word"] = None  # applications begin their errors so, too
            was = past(log.lines, up=up, loops=alloc in looping)
            told = _messages(world, _reading(log, was, world.instance[alloc].clock, whose, well=well, first=first), files)
            told = (_past(one) if has_reached(one.fields, standing.reached.get(alloc)) else one for one in told)
            found += (_overcome(one) if _is_overcome(one, standing) else one for one in told)
    ending = {one.scope["alloc"] for one in found if one.fields["decisive"] and one.fields["live"]}
    yield from (_outdone(one) if one.fields["weight"] == WARNING and one.scope["alloc"] in ending else one for one in found)


class _Reading(NamedTuple):
    """What all messages of one log are read against.

    `past` is what of it is over, `clock` its node's time, `written` when each line had been written at the latest, `decisive` the line that
    says why the process ended, `last` the same of the log's end, `last_words` the number of the application's last line. `well` says that
    its allocation is well now, `whose` are the fields that are the same for all of its messages.
    """

    log: Log
    past: Past
    clock: float
    written: Sequence[float]
    decisive: Line | None
    last: Line | None
    last_words: int
    well: bool
    whose: Mapping[str, JSON]


def _reading(log: Log, was: Past, clock: float, whose: Mapping[str, JSON], *, well: bool, first: bool) -> _Reading:
    """`first`: the application's last words, where nothing is decisive, are looked for in this one of the task's two streams."""
    the_one = decisive(log.lines)
    last_words = _last_words(log.lines) if first and the_one is None else -1
    written = _written_by(log.lines, log.data.get("written_at"))
    return _Reading(log, was, clock, written, the_one, decisive(log.lines[-TAIL:]), last_words, well, whose)


def _messages(world: World, reading: _Reading, files: Files) -> Iterator[Observation]:
    log = reading.log
    where = scope(node=log.data["node"] or _node(world, log), alloc=log.data["alloc"], task=log.data["task"])
    words = f"{log.data['stream']} of {log.data['alloc'][:8]}, task {log.data['task']}"
    for same in list(_together(log.lines))[:MAX_MESSAGES]:
        fields = _fields(same, reading, files)
        yield Observation("log", where, fields, quote=quoted(log.lines, same[0]), source=words, item=log.result.id)


def _fields(same: Sequence[Line], reading: _Reading, files: Files) -> dict[str, JSON]:
    """What is known of a message: of its newest line, which comes first, and how often it occurs."""
    line, lines, was = same[0], reading.log.lines, reading.past
    said, text = complaint(line), told_whole(lines, line)
    newest = line.run >= was.newest
    live = newest and not reading.well and not was.is_over(line)
    settled = sum(one.run >= was.newest and one.number > was.role for one in same)
    tail = line.number >= len(lines) - TAIL
    age = reading.clock - reading.written[line.number]
    is_decisive, is_last = _is(reading.decisive, line), _is(reading.last, line)
    return {
        "text": text,
        "message": line.message,
        "complaint": said,
        "origin": line.origin,
        "stream": reading.log.data["stream"],
        "weight": line.weight,
        "count": len(same),
        "last_run": newest,
        "live": live,
        "settled": settled > 0,
        "settled_count": settled,
        "tail": tail,
        "old": age > OLD,
        "recent": reading.clock - (moment_of(line.text) or math.nan) < RECENT,
        "past": age > RECENT,
        "last_word": text.partition(" ")[2] if line.origin == "litefs" and LAST_WORD.match(text) else None,
        "decisive": is_decisive,
        "last_error": is_last and live and tail and line.origin == "app" and reading.whose["worst"],
        "own_matter": own_matter(said) if is_decisive or is_last else None,
        "may_follow": (line.origin == "app" or bool(OF_FILES.match(line.message))) and may_follow(said),
        "harmless": line.harmless,
        **files.apart(said, meanings(line.message, said)),
        **in_use(said),
        "overcome": False,
        "litefs_full": _litefs_full(line, said, newest=newest, tail=tail),
        "trouble": said if live else None,
        "last": line.number == reading.last_words,
        **reading.whose,
    }


def _litefs_full(line: Line, said: str, *, newest: bool, tail: bool) -> str | None:
    """Whether LiteFS has no room now, or ended for want of it before: what a replica could not take does not end it."""
    if line.origin != "litefs" or full(said) != "disk":
        return None
    return ("now" if tail else None) if newest else "before" if ENDED.match(line.message) else None


def _is(the_one: Line | None, line: Line) -> bool:
    return the_one is not None and the_one.message == line.message


def _is_overcome(one: Observation, standing: Standing) -> bool:
    """The replica has by now what it could not take, or has not said so for a minute; or writes go through, and none failed for one."""
    fields, alloc = one.fields, one.scope["alloc"]
    no_room = bool(fields["full"] and fields["origin"] == "litefs")
    if alloc in standing.writing and fields["past"]:
        return bool(fields["unusable"] or no_room)
    # What froze, and had said nothing of it for a minute, did not freeze for it.
    if alloc in standing.mute and fields["past"] and no_room:
        return True
    # LiteFS tries again each second, and says each time that it fails.
    taken = fields["past"] or alloc in standing.in_step or _has_it(fields["message"], standing.positions.get(alloc, {}))
    return taken and bool(NOT_TAKEN.match(fields["message"]))


def _has_it(message: str, positions: Mapping[str, int]) -> bool:
    """The line names a transaction's file, and the database has come as far, or further."""
    file = LTX_FILE.search(message)
    return file is not None and positions.get(file["database"], -1) >= int(file["txid"], 16)


def _past(one: Observation) -> Observation:
    """What the line complains of is over."""
    return one._replace(fields={**one.fields, "live": False, "trouble": None})


def _overcome(one: Observation) -> Observation:
    """The same, and what could not be taken is there."""
    before = one.fields["litefs_full"] if one.fields["litefs_full"] == "before" else None
    return one._replace(fields={**one.fields, "overcome": True, "live": False, "trouble": None, "litefs_full": before})


def _written_by(lines: Sequence[Line], last: float | None) -> list[float]:
    """A moment at which each line had been written, by its own time stamp or the next line's that has one; NaN where none has.

    After the `last` moment, where that was asked, nothing was written.
    """
    moments = [*(moment_of(line.text) for line in lines), last]
    for index in range(len(lines) - 1, -1, -1):
        moments[index] = moments[index] or moments[index + 1]
    return [moment or math.nan for moment in moments]


def _outdone(one: Observation) -> Observation:
    """The allocation has an error to end for; whoever only warns of something may go on without it."""
    return one._replace(fields={**one.fields, "trouble": None})


def _last_words(lines: Sequence[Line]) -> int:
    """Index of the last line that the application said; -1 where it said nothing."""
    return max((line.number for line in lines if line.origin == "app" and line.text.strip()), default=-1)


def _together(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Equal messages (but for IDs, numbers and times) taken together, newest first; each group's newest line first."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in reversed(lines):
        if line.text.strip():
            groups.setdefault((line.origin, _VARYING.sub("#", line.message)), []).append(line)
    yield from groups.values()


def _node(world: World, log: Log) -> str | None:
    alloc = world.alloc.get(log.data["alloc"])
    return alloc["node"] if alloc else None

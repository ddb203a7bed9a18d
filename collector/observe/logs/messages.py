"""Logs of current allocations, one observation per distinct message."""

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
from collector.loglines.multiline import completed, quoted
from collector.model import JSON, Result
from collector.observe.litefs.files import Files
from collector.observe.litefs.reached import Reached, has_reached
from collector.observe.logs.past import Past, past
from collector.observe.observation import Observation, scope
from collector.observe.world.runs import got_over, stayed_up
from collector.observe.world.survey import World

_VARYING = re.compile(r"\b[0-9A-F]{16}\b|\b\d[\d:.,TZ+-]*\b|0x[0-9a-f]+")
MAX_MESSAGES = 200
"""Maximum distinct messages of one log for rules, newest first: a log whose every line differs adds no information."""

TAIL = 20
OLD = 3600.0
"""Seconds after which a log message is history, if its lines have times."""
RECENT = 60.0
"""Seconds within which it describes the present."""


class Log(NamedTuple):
    """The parsed lines of one stream."""

    result: Result
    lines: Sequence[Line]

    @property
    def data(self) -> Mapping[str, JSON]:
        """The collected log."""
        data: Mapping[str, JSON] = self.result.data
        return data


def logs(world: World) -> list[Log]:
    """Return every collected log once, parsed; if one was collected twice, the later one."""
    newest = {(result.data["alloc"], result.data["task"], result.data["stream"]): result for result in world.results("nomad_logs")}
    alone = {(one.id, *one.lasting, "stderr") for one in world.instances if len(one.lasting) == 1}
    return [Log(result, read(gathered(result.data["lines"]), litefs=key in alone)) for key, result in newest.items()]


class Standing(NamedTuple):
    """The allocations' current state, known from sources other than their logs.

    `over`: allocations that are healthy now, so that their log is history; `reached`: what LiteFS has reached. `with_litefs`: allocations
    with LiteFS; among them `leading` are primaries, `in_step` have all of their primary's data, `writing` accepted a write after they were
    first queried, and `mute` have a port that does not answer. `positions` (allocation -> database -> transaction) are those without a
    primary's to compare with.
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
    """Yield the messages of current allocations."""
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
            common: dict[str, JSON] = {
                "worst": worst[alloc] in (task, None),
                "up": (alloc, task) in over,
                "by_primary": alloc in standing.leading,
            }
            if alloc not in standing.with_litefs:
                common["last_word"] = None  # applications' errors begin like this, too
            was = past(log.lines, up=up, loops=alloc in looping)
            messages = _messages(world, _reading(log, was, world.instance[alloc].clock, common, well=well, first=first), files)
            messages = (_mark_past(one) if has_reached(one.fields, standing.reached.get(alloc)) else one for one in messages)
            found += (_mark_overcome(one) if _is_overcome(one, standing) else one for one in messages)
    ending = {one.scope["alloc"] for one in found if one.fields["decisive"] and one.fields["live"]}
    yield from (_without_trouble(one) if one.fields["weight"] == WARNING and one.scope["alloc"] in ending else one for one in found)


class _Reading(NamedTuple):
    """The context for interpreting one log's messages.

    `past` is what of it is over, `clock` its node's time, `written` an upper bound of when each line was written, `decisive` the line that
    explains the process' end, `last` the decisive line among the last few, `last_words` the index of the application's last line. `well`:
    its
    allocation is healthy now; `common` are the fields of all messages.
    """

    log: Log
    past: Past
    clock: float
    written: Sequence[float]
    decisive: Line | None
    last: Line | None
    last_words: int
    well: bool
    common: Mapping[str, JSON]


def _reading(log: Log, was: Past, clock: float, common: Mapping[str, JSON], *, well: bool, first: bool) -> _Reading:
    """Build the context. `first`: look for the application's last words in this stream of the task, if no line is decisive."""
    the_one = decisive(log.lines)
    last_words = _last_words(log.lines) if first and the_one is None else -1
    written = _written_by(log.lines, log.data.get("written_at"))
    return _Reading(log, was, clock, written, the_one, decisive(log.lines[-TAIL:]), last_words, well, common)


def _messages(world: World, reading: _Reading, files: Files) -> Iterator[Observation]:
    log = reading.log
    where = scope(node=log.data["node"] or _node(world, log), alloc=log.data["alloc"], task=log.data["task"])
    words = f"{log.data['stream']} of {log.data['alloc'][:8]}, task {log.data['task']}"
    for same in list(_group_equal(log.lines))[:MAX_MESSAGES]:
        fields = _fields(same, reading, files)
        yield Observation("log", where, fields, quote=quoted(log.lines, same[0]), source=words, item=log.result.id)


def _fields(same: Sequence[Line], reading: _Reading, files: Files) -> dict[str, JSON]:
    """Return the fields of a message, taken from its newest line, and its number of occurrences."""
    line, lines, was = same[0], reading.log.lines, reading.past
    complained, text = complaint(line), completed(lines, line)
    newest = line.run >= was.newest
    live = newest and not reading.well and not was.is_over(line)
    settled = sum(one.run >= was.newest and one.number > was.role for one in same)
    tail = line.number >= len(lines) - TAIL
    age = reading.clock - reading.written[line.number]
    is_decisive, is_last = _same_message(reading.decisive, line), _same_message(reading.last, line)
    return {
        "text": text,
        "message": line.message,
        "complaint": complained,
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
        "last_error": is_last and live and tail and line.origin == "app" and reading.common["worst"],
        "own_matter": own_matter(complained) if is_decisive or is_last else None,
        "may_follow": (line.origin == "app" or bool(OF_FILES.match(line.message))) and may_follow(complained),
        "harmless": line.harmless,
        **files.apart(complained, meanings(line.message, complained)),
        **in_use(complained),
        "overcome": False,
        "litefs_full": _litefs_full(line, complained, newest=newest, tail=tail),
        "trouble": complained if live else None,
        "last": line.number == reading.last_words,
        **reading.common,
    }


def _litefs_full(line: Line, complained: str, *, newest: bool, tail: bool) -> str | None:
    """Whether LiteFS has no space now, or exited for it before; data that a replica could not write does not end it."""
    if line.origin != "litefs" or full(complained) != "disk":
        return None
    return ("now" if tail else None) if newest else "before" if ENDED.match(line.message) else None


def _same_message(the_one: Line | None, line: Line) -> bool:
    return the_one is not None and the_one.message == line.message


def _is_overcome(one: Observation, standing: Standing) -> bool:
    """True if the replica has what it could not apply or stopped complaining a minute ago, or if writes have succeeded for a minute."""
    fields, alloc = one.fields, one.scope["alloc"]
    no_space = bool(fields["full"] and fields["origin"] == "litefs")
    if alloc in standing.writing and fields["past"]:
        return bool(fields["unusable"] or no_space)
    # A LiteFS that froze more than a minute after such a line did not freeze for it.
    if alloc in standing.mute and fields["past"] and no_space:
        return True
    # LiteFS retries every second, and logs each failure.
    taken = fields["past"] or alloc in standing.in_step or _has_it(fields["message"], standing.positions.get(alloc, {}))
    return taken and bool(NOT_TAKEN.match(fields["message"]))


def _has_it(message: str, positions: Mapping[str, int]) -> bool:
    """True if the line names a transaction's file and the database has reached or passed that transaction."""
    file = LTX_FILE.search(message)
    return file is not None and positions.get(file["database"], -1) >= int(file["txid"], 16)


def _mark_past(one: Observation) -> Observation:
    """Mark an observation whose problem is over."""
    return one._replace(fields={**one.fields, "live": False, "trouble": None})


def _mark_overcome(one: Observation) -> Observation:
    """Mark an observation whose problem is over and has left nothing behind."""
    before = "before" if one.fields["litefs_full"] == "before" else None
    return one._replace(fields={**one.fields, "overcome": True, "live": False, "trouble": None, "litefs_full": before})


def _written_by(lines: Sequence[Line], last: float | None) -> list[float]:
    """Return an upper bound of when each line was written, from its own or the next time stamp; NaN if there is none.

    Nothing was written after `last`, if the log's modification time was requested.
    """
    moments = [*(moment_of(line.text) for line in lines), last]
    for index in range(len(lines) - 1, -1, -1):
        moments[index] = moments[index] or moments[index + 1]
    return [moment or math.nan for moment in moments]


def _without_trouble(one: Observation) -> Observation:
    """Drop the trouble of a mere warning if the allocation has an error that ends its process."""
    return one._replace(fields={**one.fields, "trouble": None})


def _last_words(lines: Sequence[Line]) -> int:
    """Return the index of the application's last line; -1 if there is none."""
    return max((line.number for line in lines if line.origin == "app" and line.text.strip()), default=-1)


def _group_equal(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Group messages that are equal except for IDs, numbers and times; newest group first, and the newest line of each first."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in reversed(lines):
        if line.text.strip():
            groups.setdefault((line.origin, _VARYING.sub("#", line.message)), []).append(line)
    yield from groups.values()


def _node(world: World, log: Log) -> str | None:
    alloc = world.alloc.get(log.data["alloc"])
    return alloc["node"] if alloc else None

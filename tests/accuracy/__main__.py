"""`python -m tests.accuracy`: grades all recordings and their variants, prints the table, writes docs/accuracy.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from collector import resources
from collector.replay.recording import Recording
from tests.accuracy.blind import seen_in_part
from tests.accuracy.grade import Grade, grade
from tests.accuracy.more import more
from tests.accuracy.variants import pairs, plain, variants
from tests.decided.incidents import AT_FIRST_SIGHT, BY_PART, differences, incidents

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"
LIVE = Path(__file__).with_name("live.md")
"""Faults injected by hand into live clusters; no command repeats these figures."""
ENOUGH_RIGHT, FEW_WRONG = 0.95, 0.02


def main() -> int:
    """Grade, print and write; return 0 if the targets are met."""
    recordings = {name: Recording.load(resources.incident(name)) for name in resources.incidents()}
    recorded = [grade(plain(name, recording)) for name, recording in recordings.items()]
    recorded += [grade(one) for one in more()]
    derived = [grade(one) for name, recording in recordings.items() for one in variants(name, recording)]
    derived += [grade(one) for one in pairs(recordings)]
    text = document(recorded, derived)
    DOCUMENT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0 if met(recorded, derived) else 1


def met(recorded: list[Grade], derived: list[Grade]) -> bool:
    """True if all recordings are right without extra accusations; of the variants 95 % right and at most 2 % with a wrong accusation."""
    right, wrong = (sum(bool(getattr(one, what)) for one in derived) / len(derived) for what in ("right", "extra"))
    return all(one.right and not one.extra for one in recorded) and right >= ENOUGH_RIGHT and wrong <= FEW_WRONG


def document(recorded: list[Grade], derived: list[Grade]) -> str:
    """Return docs/accuracy.md."""
    misses = [one for one in derived if not one.right or one.extra or one.missed]
    return "\n".join(
        [
            "# Accuracy",
            "",
            "Written by `make accuracy`; do not edit. Every recorded incident (the shipped ones and tests/recordings) is collected with",
            "`specs/navidrome.yml` and analysed, and so are variants of the shipped ones with the same cause;",
            "the first root cause is compared with the injected fault. The variants are made by",
            "tests/accuracy/variants.py. If logs are hidden, `unknown` counts as right too, and a cause that the rest does not prove is",
            "wrong.",
            "",
            f"- Recordings: {summary(recorded)}.",
            f"- Variants: {summary(derived)}.",
            "",
            *decided(),
            "",
            *seen_in_part(),
            "",
            "## Recordings",
            "",
            *table(recorded),
            "",
            "## Variants, by kind",
            "",
            *kinds(derived),
            "",
            "## Misses",
            "",
            *(table(misses) if misses else ["None."]),
            "",
        ]
    )


def decided() -> list[str]:
    """Return the incidents of tests/decided."""
    right, count = (sum(numbers[at] for numbers in AT_FIRST_SIGHT.values()) for at in (0, 1))
    sets = ", ".join(f"{one} of {of} ({name})" for name, (one, of) in AT_FIRST_SIGHT.items())
    every = incidents()
    differ = {name: case for name, case in every.items() if differences(case)}
    open_ = [f"- {name}. {str(case.get('open', '')).capitalize()}." for name, case in differ.items()]
    return [
        "## Decided before",
        "",
        "`tests/decided` has incidents that others than the rules' authors wrote down in November 2026, from what LiteFS, Nomad, Consul",
        "and applications really log, with an expected answer decided before any rule was tried on it: the first root cause and its",
        "node, further ones, what must not be accused, the verdict. A fifth are healthy but look odd, some have two or three faults.",
        "",
        f"- At first sight {right} of {count} were answered as decided ({right / count:.1%}): {sets}.",
        "  `year` was tried after the rules had been improved with the first set, each other set after all those listed before it.",
        "  In five of `various` its author had allowed `unknown` beside a code, and that is what the report said:",
        "  100 of 108 without those. `noise` has several faults at once, one among many other problems in a log, and odd-looking health.",
        "  `depths` has deep faults that are conspicuous elsewhere, pairs on one node, partly blind runs, faults over time.",
        "  The texts of `threads` are from public threads: issue trackers of LiteFS, Nomad, Consul, Docker and applications.",
        "  `versions` has other versions of LiteFS, Nomad, Consul and the runtimes, kernel messages, and several faults at once.",
        "  `after` has states after a fault (half of them healthy, half only seemingly so), independent faults, and new wordings.",
        "  `mixed` has two to four independent faults on three to seven nodes, single faults whose usual sign is missing, and healthy",
        "  clusters that look alarming: 34 of its 38, 18 of 19 and 20 of 20 were right in all parts.",
        "  `whole` and, after it, `links`, `threads`, `versions`, `after` and `mixed` define the whole report, on other clusters.",
        "  At first sight",
        *(f"  of `{name}` were right: {_parts(counts)};" for name, counts in BY_PART.items()),
        "  evidence means the decisive text in the first root's quotes, and in its remedy the name of what to change.",
        f"  The other {len(every) - count} of {len(every)} are those whose authors had to correct their own case: they are not counted,",
        "  but appear below.",
        f"- Now {len(every) - len(differ)} of {len(every)} are right. The rules were improved with them: this says little about new ones.",
        *(["", "Those that still differ, and why:", "", *open_] if open_ else []),
        "",
        LIVE.read_text("utf-8").rstrip(),
    ]


def _parts(counts: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{one} of {of} ({name})" for name, (one, of) in counts.items())


def summary(grades: list[Grade]) -> str:
    right, wrong, missed = (sum(bool(getattr(one, what)) for one in grades) for what in ("right", "extra", "missed"))
    shares = f"{right / len(grades):.1%} right, {wrong / len(grades):.1%} with a wrong critical accusation"
    counts = f"{right} of {len(grades)} right, {wrong} with a wrong critical accusation, {missed} where a true cause is no root"
    return f"{counts} ({shares})"


def table(grades: Iterable[Grade]) -> list[str]:
    rows = [
        "| incident | the truth | first root cause | cause | node | evidence | wrong accusations | not found |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in grades:
        marks = " | ".join("right" if value else "**wrong**" for value in (one.cause, one.node, one.evidence))
        rows.append(
            f"| {one.name} | {one.truth} | {one.first} | {marks} | {', '.join(one.extra) or '-'} | {', '.join(one.missed) or '-'} |"
        )
    return rows


def kinds(grades: Iterable[Grade]) -> list[str]:
    found: dict[str, list[Grade]] = {}
    for one in grades:
        found.setdefault(one.name.partition(": ")[2] or "two incidents at once", []).append(one)
    rows = ["| what was changed | graded | right | with a wrong accusation |", "|---|---|---|---|"]
    for kind, some in found.items():
        rows.append(f"| {kind} | {len(some)} | {sum(one.right for one in some)} | {sum(bool(one.extra) for one in some)} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())

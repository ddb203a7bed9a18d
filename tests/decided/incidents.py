"""Incidents written by others than the rules' authors, who decided the answer before any rule was tried on them.

Keys of a case, besides those of tests/analysis/bundles.py: `first` are the acceptable first root causes (CODE@NODE; empty if healthy),
`also` further ones (any of each list), `never` what must not be accused, `verdict` the acceptable verdicts; `drop` removes results, `logs`
adds those of further tasks; `patches` change rows of a result (`kind`, `where`, `set`); `open` says why the answer still differs. For
further keys, about the rest of the report and another cluster's names, see whole.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.analyze import analyze
from collector.model import Bundle, Report, Result, Severity, Status, Target
from tests.analysis.bundles import NOW, bundle, ident
from tests.decided import whole
from tests.yamls import load

Case = dict[str, Any]
AT_FIRST_SIGHT = {
    "instance": (89, 96),
    "cluster": (79, 84),
    "year": (60, 69),
    "shapes": (78, 86),
    "ordinary": (67, 70),
    "various": (105, 108),
    "noise": (84, 92),
    "depths": (90, 98),
    "whole": (100, 105),
    "links": (35, 36),
    "threads": (74, 78),
    "versions": (112, 117),
    "after": (92, 95),
    "mixed": (76, 78),
}
"""How many were answered as decided when they were new, and of how many: those that their authors had to mend are not counted."""
BY_PART = {
    "whole": {"causes": (100, 105), "rows": (102, 102), "links": (100, 107), "evidence": (85, 107), "all of it": (70, 99)},
    "links": {"causes": (35, 36), "rows": (36, 36), "links": (35, 36), "evidence": (35, 36), "all of it": (34, 36)},
    "threads": {"causes": (74, 78), "rows": (81, 81), "links": (79, 80), "evidence": (78, 80), "all of it": (71, 76)},
    "versions": {"causes": (112, 117), "rows": (116, 116), "links": (113, 118), "evidence": (115, 118), "all of it": (107, 115)},
    "after": {"causes": (92, 95), "rows": (98, 98), "links": (97, 99), "evidence": (94, 98), "all of it": (87, 94)},
    "mixed": {"causes": (76, 78), "rows": (78, 78), "links": (75, 79), "evidence": (79, 79), "all of it": (72, 77)},
}
"""The same for the parts of the report, of the sets that decide more than the causes."""
ANSWER = (*whole.ANSWER, "says", "first", "also", "never", "verdict", "open", "drop", "logs", "patches")


def incidents() -> dict[str, Case]:
    """Return name -> case."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        cases = load(path.read_text("utf-8"))["cases"]
        found |= {f"{path.stem} {number}: {case['says']}": case for number, case in enumerate(cases, 1)}
    return found


def differences(case: Case) -> list[str]:
    """Return what in the report differs from the decision."""
    return [text for texts in parts(case).values() for text in texts]


def parts(case: Case) -> dict[str, list[str]]:
    """Return part of the report -> its differences."""
    report = analyze(bundle_of(case))
    decided = _in_its_words(case, {key: case[key] for key in ANSWER if key in case})
    return {"causes": _causes(report, decided), **whole.Whole(report).differences(decided)}


def _causes(report: Report, case: Case) -> list[str]:
    roots = [f"{root.code}@{root.node or ''}" for root in report.root_causes]
    named = {*roots, *(root.partition("@")[0] for root in roots)}
    found = [f"{some} is not among {roots}" for some in case.get("also", ()) if not set(some) & named]
    found += [f"{one} is accused" for one in case.get("never", ()) if one in named]
    if case["first"] and (not roots or roots[0] not in case["first"]):
        found.append(f"the first of {roots} is none of {case['first']}")
    if not case["first"] and any(root.severity is Severity.CRITICAL for root in report.root_causes):
        found.append(f"{roots} where nothing is wrong")
    if str(report.verdict) not in case.get("verdict", [str(report.verdict)]):
        found.append(f"verdict {report.verdict}, not {case['verdict']}")
    return found


def bundle_of(case: Case) -> Bundle:
    """Return what would have been collected."""
    made = bundle({key: value for key, value in case.items() if key not in ANSWER})
    kept = [result for result in made.results if result.id not in case.get("drop", ())]
    patched = [_patched(result, case.get("patches", ())) for result in kept]
    return _in_its_words(case, made._replace(results=(*patched, *(_log(said) for said in case.get("logs", ())))))


def _in_its_words(case: Case, said: Any) -> Any:
    return whole.renamed(said, case.get("called", {}), case.get("exactly", {}))


def _patched(result: Result, patches: Sequence[dict[str, Any]]) -> Result:
    """Change parts of a result's rows for which bundles.py has no key: a node's data centre, its version."""
    data = result.data
    if data is None:
        return result
    for patch in (one for one in patches if one["kind"] == result.kind):
        rows = data if isinstance(data, list) else [data]
        rows = [{**row, **patch["set"]} if patch.get("where", {}).items() <= row.items() else row for row in rows]
        data = rows if isinstance(data, list) else rows[0]
    return result._replace(data=data)


def _log(said: dict[str, Any]) -> Result:
    alloc, stream = said.get("alloc") or ident(said["node"]), said.get("stream", "stderr")
    target = Target(node=said["node"], alloc=alloc, task=said["task"])
    data = {"alloc": alloc, "node": said["node"], "task": said["task"], "stream": stream, "lines": said["lines"]}
    data |= {"wanted": 20, "bytes": 1, "cut": False}
    item = f"{stream} of {said['task']}@{said['node']}"
    return Result(item, "log", "nomad_logs", target, Status.OK, "api", data=data, date=NOW)

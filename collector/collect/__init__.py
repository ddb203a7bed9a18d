"""Collecting: what a spec asks for, side by side, within its deadline.

plan.py        a task to its items, once its inputs are there
limit.py       that `-l` names nodes that exist
ladder.py      one item on its way down its rungs
dispatch.py    requests in the spec's order, so many at once to one server
workers.py     the threads that perform them
pace.py        how long it may go on
runs.py        tasks and items while they run, and their results
scheduler.py   all of it in order
preview.py     the plan alone, for `--check`
"""

from __future__ import annotations

from collector.collect.scheduler import Collected, Limits, Means, collect

__all__ = ["Collected", "Limits", "Means", "collect"]

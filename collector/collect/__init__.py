"""Collection: everything a spec asks for, in parallel, within its deadline.

plan.py        expands a task into items once its inputs are available
limit.py       checks that `-l` names existing nodes
ladder.py      one item's progress down its rungs
dispatch.py    queues requests in the spec's order, with a limit per server
workers.py     the threads that perform requests
pace.py        when collecting has to end
runs.py        the state of running tasks and items, and their results
scheduler.py   runs all of it
preview.py     the plan alone, for `--check`
policies.py    the least-privilege ACL policies for a plan
"""

from __future__ import annotations

from collector.collect.scheduler import Collected, Limits, Means, collect

__all__ = ["Collected", "Limits", "Means", "collect"]

"""Fakes for the scheduler: servers, expressions and redaction, and kinds that make one request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from collector.collect import Collected, Limits, Means, collect
from collector.collect.plan import Selection
from collector.errors import CollectorError, Unanswered
from collector.kinds.kind import Argument, Kind
from collector.model import JSON, Http, Mark, Reply, Request, Rung, Spec, Status, Target, Task

MARK = Mark("spec.yml", 1, 1)


class Expressions:
    """`$name` is a variable, `$item` the loop's element; anything else is literal. `!` fails."""

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        if isinstance(value, dict):
            return {key: self.render(inner, variables) for key, inner in value.items()}
        if value == "!":
            raise CollectorError("no such thing")
        return variables[value[1:]] if isinstance(value, str) and value.startswith("$") else value

    def test(self, expression: str, variables: Mapping[str, JSON]) -> bool:
        return bool(self.render(expression, variables))


class Shouting:
    """A redaction that is visible in its output."""

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        return (value.upper(), {"loud": 1}) if isinstance(value, str) else (value, {})

    def text(self, value: str) -> str:
        return value.replace("secret", "<redacted>")


class Servers:
    """Answers by path; a path may hang, fail, or answer only the second time. Records the requests in order."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked, self.lock = answers, [], threading.Lock()
        self.running = self.most = 0

    def perform(self, request: Request, *, deadline: float) -> Reply:
        assert isinstance(request, Http)
        with self.lock:
            self.asked.append(request.path)
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return self._answer(request.path, deadline)
        finally:
            with self.lock:
                self.running -= 1

    def _answer(self, path: str, deadline: float) -> Reply:
        answer = self.answers.get(path, path)
        if isinstance(answer, Callable):
            answer = answer(deadline)
        if isinstance(answer, Reply):
            return answer
        return Reply(path, Status.OK, code=200, body=answer.encode(), date=50.0)


def ask(args: Mapping[str, JSON]) -> Rung:
    (reply,) = yield [Http("nomad", str(args["path"]))]
    if reply.status is not Status.OK:
        raise Unanswered(reply.status, reply.reason, reply=reply)
    return reply.body.decode()


def split(args: Mapping[str, JSON]) -> Rung:
    return (yield from ask(args)).split(",")


def broken(args: Mapping[str, JSON]) -> Rung:
    yield from ask(args)
    return int("not a number")


def on_node(args: Mapping[str, JSON]) -> Target:
    return Target(node=args.get("node"))


PATH = {"path": Argument("string", "what to ask", required=True), "node": Argument("string", "about which node")}
KINDS = {
    "text": Kind("text", "", {"api": ask}, (("api", None),), PATH, target=on_node),
    "list": Kind("list", "", {"api": split}, (("api", None),), PATH),
    "broken": Kind("broken", "", {"api": broken}, (("api", None),), PATH),
}


def task(kind: str, path: str, **more: Any) -> Task:
    args = {"path": path, **more.pop("args", {})}
    return Task(more.pop("name", f"{kind} {path}"), kind, args, MARK, **more)


def run(
    *tasks: Task, servers: Servers | None = None, deadline: float = 20.0, forks: int = 8, selection: Selection | None = None
) -> Collected:
    spec = Spec("s", "s.yml", "", "0" * 64, {"who": "me"}, tasks, {})
    means = Means(KINDS, servers or Servers(), Expressions(), Shouting())
    return collect(spec, means, Limits(deadline, forks), selection or Selection())

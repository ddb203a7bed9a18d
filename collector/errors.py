"""The hierarchy of errors.

    CollectorError             something that a user can fix; `exit_code` is the process's
    ├── UsageError        64   wrong flags or arguments
    ├── SettingsError     78   an environment variable or a file it names does not make sense
    ├── SpecError         78   a spec, a rule or a bundle is wrong; carries every problem with its place
    └── DeliveryError     70   a report could not be delivered (the report itself is kept)
    Unanswered                 a rung got no usable answer: a value on its way to becoming an `Attempt`, never seen by a user

Anything else that escapes is a bug and ends with exit code 70.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from collector.model import Mark, Reply, Status


class CollectorError(Exception):
    """A failure that the user can fix: what failed, where, why, what to do."""

    exit_code: ClassVar[int] = 70


class UsageError(CollectorError):
    """The command line does not say what to do."""

    exit_code: ClassVar[int] = 64


class SettingsError(CollectorError):
    """The environment or a file that it names cannot be used."""

    exit_code: ClassVar[int] = 78


class DeliveryError(CollectorError):
    """The report is there but did not reach its reader."""

    exit_code: ClassVar[int] = 70


class Problem(NamedTuple):
    """One thing wrong in a file: where, what, and what was probably meant."""

    mark: Mark
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """One line: `file:line:column: path: message (hint)`."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.mark}: {self.mark.path}: {self.message}{hint}"


class SpecError(CollectorError):
    """A spec, rule file or bundle that cannot be used; `problems` holds all of them, not only the first."""

    exit_code: ClassVar[int] = 78

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Unanswered(Exception):  # noqa: N818 - not an error: a rung that got no usable answer
    """Raised by a rung instead of returning data; the next rung is tried unless `final`.

    A refusal (403) or a definite absence (404 of the thing itself) is `final`: another way to ask is not a way around it.
    """

    def __init__(self, status: Status, reason: str, *, final: bool = False, reply: Reply | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.final = final
        self.reply = reply

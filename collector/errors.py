"""The error hierarchy.

    CollectorError             something that a user can fix; `exit_code` is the process's
    ├── UsageError        64   wrong flags or arguments
    ├── SettingsError     78   an invalid environment variable, or an invalid file named by one
    ├── SpecError         78   an invalid spec, rule or bundle; lists every problem with its position
    └── DeliveryError     70   a report could not be delivered (the report itself is kept)
    Unanswered                 a rung got no usable answer: becomes an `Attempt`, never reaches the user

Any other exception is a bug and ends with exit code 70.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from collector.model import Mark, Reply, Status


class CollectorError(Exception):
    """An error that the user can fix; the message says what failed, where, why, and what to do."""

    exit_code: ClassVar[int] = 70


class UsageError(CollectorError):
    """The command line is invalid."""

    exit_code: ClassVar[int] = 64


class SettingsError(CollectorError):
    """An environment variable, or a file that it names, is unusable."""

    exit_code: ClassVar[int] = 78


class DeliveryError(CollectorError):
    """The report was made but could not be delivered."""

    exit_code: ClassVar[int] = 70


class Problem(NamedTuple):
    """One problem in a file: where, what, and what was probably meant."""

    mark: Mark
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `file:line:column: path: message (hint)`."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.mark}: {self.mark.path}: {self.message}{hint}"


class SpecError(CollectorError):
    """An unusable spec, rule file or bundle; `problems` holds all problems, not only the first."""

    exit_code: ClassVar[int] = 78

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Unanswered(Exception):  # noqa: N818 - control flow, not an error
    """Raised by a rung instead of returning data; the next rung is tried unless `final`.

    A refusal (403) or a definite absence (404 of the object itself) is `final`, since another rung would get the same answer.
    """

    def __init__(self, status: Status, reason: str, *, final: bool = False, reply: Reply | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.final = final
        self.reply = reply

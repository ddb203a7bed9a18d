"""Environment variables parsed to values; `SettingsError` names an invalid one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from collector.errors import SettingsError

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""The values that Go's strconv.ParseBool accepts, and so both CLIs."""
MAX_SECRET_FILE = 64 << 10


class Environment:
    """A mapping of variables, read by type. An empty variable counts as unset; messages never quote a secret."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        """Return the value, or the empty string."""
        return self._variables.get(name, "")

    def flag(self, name: str, *, default: bool) -> bool:
        """Parse a boolean as Go does.

        The CLIs ignore an unknown word; here it is an error, since guessing about TLS is worse than stopping.
        """
        value = self.text(name)
        if value in TRUE | FALSE:
            return value in TRUE
        if value:
            raise SettingsError(f"{name}: {value!r} is neither true nor false; use 1, t, true or 0, f, false")
        return default

    def header(self, name: str) -> str:
        """Return a secret that is sent in an HTTP header."""
        return _for_header(name, self.text(name))

    def header_file(self, name: str) -> str:
        """Like `secret_file`, for a secret that is sent in an HTTP header."""
        return _for_header(name, self.secret_file(name))

    def secret_file(self, name: str) -> str:
        """Return the content of the file that the variable names, stripped; empty if unset or empty."""
        path = self.text(name)
        if not path:
            return ""
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_SECRET_FILE)
            return content.decode().strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"{name}: cannot read the file {path!r}: {_why(error)}") from None

    def file(self, name: str) -> str:
        """Return the path of a readable file, or the empty string."""
        path = self.text(name)
        if path:
            try:
                with Path(path).open("rb") as file:
                    file.read(1)
            except (OSError, ValueError) as error:
                raise SettingsError(f"{name}: cannot read the file {path!r}: {_why(error)}") from None
        return path

    def directory(self, name: str) -> str:
        """Return the path of a listable directory, or the empty string."""
        path = self.text(name)
        if path:
            try:
                next(Path(path).iterdir(), None)
            except (OSError, ValueError) as error:
                raise SettingsError(f"{name}: cannot list the directory {path!r}: {_why(error)}") from None
        return path

    def user_and_password(self, name: str) -> tuple[str, str] | None:
        """Parse `user:password`, or a user alone; None if unset."""
        value = self.header(name)
        user, _, password = value.partition(":")
        return (user, password) if value else None


def _for_header(name: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise SettingsError(f"{name}: has a line break or another character in it that no HTTP header can carry")
    return value


def _why(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not text"

"""Whose database a complaint is about: one that LiteFS keeps, or a file of the application's beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from collector.observe.world.survey import World

_FILE = re.compile(
    r"(?<![\w./])(?P<folder>(?:/[\w.@+-]{1,80}){0,20}/)(?P<name>[\w@+-]{1,60}(?:\.[\w@+-]{1,20}){0,3}\.(?:db3?|sqlite3?|s3db))\b"
)
"""An absolute path to a file whose name ends as SQLite's usually do."""


class Files:
    """The names that LiteFS has for its databases are the files' own, on every node and under whatever path a task mounts them."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(db["name"] for result in self._world.results("litefs_status") for db in result.data["databases"])

    def theirs(self, text: str) -> bool:
        """The text names a database by its path, and none of those that it names is LiteFS's. False where nobody knows LiteFS's."""
        mount = self._world.bundle.vars.get("mount")
        named = list(_FILE.finditer(text)) if self._names else []
        kept = (found["name"] in self._names or bool(mount and found["folder"].startswith(f"{mount}/")) for found in named)
        return bool(named) and not any(kept)

    def apart(self, text: str, fields: Mapping[str, str | bool | None]) -> Mapping[str, str | bool | None]:
        """The fields of a complaint without what SQLite says of a database that is not LiteFS's."""
        sqlites = {"malformed": None, "read_only": None}
        return {**fields, **sqlites} if (fields["malformed"] or fields["read_only"]) and self.theirs(text) else fields

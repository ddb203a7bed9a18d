"""Determines whether an error is about a database of LiteFS, or about another file of the application."""

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
    """The names of LiteFS's databases, which equal the file names on every node, whatever path a task mounts them at."""

    def __init__(self, world: World) -> None:
        self._world = world

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(db["name"] for result in self._world.results("litefs_status") for db in result.data["databases"])

    def theirs(self, text: str) -> bool:
        """True if the text names a database by path, and none that LiteFS keeps. False if LiteFS's databases are unknown."""
        mount = self._world.bundle.vars.get("mount")
        named = list(_FILE.finditer(text)) if self._names else []
        kept = (found["name"] in self._names or bool(mount and found["folder"].startswith(f"{mount}/")) for found in named)
        return bool(named) and not any(kept)

    def apart(self, text: str, fields: Mapping[str, str | bool | None]) -> Mapping[str, str | bool | None]:
        """Remove from a complaint's fields what SQLite says about a database that is not LiteFS's."""
        sqlites = {"malformed": None, "read_only": None}
        return {**fields, **sqlites} if (fields["malformed"] or fields["read_only"]) and self.theirs(text) else fields

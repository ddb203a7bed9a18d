"""Caches compiled templates in `__pycache__`, as Python does for modules: compiling one takes a twentieth of a run."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError

import jinja2
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from collector.resources import template_dir


class TemplateCache(FileSystemBytecodeCache):
    """A Jinja2 bytecode cache keyed by the template's text. `compiler` is the file that determines how templates are compiled."""

    def __init__(self, compiler: str) -> None:
        made_by = "-".join(str(Path(file).stat().st_mtime_ns) for file in (compiler, jinja2.__file__))
        super().__init__(str(template_dir() / "__pycache__"), f"{made_by}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a cached template, if there is a readable one."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Cache a template, if the directory is writable."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)

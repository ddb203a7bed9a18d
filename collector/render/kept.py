"""Compiled templates, kept in `__pycache__` beside ours as Python keeps compiled modules: compiling one takes a twentieth of a run."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError

import jinja2
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from collector.resources import template_dir


class KeptTemplates(FileSystemBytecodeCache):
    """Jinja's own cache, by a template's text. `compiler` is the file that says how it is compiled: changed, it has another cache."""

    def __init__(self, compiler: str) -> None:
        made_by = "-".join(str(Path(file).stat().st_mtime_ns) for file in (compiler, jinja2.__file__))
        super().__init__(str(template_dir() / "__pycache__"), f"{made_by}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that is kept, if what is kept can be read."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template, where it may be written: a run does without as well."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)

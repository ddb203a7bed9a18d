"""Earlier runs, and what changed since: docs/history.md gives the shape of the changes."""

from __future__ import annotations

from collector.history.compare import Outlook, compare, outlook
from collector.history.join import joined
from collector.history.run import Run
from collector.history.store import Earlier, Store, open_store

__all__ = ["Earlier", "Outlook", "Run", "Store", "compare", "joined", "open_store", "outlook"]

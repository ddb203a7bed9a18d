"""Earlier runs, and what has changed since (docs/history.md)."""

from __future__ import annotations

from collector.history.compare import Outlook, compare, outlook
from collector.history.join import joined
from collector.history.run import Run
from collector.history.store import Earlier, Store, open_store

__all__ = ["Earlier", "Outlook", "Run", "Store", "compare", "joined", "open_store", "outlook"]

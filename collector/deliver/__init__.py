"""Delivery: where a report goes (`destinations`, all that is needed before a run), and getting it there (`delivery`, `ping`)."""

from __future__ import annotations

from collector.deliver.destinations import Destination, File, Mail, Ping, Stdout, Wishes, destinations

__all__ = ["Destination", "File", "Mail", "Ping", "Stdout", "Wishes", "destinations"]

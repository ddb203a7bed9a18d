"""Delivery: `destinations` are checked before a run; `delivery` and `ping` send the report."""

from __future__ import annotations

from collector.deliver.destinations import Destination, File, Mail, Ping, Stdout, Wishes, destinations

__all__ = ["Destination", "File", "Mail", "Ping", "Stdout", "Wishes", "destinations"]

"""Delivery: `destinations` are checked before a run; `delivery` and `ping` send the report."""

from __future__ import annotations

from collector.deliver.destinations import DeliveryOptions, Destination, File, Mail, Ping, Stdout, destinations

__all__ = ["DeliveryOptions", "Destination", "File", "Mail", "Ping", "Stdout", "destinations"]

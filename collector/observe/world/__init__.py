"""The bundle, read once: results by kind, names and clocks reconciled, and the state of each allocation."""

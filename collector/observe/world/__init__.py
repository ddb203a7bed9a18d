"""The bundle read once: what was answered, by kind; names and clocks made one; what state each allocation is in."""

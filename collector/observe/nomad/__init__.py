"""Nomad's data about the job: its allocations and their events, canaries, and what the scheduler waits for."""

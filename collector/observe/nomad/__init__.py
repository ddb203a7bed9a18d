"""What Nomad says of the job: its allocations and their events, canaries, what the scheduler waits for."""

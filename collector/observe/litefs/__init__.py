"""LiteFS as it answered: roles, positions, the lease, and whose files a complaint is about."""

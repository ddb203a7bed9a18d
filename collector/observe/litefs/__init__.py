"""LiteFS's answers: roles, positions, the lease, and whether an error is about its files."""

"""Logs: each distinct message once, what is over since, and what LiteFS tells in them of its role."""

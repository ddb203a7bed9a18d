"""Logs: each distinct message once, what is over, and what LiteFS logs about its role."""

"""Finds mutations of rules and redaction patterns that no test notices.

`python -m tests.mutation` tries each and writes docs/mutation.md.
"""

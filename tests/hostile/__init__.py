"""Anything that a server, a log line or a file may contain, through the whole program: it may cost an answer, never the report."""

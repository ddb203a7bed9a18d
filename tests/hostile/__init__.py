"""Everything that a server, a log line or a file may say, through the whole program: it may cost an answer, never the report."""

"""Which break of a rule or a redaction pattern would no test notice? `python -m tests.mutation` tries each and writes docs/mutation.md."""

"""One module per command: `run(arguments) -> exit code`; budget, collecting, reading and reporting are what they share.

The only place where the parts are wired together.
"""

"""One module per command: `run(arguments) -> exit code`. The only place where the parts are wired together."""

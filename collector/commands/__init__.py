"""One file per command: `run(arguments) -> exit code`. Here the parts are wired; nothing else wires."""

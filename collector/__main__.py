"""The console script, also as `python -m collector`: until collector.cli is there, which handles Ctrl-C, it ends the process silently."""

from __future__ import annotations

import signal


def run() -> None:
    """Run the command line, and exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from collector import cli  # noqa: PLC0415 - takes a moment, in which Python would print a traceback

    cli.run()


if __name__ == "__main__":
    run()

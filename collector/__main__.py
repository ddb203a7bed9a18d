"""`python -m collector` is the console script."""

from collector.cli import run

run()

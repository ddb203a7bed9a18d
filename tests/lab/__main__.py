"""`python -m tests.lab up|fault NAME|heal|down|faults`: see docs/lab.md."""

from __future__ import annotations

import argparse
import sys

from tests.lab.cluster import Lab, LabError, boot, down
from tests.lab.faults import FAULTS
from tests.lab.layout import loopback
from tests.lab.machines import Timeout


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns 0 on success, else 1 with a sentence on stderr."""
    arguments = _parser().parse_args(argv)
    commands = {"up": _up, "fault": _fault, "heal": _heal, "down": _down, "faults": _faults}
    try:
        commands[arguments.command](arguments)
    except (LabError, Timeout) as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="A real cluster on loopback, to be broken on purpose.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="boot it and wait until it is healthy")
    up.add_argument("--nodes", type=int, default=3, metavar="N", help="how many nodes (3)")
    up.add_argument("--servers", type=int, choices=(1, 3), default=1, help="how many servers (1)")
    up.add_argument("--block", default="127.0.0", metavar="A.B.C", help="the loopback network to use (127.0.0)")
    commands.add_parser("fault", help="break it").add_argument("name", choices=sorted(FAULTS), metavar="NAME")
    commands.add_parser("heal", help="boot a fresh one of the same shape")
    commands.add_parser("down", help="stop it and leave nothing behind")
    commands.add_parser("faults", help="list the faults")
    return parser


def _up(arguments: argparse.Namespace) -> None:
    _tell(boot(loopback(arguments.servers, arguments.nodes, block=arguments.block)))


def _fault(arguments: argparse.Namespace) -> None:
    lab, fault = Lab.load(), FAULTS[arguments.name]
    try:
        where = fault.inject(lab)
    finally:
        lab.save()
    _say(f"{fault.summary}{f', on {where}' if where else ''}\nthe true cause: {fault.code}; it shows within half a minute")


def _heal(_: argparse.Namespace) -> None:
    lab = Lab.load()
    down(lab)
    _tell(boot(lab.layout))


def _down(_: argparse.Namespace) -> None:
    down(Lab.load())


def _faults(_: argparse.Namespace) -> None:
    width = max(map(len, FAULTS))
    for name, fault in FAULTS.items():
        _say(f"{name:{width}}  {fault.summary} ({fault.code})")


def _tell(lab: Lab) -> None:
    nodes = ", ".join(f"{node.name} {node.address}" for node in lab.layout.nodes)
    _say(f"up: {nodes}")
    _say(f"NOMAD_ADDR={lab.nomad_url} CONSUL_HTTP_ADDR={lab.consul_url} collector diagnose specs/navidrome.yml")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())

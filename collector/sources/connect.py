"""TCP connections with a deadline. The only module that opens a socket."""

from __future__ import annotations

import socket
import time


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """Connect to the first address of `host` that accepts, before the monotonic time `deadline`.

    Each of a name's addresses gets a share of the time, so that a dead one leaves time for the others. The remaining time becomes the
    socket's timeout. Raises `socket.gaierror`, `TimeoutError` or the last address's `OSError`. A name lookup cannot be interrupted, so
    callers that must not wait for it use a thread that can be abandoned.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = TimeoutError("timed out")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        share = remaining(deadline) / (len(addresses) - tried)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(share)
            sock.connect(address)
            sock.settimeout(remaining(deadline))
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def remaining(deadline: float) -> float:
    """Return the seconds until the monotonic time `deadline`, always more than 0; `TimeoutError` if it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left

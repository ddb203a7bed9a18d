"""Tests whether anything listens: one TCP connection without data, through the proxy's CONNECT if there is a proxy."""

from __future__ import annotations

import contextlib
import re
from http import HTTPStatus

from collector.model import Dial, Reply, Status, host_port
from collector.redact import Redactor
from collector.settings.address import parse_address
from collector.sources import translate
from collector.sources.answer import basic, where_of
from collector.sources.connect import connect, remaining

MAX_HEAD = 16 << 10
CHUNK = 4096


def dial(request: Dial, proxy: str, deadline: float, redactor: Redactor) -> Reply:
    """Connect once. `proxy` is `http://host:port` or empty."""
    where = target = host_port(request.host, request.port)
    try:
        failure, detail = _by_proxy(target, proxy, deadline) if proxy else _directly(request, deadline)
    except (OSError, ValueError) as error:
        failure, detail = translate.failure(error), translate.detail(error)
        where = f"the proxy {where_of(proxy)}" if proxy else target
    endpoint = redactor.text(f"connect {target}")
    if failure is None:
        return Reply(endpoint, Status.OK)
    return Reply(endpoint, failure.status, cause=failure.cause, reason=redactor.text(failure.sentence.format(where=where, detail=detail)))


def _directly(request: Dial, deadline: float) -> tuple[None, str]:
    connect(request.host, request.port, deadline).close()
    return None, ""


def _by_proxy(target: str, proxy: str, deadline: float) -> tuple[translate.Failure | None, str]:
    """Connect through the proxy; return None on success, else the reason."""
    if not target.isprintable() or " " in target:
        raise ValueError("the host has a space or a control character in it")  # it would end the request line
    address = parse_address("COLLECTOR_PROXY", proxy)
    headers = {"Host": target} | {f"Proxy-{name}": value for name, value in basic(address.auth).items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with contextlib.closing(connect(address.host, address.port, deadline)) as sock:
        sock.sendall(f"CONNECT {target} HTTP/1.1\r\n{head}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < MAX_HEAD:
            sock.settimeout(remaining(deadline))
            if not (chunk := sock.recv(CHUNK)):
                break
            answer += chunk
    return _judged(answer.decode("latin-1"))


def _judged(head: str) -> tuple[translate.Failure | None, str]:
    code = re.match(r"HTTP/1\.[01] (\d{3})", head)
    if code and code[1].startswith("2"):
        return None, ""
    status = re.search(r"^proxy-status:(.*)$", head, re.IGNORECASE | re.MULTILINE)
    failure = translate.proxy_failure(status[1]) if status else None
    if failure:
        return failure
    if code and int(code[1]) == HTTPStatus.GATEWAY_TIMEOUT:
        return translate.CONNECT_TIMEOUT, ""
    return translate.NOT_BY_PROXY, code[0] if code else "no HTTP"

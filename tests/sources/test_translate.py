"""Every exception of the SDKs and their foundations is translated."""

from __future__ import annotations

import errno
import http.client
import inspect
import socket
import ssl

import pytest
import requests
import urllib3.exceptions
from nomad.api import exceptions as nomad_exceptions
from urllib3.exceptions import MaxRetryError, NewConnectionError

from collector.model import Status
from collector.sources import translate

CAUSES = {"refused", "dns", "reset", "unroutable", "tls", "timeout", "redirect", "protocol"}


def classes(module: object) -> list[type[Exception]]:
    members = (member for _, member in inspect.getmembers(module, inspect.isclass))
    return [member for member in members if issubclass(member, Exception) and not issubclass(member, Warning) and member.__name__[0] != "_"]


FOUNDATIONS = [*classes(requests.exceptions), *classes(urllib3.exceptions), *classes(http.client), *classes(ssl), *classes(socket)]


@pytest.mark.parametrize("kind", FOUNDATIONS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_class_is_expected_and_has_a_meaning(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    assert isinstance(error, translate.EXPECTED)
    meaning = translate.failure(error)
    assert meaning is not None
    assert meaning.cause in CAUSES
    assert meaning.status in {Status.UNREACHABLE, Status.TIMEOUT, Status.FAILED}


def test_nomads_own_exceptions_carry_what_they_wrap() -> None:
    refused = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "x")))  # type: ignore[arg-type]
    refused.args[0].reason.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    for kind in classes(nomad_exceptions):
        meaning = translate.failure(kind(refused))
        assert meaning is not None
        assert meaning.cause == "refused"


ERRNOS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unroutable",
    errno.ENETUNREACH: "unroutable",
    errno.EADDRNOTAVAIL: "unroutable",
    errno.EMFILE: "protocol",
}


@pytest.mark.parametrize("number", ERRNOS)
def test_the_systems_errors_mean_what_they_say_however_deep_they_are(number: int) -> None:
    inner = OSError(number, "text of the system")
    wrapped = NewConnectionError(None, "no")  # type: ignore[arg-type]
    wrapped.__cause__ = inner
    for error in (inner, wrapped, requests.ConnectionError(wrapped)):
        meaning = translate.failure(error)
        assert meaning is not None
        assert meaning.cause == ERRNOS[number]


@pytest.mark.parametrize("bug", [TypeError("x"), AttributeError("x"), AssertionError("x"), NameError("x"), RuntimeError("x")])
def test_a_bug_is_not_an_answer(bug: Exception) -> None:
    assert not isinstance(bug, translate.EXPECTED)
    assert translate.failure(bug) is None


DETAILS = {
    "wrong version number": ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
    "Too many open files": requests.ConnectionError(NewConnectionError(None, "x"), OSError(errno.EMFILE, "Too many open files")),  # type: ignore[arg-type]
    "innermost": ValueError(ValueError("innermost")),
    "OSError": OSError(),
}


@pytest.mark.parametrize("text", DETAILS)
def test_a_detail_is_the_innermost_text_without_where_it_stood_in_pythons_sources(text: str) -> None:
    assert translate.detail(DETAILS[text]).endswith(text)
    assert "_ssl.c" not in translate.detail(DETAILS[text])


def test_exceptions_that_wrap_each_other_end() -> None:
    one, two = OSError("a"), OSError("b")
    one.__cause__, two.__cause__ = two, one
    meaning = translate.failure(one)
    assert meaning is not None
    assert meaning.cause == "protocol"


@pytest.mark.parametrize("header", ["", "squid", "squid; error=unheard_of", "squid; next-hop=a", "error=connection_refused"])
def test_a_proxy_status_without_a_known_error_says_nothing(header: str) -> None:
    assert translate.proxy_failure(header) is None


def test_a_proxy_status_has_details() -> None:
    told = translate.proxy_failure('ExampleCDN; error=dns_error; rcode="NXDOMAIN"; details="no such name"')
    assert told == (translate.DNS, "no such name")

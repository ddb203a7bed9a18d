"""TLS through the whole program: what is rejected is named `access.tls`, and nothing behind it is believed."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.hostile.run import Run
from tests.privilege.specs import diagnose
from tests.sources import servers

TASKS: dict[str, list[dict[str, Any]]] = {
    "NOMAD": [{"nomad_nodes": {}}, {"nomad_job": {"job": "web"}}, {"nomad_agent": {}}],
    "CONSUL": [{"consul_members": {}}, {"consul_checks": {"service": "web"}}, {"consul_leader": {}}],
}
ADDRESS = {"NOMAD": "NOMAD_ADDR", "CONSUL": "CONSUL_HTTP_ADDR"}
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
TOKENS = {"NOMAD_TOKEN": "nomad-token-01", "CONSUL_HTTP_TOKEN": "consul-token-02"}


@dataclass
class Pki:
    """A private authority and its files."""

    directory: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    def file(self, name: str, *blobs: trustme.Blob) -> str:
        path = self.directory / name
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return str(path)

    @property
    def ca(self) -> str:
        return self.file("ca.pem", self.authority.cert_pem)

    def client(self, authority: trustme.CA | None = None, **details: Any) -> dict[str, str]:
        mine = (authority or self.authority).issue_cert("client.global.nomad", **details)
        return {"CLIENT_CERT": self.file("client.pem", *mine.cert_chain_pems), "CLIENT_KEY": self.file("client.key", mine.private_key_pem)}

    def server(self, *names: str, wants_client: bool = False, **details: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names, **details).configure_cert(context)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return context


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


Variables = Callable[[Pki], dict[str, str]]
NAMED: Variables = lambda pki: {"CACERT": pki.ca}  # noqa: E731 - a table of them follows

ACCEPTED: dict[str, tuple[Callable[[Pki], ssl.SSLContext], Variables]] = {
    "a private authority that is named": (lambda pki: pki.server("127.0.0.1"), NAMED),
    "a server's name that is named": (
        lambda pki: pki.server("server.global.nomad"),
        lambda pki: {"CACERT": pki.ca, "TLS_SERVER_NAME": "server.global.nomad"},
    ),
    "a client certificate that is wanted": (
        lambda pki: pki.server("127.0.0.1", wants_client=True),
        lambda pki: {"CACERT": pki.ca, **pki.client()},
    ),
}
REFUSED: dict[str, tuple[Callable[[Pki], ssl.SSLContext], Variables]] = {
    "a private authority that nobody named": (lambda pki: pki.server("127.0.0.1"), lambda _: {}),
    "another authority": (lambda pki: pki.server("127.0.0.1"), lambda pki: {"CACERT": pki.file("other.pem", trustme.CA().cert_pem)}),
    "another host's name": (lambda pki: pki.server("elsewhere.example"), NAMED),
    "a certificate that has expired": (lambda pki: pki.server("127.0.0.1", not_after=LONG_AGO), NAMED),
    "no client certificate where one is wanted": (lambda pki: pki.server("127.0.0.1", wants_client=True), NAMED),
    "a client certificate of another authority": (
        lambda pki: pki.server("127.0.0.1", wants_client=True),
        lambda pki: {"CACERT": pki.ca, **pki.client(trustme.CA())},
    ),
    "a client certificate that has expired": (
        lambda pki: pki.server("127.0.0.1", wants_client=True),
        lambda pki: {"CACERT": pki.ca, **pki.client(not_after=LONG_AGO)},
    ),
}


def run(system: str, case: tuple[Callable[[Pki], ssl.SSLContext], Variables], pki: Pki) -> tuple[Run, list[bytes]]:
    """Run `collector diagnose` on one system; return also the requests its server received."""
    context, variables = case
    with servers.serving(servers.answer(b"[]"), tls=context(pki)) as server:
        environ = {f"{system}_{name}": value for name, value in variables(pki).items()}
        return diagnose(pki.directory, TASKS[system], {ADDRESS[system]: server.url, **TOKENS, **environ}), server.heads


@pytest.mark.parametrize("system", TASKS)
@pytest.mark.parametrize("case", ACCEPTED)
def test_what_the_settings_say_is_accepted(case: str, system: str, pki: Pki) -> None:
    ran, asked = run(system, ACCEPTED[case], pki)
    assert asked
    assert "access.tls" not in ran.codes


@pytest.mark.parametrize("system", TASKS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_accepted_is_named_and_no_token_is_sent(case: str, system: str, pki: Pki) -> None:
    ran, asked = run(system, REFUSED[case], pki)
    assert asked == []
    assert ran.codes == {"access.tls"}, ran.report["root_causes"]
    assert ran.report["verdict"] == "unknown"
    assert not [token for token in TOKENS.values() if token in ran.stdout + ran.stderr]


@pytest.mark.parametrize("system", TASKS)
def test_a_server_that_speaks_no_tls_is_named_too(system: str, tmp_path: Path) -> None:
    with servers.serving(servers.answer(b"", status="400 Bad Request")) as server:
        environ = {ADDRESS[system]: server.url.replace("http:", "https:"), **TOKENS}
        ran = diagnose(tmp_path, TASKS[system], environ)
    assert "access.tls" in ran.codes
    assert not [head for head in server.heads if b"token" in head.lower()]

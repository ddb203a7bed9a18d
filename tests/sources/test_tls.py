"""TLS follows the settings, and nothing the server does weakens it."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
import trustme

from collector.errors import SettingsError
from collector.model import Http, Status
from tests.sources import servers
from tests.sources.asking import DEADLINE, LATE, ask, sources

API = {"nomad": ("NOMAD", "NOMAD_ADDR", "/v1/nodes"), "consul": ("CONSUL", "CONSUL_HTTP_ADDR", "/v1/catalog/nodes")}
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def server_side(authority: trustme.CA, *names: str, expired: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=LONG_AGO if expired else None).configure_cert(context)
    return context


def asked(source: str, url: str, **variables: str) -> dict[str, str]:
    prefix, address, _ = API[source]
    return {address: url} | {f"{prefix}_{name}": value for name, value in variables.items()}


@pytest.mark.parametrize("source", API)
def test_a_private_authority_is_trusted_when_it_is_named(source: str, authority: trustme.CA, ca_file: str) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1")) as server:
        assert ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file)).status == Status.OK


@pytest.mark.parametrize("source", API)
def test_a_directory_of_authorities_needs_no_hashed_names(source: str, authority: trustme.CA, tmp_path: Path) -> None:
    (tmp_path / "cas").mkdir()
    trustme.CA().cert_pem.write_to_path(tmp_path / "cas" / "another.pem")
    authority.cert_pem.write_to_path(tmp_path / "cas" / "ours.crt")
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1")) as server:
        assert ask(Http(source, API[source][2]), asked(source, server.url, CAPATH=str(tmp_path / "cas"))).status == Status.OK


@pytest.mark.parametrize("source", API)
def test_an_authority_that_nobody_named_is_not_trusted(source: str, authority: trustme.CA) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1")) as server:
        reply = ask(Http(source, API[source][2]), asked(source, server.url))
    assert (reply.status, reply.cause) == (Status.FAILED, "tls")
    assert "certificate" in reply.reason


def test_a_workload_with_tls_skip_verify_is_queried_without_verification(authority: trustme.CA) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1")) as server:
        request = Http("litefs", "/ping", base=server.url)
        assert ask(request, {}).cause == "tls"
        assert ask(request._replace(verify=False), {}).status == Status.OK


def test_a_named_authority_replaces_all_others(authority: trustme.CA, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1")) as server:
        reply = ask(Http("nomad", "/v1/nodes"), asked("nomad", server.url, CACERT=str(tmp_path / "other.pem")))
    assert reply.cause == "tls"
    assert server.heads == []


@pytest.mark.parametrize("source", API)
def test_another_hosts_certificate_is_not_accepted(source: str, authority: trustme.CA, ca_file: str) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "server.global.nomad")) as server:
        reply = ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file))
    assert reply.cause == "tls"
    assert "127.0.0.1" in reply.reason


@pytest.mark.parametrize("source", API)
def test_the_server_name_of_the_settings_is_the_one_that_counts(source: str, authority: trustme.CA, ca_file: str) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "server.global.nomad")) as server:
        right = ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file, TLS_SERVER_NAME="server.global.nomad"))
        wrong = ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file, TLS_SERVER_NAME="client.global.nomad"))
    assert right.status == Status.OK
    assert wrong.cause == "tls"


def test_an_expired_certificate_is_not_accepted(authority: trustme.CA, ca_file: str) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "127.0.0.1", expired=True)) as server:
        reply = ask(Http("nomad", "/v1/nodes"), asked("nomad", server.url, CACERT=ca_file))
    assert reply.cause == "tls"
    assert "expired" in reply.reason


@pytest.mark.parametrize(("source", "off"), [("nomad", {"SKIP_VERIFY": "1"}), ("consul", {"HTTP_SSL_VERIFY": "0"})])
def test_verification_can_be_switched_off_in_silence(source: str, off: dict[str, str], authority: trustme.CA) -> None:
    with servers.serving(servers.answer(b"[]"), tls=server_side(authority, "elsewhere.example")) as server:
        assert ask(Http(source, API[source][2]), asked(source, server.url, **off)).status == Status.OK


@pytest.mark.parametrize("source", API)
def test_a_client_certificate_is_shown_to_a_server_that_wants_one(source: str, authority: trustme.CA, ca_file: str, tmp_path: Path) -> None:
    mine = authority.issue_cert("client.global.nomad")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    mine.private_key_pem.write_to_path(tmp_path / "client.key")
    context = server_side(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    certificate = {"CLIENT_CERT": str(tmp_path / "client.pem"), "CLIENT_KEY": str(tmp_path / "client.key")}
    with servers.serving(servers.answer(b"[]"), tls=context) as server:
        with_it = ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file, **certificate))
        without = ask(Http(source, API[source][2]), asked(source, server.url, CACERT=ca_file))
    assert with_it.status == Status.OK
    assert without.cause in {"tls", "reset"}


@pytest.mark.parametrize("source", API)
def test_a_server_without_tls_is_named_as_that_with_the_variable_to_mend(source: str) -> None:
    with servers.serving(servers.answer(b"", status="400 Bad Request")) as server:
        reply = ask(Http(source, API[source][2]), asked(source, server.url.replace("http", "https")))
    assert (reply.status, reply.cause) == (Status.FAILED, "tls")
    assert reply.reason.endswith(f"the server speaks plain HTTP; is it http:// in {API[source][1]}?")


def test_an_agent_without_tls_is_named_as_that_and_no_variable_is_blamed() -> None:
    with servers.serving(servers.answer(b"", status="400 Bad Request")) as server:
        reply = ask(Http("consul", "/v1/agent/checks", base=server.url.replace("http", "https")), {})
    assert (reply.status, reply.cause) == (Status.FAILED, "tls")
    assert reply.reason.endswith("the server speaks plain HTTP; is it http://?")


WANTS_TLS = b"Client sent an HTTP request to an HTTPS server.\n"


@pytest.mark.parametrize("source", API)
def test_a_server_that_wants_tls_is_named_as_that_with_the_variable_to_mend(source: str) -> None:
    with servers.serving(servers.answer(WANTS_TLS, status="400 Bad Request")) as server:
        reply = ask(Http(source, API[source][2]), asked(source, server.url))
    assert (reply.status, reply.code, reply.cause) == (Status.FAILED, 400, "")
    assert reply.reason.endswith(f"{WANTS_TLS.decode().strip()} Is it https:// in {API[source][1]}?")


@pytest.mark.parametrize(("code", "body"), [(400, b"Missing job ID"), (200, WANTS_TLS), (403, WANTS_TLS)])
def test_only_gos_tls_hint_is_taken_for_one(code: int, body: bytes) -> None:
    with servers.serving(servers.answer(body, status=f"{code} x")) as server:
        assert "https://" not in ask(Http("nomad", "/v1/nodes"), asked("nomad", server.url)).reason


def test_a_handshake_that_hangs_is_a_timeout() -> None:
    with servers.serving(servers.silent) as server:
        reply = ask(Http("nomad", "/v1/nodes"), {"NOMAD_ADDR": server.url.replace("http", "https")}, seconds=DEADLINE)
    assert reply.cause == "timeout"
    assert reply.seconds < DEADLINE + LATE


@pytest.mark.parametrize("variable", ["NOMAD_CACERT", "CONSUL_CACERT"])
def test_a_file_that_holds_no_certificate_is_a_wrong_setting(variable: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(SettingsError, match=variable), sources({variable: str(tmp_path / "ca.pem")}):
        pass


def test_a_file_in_capath_that_holds_no_certificate_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a certificate")
    with pytest.raises(SettingsError, match=r"NOMAD_CAPATH.*notes\.txt"), sources({"NOMAD_CAPATH": str(tmp_path)}):
        pass


def test_a_key_that_does_not_fit_its_certificate_is_a_wrong_setting(authority: trustme.CA, tmp_path: Path) -> None:
    authority.issue_cert("a.example").cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    authority.issue_cert("b.example").private_key_pem.write_to_path(tmp_path / "client.key")
    files = {"NOMAD_CLIENT_CERT": str(tmp_path / "client.pem"), "NOMAD_CLIENT_KEY": str(tmp_path / "client.key")}
    with pytest.raises(SettingsError, match="NOMAD_CLIENT_KEY"), sources(files):
        pass

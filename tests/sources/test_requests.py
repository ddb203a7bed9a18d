"""Requests on the wire: the right path and credentials, and nothing from the process' environment."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from collector.model import Http, Status
from tests.sources import servers
from tests.sources.asking import ask, sources

TOKENS = {"NOMAD_TOKEN": "nomad-secret", "CONSUL_HTTP_TOKEN": "consul-secret"}
HOSTILE = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
    "NO_PROXY": "",
    "CONSUL_HTTP_SSL": "true",
    "CONSUL_HTTP_ADDR": "a:b:c:d",
    "NOMAD_ADDR": "http://127.0.0.1:1",
    "NOMAD_TOKEN": "of-another-cluster",
    "CONSUL_HTTP_TOKEN": "of-another-cluster",
    "REQUESTS_CA_BUNDLE": "/nowhere",
    "CURL_CA_BUNDLE": "/nowhere",
}


def seen(request: Http, environ: dict[str, str] | None = None) -> bytes:
    """Return the request head received by the configured server."""
    with servers.serving(servers.answer(b"[]")) as server:
        reply = ask(request, {"NOMAD_ADDR": server.url, "CONSUL_HTTP_ADDR": server.url} | (environ or {}))
    assert reply.status == Status.OK, reply
    return server.heads[0]


def header(head: bytes, name: str) -> str | None:
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
    return lines.get(name)


PATHS = {
    ("nomad", "/v1/nodes"): "/v1/nodes",
    ("nomad", "/v1/job/a%2Fperiodic-1%3F%23/allocations"): "/v1/job/a%2Fperiodic-1%3F%23/allocations",
    ("nomad", "/v1/job/with?mark#hash"): "/v1/job/with%3Fmark%23hash",
    ("nomad", "/v1/job/a b\r\nX-Evil: 1"): "/v1/job/a%20b%0D%0AX-Evil:%201",
    ("nomad", "/v1/job/h\u00e9llo"): "/v1/job/h%C3%A9llo",
    ("consul", "/v1/kv/litefs/navidrome"): "/v1/kv/litefs/navidrome",
    ("consul", "/v1/kv/litefs%2Fnavidrome"): "/v1/kv/litefs/navidrome",
    ("consul", "/v1/health/service/a%20b%3F"): "/v1/health/service/a%20b%3F",
    ("litefs", "/info"): "/info",
    ("litefs", "/health?full=1"): "/health?full=1",
    ("litefs", "relative"): "/relative",
}


@pytest.mark.parametrize(("source", "path"), PATHS)
def test_names_are_quoted_once(source: str, path: str) -> None:
    with servers.serving(servers.answer(b"[]")) as server:
        ask(Http(source, path, base=server.url))
    assert server.lines == [f"GET {PATHS[source, path]} HTTP/1.1"]


def test_the_query_is_sent_with_namespace_and_region_on_every_nomad_endpoint() -> None:
    environ = {"NOMAD_NAMESPACE": "media", "NOMAD_REGION": "home"}
    for path in ("/v1/evaluations", "/v1/jobs", "/v1/nodes"):
        assert f"GET {path}?namespace=media&region=home&prefix=a".encode() in seen(Http("nomad", path, {"prefix": "a"}), environ)
    assert b"GET /v1/jobs?namespace=%2A " in seen(Http("nomad", "/v1/jobs", {"namespace": "*"}))
    assert b"GET /v1/jobs " in seen(Http("nomad", "/v1/jobs"))


def test_a_parameter_is_sent_as_often_as_it_has_values() -> None:
    with servers.serving(servers.answer(b"[]")) as server:
        ask(Http("litefs", "/ping", {"tag": ("a", "b"), "full": ""}, base=server.url))
    assert server.lines == ["GET /ping?tag=a&tag=b&full= HTTP/1.1"]


def test_nomads_namespace_and_region_are_not_sent_to_consul() -> None:
    assert b"GET /v1/catalog/nodes?stale= HTTP" in seen(Http("consul", "/v1/catalog/nodes", {"stale": ""}), {"NOMAD_NAMESPACE": "media"})


def test_each_server_gets_its_own_token_alone() -> None:
    nomad, consul = seen(Http("nomad", "/v1/nodes"), TOKENS), seen(Http("consul", "/v1/catalog/nodes"), TOKENS)
    assert header(nomad, "X-Nomad-Token") == "nomad-secret"
    assert header(consul, "X-Consul-Token") == "consul-secret"
    assert b"consul-secret" not in nomad
    assert b"nomad-secret" not in consul


def test_user_and_password_go_as_basic_authentication() -> None:
    expected = "Basic " + base64.b64encode(b"me:pa:ss").decode()
    assert header(seen(Http("nomad", "/v1/nodes"), {"NOMAD_HTTP_AUTH": "me:pa:ss"}), "Authorization") == expected
    assert header(seen(Http("consul", "/v1/catalog/nodes"), {"CONSUL_HTTP_AUTH": "me:pa:ss"}), "Authorization") == expected


@pytest.mark.parametrize("source", ["nomad", "consul"])
def test_other_agents_of_the_cluster_get_the_token_over_the_same_scheme(source: str) -> None:
    path = {"nomad": "/v1/agent/self", "consul": "/v1/agent/checks"}[source]
    for scheme, expected in (("http", True), ("https", False)):
        configured = f"{scheme}://127.0.0.1:1"
        with servers.serving(servers.answer(b"{}"), host="127.0.0.6") as agent:
            ask(
                Http(source, path, base=agent.url),
                {"NOMAD_ADDR": configured, "CONSUL_HTTP_ADDR": configured, "NOMAD_HTTP_AUTH": "a:b"} | TOKENS,
            )
        assert (b"secret" in agent.heads[0]) is expected
        assert (b"Authorization" in agent.heads[0]) is (expected and source == "nomad")


@pytest.mark.parametrize("source", ["nomad", "consul"])
def test_an_untrusted_address_gets_no_token(source: str) -> None:
    path = {"nomad": "/v1/agent/self", "consul": "/v1/agent/checks"}[source]
    auth = {"NOMAD_HTTP_AUTH": "a:b", "CONSUL_HTTP_AUTH": "a:b"}
    with servers.serving(servers.answer(b"{}"), host="127.0.0.6") as agent:
        ask(Http(source, path, base=agent.url, token=False), TOKENS | auth)
    assert b"secret" not in agent.heads[0]
    assert b"Authorization" not in agent.heads[0]


def test_a_workload_never_gets_a_token() -> None:
    auth = {"NOMAD_HTTP_AUTH": "a:b", "CONSUL_HTTP_AUTH": "a:b"}
    with servers.serving(servers.answer(b"{}")) as server:
        ask(Http("litefs", "/info", base=server.url), {"NOMAD_ADDR": server.url, "CONSUL_HTTP_ADDR": server.url} | TOKENS | auth)
    assert b"secret" not in server.heads[0]
    assert b"Authorization" not in server.heads[0]


def test_a_path_prefix_of_the_address_is_kept() -> None:
    for source, path in (("nomad", "/v1/nodes"), ("consul", "/v1/catalog/nodes")):
        with servers.serving(servers.answer(b"[]")) as server:
            ask(Http(source, path), {"NOMAD_ADDR": f"{server.url}/n/", "CONSUL_HTTP_ADDR": f"{server.url}/c/"})
        assert server.lines == [f"GET /{source[0]}{path} HTTP/1.1"]


def test_the_process_environment_has_no_effect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password netrc-secret\n")
    for name, value in (HOSTILE | {"HOME": str(tmp_path), "NETRC": str(tmp_path / ".netrc")}).items():
        monkeypatch.setenv(name, value)
    for request in (Http("nomad", "/v1/nodes"), Http("consul", "/v1/catalog/nodes")):
        head = seen(request)
        assert b"of-another-cluster" not in head
        assert b"Authorization" not in head


def test_the_proxy_of_the_settings_is_the_only_way_out() -> None:
    with servers.serving(servers.answer(b"[]")) as proxy:
        environ = {"NOMAD_ADDR": "http://nomad.example:4646", "CONSUL_HTTP_ADDR": "consul.example:8500", "COLLECTOR_PROXY": proxy.url}
        for request in (
            Http("nomad", "/v1/nodes"),
            Http("consul", "/v1/catalog/nodes"),
            Http("litefs", "/info", base="http://127.0.0.8:20202"),
        ):
            assert ask(request, environ).status == Status.OK
    assert [line.split()[1] for line in proxy.lines] == [
        "http://nomad.example:4646/v1/nodes",
        "http://consul.example:8500/v1/catalog/nodes",
        "http://127.0.0.8:20202/info",
    ]


def test_a_proxy_that_is_down_is_named_instead_of_the_server() -> None:
    proxy = f"http://me:secret-word@127.0.0.1:{servers.closed_port()}"
    reply = ask(Http("nomad", "/v1/nodes"), {"COLLECTOR_PROXY": proxy})
    assert (reply.status, reply.cause) == (Status.UNREACHABLE, "refused")
    assert reply.reason.startswith("the proxy 127.0.0.1:")


PROXY_STATUS = {
    "connection_refused": (Status.UNREACHABLE, "refused"),
    "dns_error": (Status.UNREACHABLE, "dns"),
    "destination_ip_unroutable": (Status.UNREACHABLE, "unroutable"),
    "connection_timeout": (Status.TIMEOUT, "timeout"),
    "connection_terminated": (Status.UNREACHABLE, "reset"),
    "tls_certificate_error": (Status.FAILED, "tls"),
}


@pytest.mark.parametrize("error", PROXY_STATUS)
def test_what_the_proxy_says_of_its_target_counts_as_the_targets_failure(error: str) -> None:
    told = servers.answer(b"sorry", status="502 Bad Gateway", Proxy_Status=f'squid; error={error}; details="it is so"')
    with servers.serving(told) as proxy:
        reply = ask(Http("litefs", "/info", base="http://127.0.0.8:20202"), {"COLLECTOR_PROXY": proxy.url})
        direct = ask(Http("litefs", "/info", base=proxy.url))
    assert ((reply.status, reply.cause), reply.code) == (PROXY_STATUS[error], None)
    assert "127.0.0.8:20202" in reply.reason
    assert (direct.cause, direct.code) == ("", 502)


def test_cookies_are_not_kept() -> None:
    with servers.serving(servers.answer(b"{}", Set_Cookie="session=1")) as server, sources() as opened:
        for _ in range(2):
            opened.perform(Http("litefs", "/info", base=server.url), time.monotonic() + 3)
    assert b"Cookie" not in server.heads[1]

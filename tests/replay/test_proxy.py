from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest

from collector.model import pairs
from collector.replay import HttpExchange, Recording, replay_server
from collector.replay.wire import error_type
from tests.replay.recordings import CONSUL, INCIDENTS, LITEFS, NOMAD, Client, answered, recording, unanswered

SMALL = recording(
    answered("/v1/nodes", "[]", headers={"x-nomad-index": "7", "date": "Tue, 24 Nov 2026 06:59:55 GMT", "content-encoding": "gzip"}),
    answered("/v1/text", "naïve 日本", headers={"content-type": "text/plain"}),
    answered("/v1/lone", "a\ud800b"),
    answered("/v1/strange", "", headers={"x-nomad-split": "a\r\nb: c"}, status=299),
    unanswered("/info", "URLError: <urlopen error [Errno 111] Connection refused>"),
)


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.name)
def test_every_recorded_answer_is_given_as_it_was_recorded(path):
    loaded = Recording.load(path)
    with replay_server(loaded) as replay, Client(replay.url) as client:
        for exchange in loaded.http:
            response, body = client.get(f"{exchange.base}{exchange.path}?{urlencode(pairs(exchange.query))}")
            if exchange.status is None:
                assert (response.status, response.headers["Proxy-Status"].split(";")[1]) == (502, " error=connection_refused")
            else:
                assert (response.status, body) == (exchange.status, exchange.body)
                assert {name: response.headers[name] for name in exchange.headers} == exchange.headers
        assert replay.unknown == []


def test_a_parameter_that_is_there_twice_is_recorded_and_replayed_with_both_values(tmp_path):
    recording(answered("/ping", "both", tag=("a", "b")), answered("/ping", "one", tag="b")).save(tmp_path / "r.gz")
    with replay_server(Recording.load(tmp_path / "r.gz")) as replay, Client(replay.url) as client:
        assert client.get(f"{NOMAD}/ping?tag=a&tag=b")[1] == "both"
        assert client.get(f"{NOMAD}/ping?tag=b")[1] == "one"


def test_hop_by_hop_headers_of_the_recording_are_not_replayed():
    with replay_server(SMALL) as replay, Client(replay.url) as client:
        response, body = client.get(f"{NOMAD}/v1/nodes")
        assert (body, response.headers["x-nomad-index"]) == ("[]", "7")
        assert response.headers["content-encoding"] is None


def test_text_is_counted_in_bytes_and_a_header_cannot_be_split():
    with replay_server(SMALL) as replay, Client(replay.url) as client:
        assert client.get(f"{NOMAD}/v1/text")[1] == "naïve 日本"
        assert client.get(f"{NOMAD}/v1/lone")[1] == "a?b"  # a lone surrogate, which JSON can contain but nothing can send
        response, body = client.get(f"{NOMAD}/v1/strange")
        assert (response.status, body, response.headers["b"]) == (299, "", None)


def test_an_unrecorded_request_gets_501_and_is_listed():
    with replay_server(SMALL) as replay, Client(replay.url) as client:
        response, body = client.get(f"{NOMAD}/v1/jobs")
        assert (response.status, body) == (501, "not in this recording\n")
        assert [(asked.method, asked.netloc, asked.path) for asked in replay.unknown] == [("GET", "127.0.0.1:4646", "/v1/jobs")]
        assert client.get(f"{NOMAD}/v1/nodes", "DELETE")[0].status == 501


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("URLError: <urlopen error [Errno 111] Connection refused>", 502, "connection_refused"),
        ("URLError: <urlopen error timed out>", 504, "connection_timeout"),
        ("TimeoutError: The read operation timed out", 504, "connection_read_timeout"),
        ("TimeoutError: timed out", 504, "connection_read_timeout"),
        ("URLError: <urlopen error [Errno -2] Name or service not known>", 502, "dns_error"),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", 502, "connection_terminated"),
        ("RemoteDisconnected: Remote end closed connection without response", 502, "connection_terminated"),
        ("URLError: <urlopen error [Errno 113] No route to host>", 502, "destination_ip_unroutable"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", 502, "tls_certificate_error"),
        ("refused: http://timeout.example does not listen", 502, "connection_refused"),
        ("timeout: 10.0.0.1:80 did not answer in time", 504, "connection_read_timeout"),
        ("timeout: 10.0.0.1:80 did not accept a connection in time", 504, "connection_timeout"),
        ("reset: closed early", 502, "connection_terminated"),
        ('strange: "quoted" \\ \n text é', 502, "destination_unavailable"),
    ],
)
def test_a_failed_connection_is_reported_as_by_forward_proxies(reason, status, kind):
    assert error_type(reason) == kind
    with replay_server(recording(unanswered("/info", reason))) as replay, Client(replay.url) as client:
        response, _ = client.get(f"{LITEFS}/info")
        assert response.status == status
        assert response.headers["Proxy-Status"].startswith(f'collector-replay; error={kind}; details="')
        assert response.headers["Proxy-Status"].isascii()


@pytest.mark.parametrize(
    ("exchanges", "status"),
    [
        ([answered("/info", "{}", base=LITEFS)], b"200"),
        ([answered("/info", "", base=LITEFS, status=500)], b"200"),
        ([unanswered("/info", "refused: x")], b"502"),
        ([HttpExchange("dial", LITEFS, "", "CONNECT", error="timeout")], b"504"),
        ([HttpExchange("dial", LITEFS, "", "CONNECT", status=200)], b"200"),
        ([answered("/v1/nodes", "[]")], b"501"),
    ],
)
def test_a_bare_connect_tells_whether_anything_listened(exchanges, status):
    with replay_server(recording(*exchanges)) as replay:
        assert _send(replay.url, b"CONNECT 127.0.0.8:20202 HTTP/1.1\r\nHost: 127.0.0.8:20202\r\n\r\n").split()[1] == status


def test_a_hosts_name_is_the_same_in_any_case():
    with replay_server(recording(HttpExchange("dial", "http://Node1.lan:4533", "", "CONNECT", status=200))) as replay:
        assert _send(replay.url, b"CONNECT Node1.lan:4533 HTTP/1.1\r\n\r\n").split()[1] == b"200"


def _send(url, data):
    address = urlsplit(url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_it_is_also_the_server_that_the_host_header_names():
    with replay_server(SMALL) as replay:
        assert b"200 OK" in _send(replay.url, b"GET /v1/nodes HTTP/1.1\r\nHost: 127.0.0.1:4646\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"GET\r\n\r\n", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00", b""),
        (b"GET http://127.0.0.1:4646/v1/nodes HTTP/1.1\r\nHost", b""),
        (b"GET http://127.0.0.1:4646/v1/nodes HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n", b""),
        (b"GET http://127.0.0.1:99999/ HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
        (b"GET nowhere HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
        (b"GET http://[::1/ HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
        (b"GET /v1/nodes HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
        (b"POST http://127.0.0.1:4646/v1/nodes HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 501"),
        (b"CONNECT nonsense HTTP/1.1\r\n\r\n", b"HTTP/1.1 501"),
    ],
)
def test_what_is_not_a_request_for_a_recorded_server_does_no_harm(data, answer):
    with replay_server(SMALL) as replay:
        assert _send(replay.url, data).startswith(answer)
        with Client(replay.url) as client:
            assert client.get(f"{NOMAD}/v1/nodes")[0].status == 200


def test_requests_of_one_connection_share_it_until_its_client_says_close():
    ask = b"GET http://127.0.0.1:4646/v1/nodes HTTP/1.1\r\nHost: x\r\n%s\r\n"
    with replay_server(SMALL) as replay:
        assert _send(replay.url, ask % b"" + ask % b"" + ask % b"Connection: close\r\n" + ask % b"").count(b"200 OK") == 3


def test_many_clients_are_answered_side_by_side():
    waiting = threading.Barrier(8, timeout=10)

    def ask(url):
        with Client(url) as client:
            client.get(f"{NOMAD}/v1/nodes")
            waiting.wait()  # all eight connections are open at once
            return client.get(f"{NOMAD}/v1/nodes")[0].status

    with replay_server(SMALL) as replay, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, [replay.url] * 8)) == [200] * 8


def test_two_replays_do_not_meet():
    other = recording(answered("/v1/nodes", "other"))
    with replay_server(SMALL) as one, replay_server(other) as two, Client(one.url) as first, Client(two.url) as second:
        assert (first.get(f"{NOMAD}/v1/nodes")[1], second.get(f"{NOMAD}/v1/nodes")[1]) == ("[]", "other")


def test_latency_holds_every_answer_back(monkeypatch):
    slept = []
    monkeypatch.setattr("collector.replay.proxy.time.sleep", slept.append)
    with replay_server(SMALL, latency=0.02) as replay, Client(replay.url) as client:
        client.get(f"{NOMAD}/v1/nodes")
        client.get(f"{CONSUL}/v1/agent/self")
    assert slept == [0.02, 0.02]


def test_nothing_is_left_behind_even_with_a_client_still_connected():
    before = set(threading.enumerate())
    with replay_server(SMALL) as replay:
        client = Client(replay.url)
        client.get(f"{NOMAD}/v1/nodes")
    assert set(threading.enumerate()) == before
    with pytest.raises(OSError, match=r"."):
        client.get(f"{NOMAD}/v1/nodes")
    client.connection.close()

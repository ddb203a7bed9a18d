import pytest

from collector.deliver import Ping
from collector.deliver import ping as ping_module
from collector.deliver.ping import ping_end, ping_start

from . import servers
from .servers import ping_server, rude_server

RUN = "0e6a8a0e-2f5c-4a6f-9d0c-3a4f3b1f0001"


def at(server, **options):
    return Ping(f"http://127.0.0.1:{server.server_port}/ping/secret-uuid", **options)


def test_start_and_end_of_a_run_share_an_id():
    with ping_server() as server:
        assert ping_start(at(server), RUN) is None
        assert ping_end(at(server), RUN, exit_code=0, verdict="ok", body="navidrome OK") is None
        assert server.told == [
            ("POST", f"/ping/secret-uuid/start?rid={RUN}", b""),
            ("POST", f"/ping/secret-uuid/0?rid={RUN}", b"navidrome OK"),
        ]


@pytest.mark.parametrize(
    ("exit_code", "verdict", "fail_on", "word"),
    [
        pytest.param(2, "critical", (), "0", id="a run that found something did run"),
        pytest.param(3, "unknown", ("critical",), "0", id="only the named verdicts fail"),
        pytest.param(2, "critical", ("critical", "unknown"), "fail", id="a named verdict fails"),
        pytest.param(70, None, (), "70", id="a collector that failed did not run"),
        pytest.param(78, None, ("critical",), "78", id="a bad spec did not run either"),
    ],
)
def test_ran_and_healthy_are_two_things(exit_code, verdict, fail_on, word):
    with ping_server() as server:
        ping_end(at(server, fail_on=frozenset(fail_on)), RUN, exit_code=exit_code, verdict=verdict)
        assert [path for _, path, _ in server.told] == [f"/ping/secret-uuid/{word}?rid={RUN}"]


def test_a_get_carries_no_body():
    with ping_server() as server:
        ping_end(at(server, method="GET"), RUN, exit_code=0, verdict="ok", body="text")
        assert server.told == [("GET", f"/ping/secret-uuid/0?rid={RUN}", b"")]


def test_the_body_is_at_most_ten_kilobytes():
    with ping_server() as server:
        ping_end(at(server), RUN, exit_code=0, verdict="ok", body="ü" * 20_000 + "\udcff")
        assert len(server.told[0][2]) == 10_000


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_unsuccessful_answer_is_a_note_and_not_followed(status):
    with ping_server(status) as server:
        assert ping_start(at(server), RUN) == f"ping 127.0.0.1 (start): HTTP {status}"
        assert len(server.told) == 1


@pytest.mark.parametrize(
    ("talk", "reason"),
    [(servers.silent, "no answer in time"), (servers.dripping, "no answer in time"), (servers.hanging_up, "ProtocolError")],
)
def test_a_service_that_misbehaves_is_a_note_in_time(talk, reason, monkeypatch):
    monkeypatch.setattr(ping_module, "DEADLINE", 0.4)
    with rude_server(talk) as (port, _), servers.Stopwatch() as watch:
        told = ping_start(Ping(f"http://127.0.0.1:{port}/secret-uuid"), RUN)
    assert told == f"ping 127.0.0.1 (start): {reason}"
    assert watch.seconds < 3


def test_no_note_shows_the_url():
    told = ping_start(Ping(f"http://127.0.0.1:{servers.free_port()}/secret-uuid"), RUN)
    assert told == "ping 127.0.0.1 (start): no connection"


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{servers.free_port()}")
    with ping_server() as server:
        assert ping_start(at(server), RUN) is None


def test_a_certificate_is_verified(tmp_path, monkeypatch):
    authority = servers.Authority(tmp_path)
    with ping_server() as server:
        server.socket = authority.context().wrap_socket(server.socket, server_side=True)
        ping = Ping(f"https://127.0.0.1:{server.server_port}/secret-uuid")
        assert ping_start(ping, RUN) == "ping 127.0.0.1 (start): its certificate is not accepted"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert ping_start(ping, RUN) is None

"""Every secret is removed, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from collector.redact import Redactor, placeholder
from collector.redact.rules import PLACEHOLDER, RULES
from collector.render.document import printable
from collector.text import clean
from tests.redact.planted import LEAKS, PEM, PLANTED, SECRET


@pytest.mark.parametrize("place", PLANTED)
def test_a_planted_secret_is_gone_and_counted(place: str) -> None:
    redactor = Redactor()
    assert LEAKS.search(PLANTED[place])
    clean, counts = redactor.counted({"lines": [PLANTED[place]], "deep": {"a": ({"b": PLANTED[place]},)}})
    assert not LEAKS.search(json.dumps(clean))
    assert sum(counts.values()) >= 2
    assert counts.keys() <= {rule.name for rule in RULES}


@pytest.mark.parametrize("place", PLANTED)
def test_redacting_twice_changes_nothing(place: str) -> None:
    once = Redactor().text(PLANTED[place])
    assert Redactor().text(once) == once
    assert re.search(PLACEHOLDER, once)


def test_a_key_in_a_log_whose_lines_stand_apart_is_gone() -> None:
    data = Redactor().data({"lines": ["before", *PEM.split("\n"), "after"]})
    assert not LEAKS.search(json.dumps(data))
    assert (data["lines"][0], data["lines"][-1]) == ("before", "after")


HARMLESS = [
    "GET /rest/ping.view?u=me&v=1.16.1&c=app",
    "<tokens>5</tokens> <password></password>",
    "mysqld -port=3306 -path /var/lib/mysql, mysql -p music",
    "login failed password incorrect",
    '[{"Name": "DB_HOST", "Value": "db.example"}, {"Name": "DB_PASSWORD", "Value": ""}]',
    "it costs $5 and $6 more",
    "allocation d8017ee6-8a2b-4c3d-9e4f-5a6b7c8d9e0f on node 3109e523-8b17-f3e2-045c-c6c8358c9749",
    "session adf4238a-882b-9ddc-4a9d-5b6758e4159e holds litefs/navidrome",
    'cannot become primary, local node has no cluster ID and "consul" lease already initialized with cluster ID LFSC8D0B9F6E5A4C3B2D',
    "0000000000000024/c8e1d4a7b2f3a5d6",
    'level=INFO msg="http: cannot connect" key=litefs/navidrome url=http://127.0.0.8:20202',
    "ACL token with AccessorID '9f1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d' lacks permission 'key:read' on \"litefs\"",
    "Permission denied: token lacks capability alloc-exec",
    "X-Nomad-NextToken: 9f1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
    "next_token=9f1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
    "CONSUL_HTTP_TOKEN_FILE=/secrets/consul-token",
    "token=${NOMAD_TOKEN} password={{ key }}",
    '{"token": null, "password": true, "secret": ""}',
    r'"{\"password\": \"\", \"user\": \"somebody\"}"',
    r'"{\"pass\": \"\", \"user\": \"somebody\"}"',
    "auth=gateway12.example",
    "Missing: vault.read(secret/data/navidrome), nomad.var.block(nomad/jobs/navidrome@default.global)",
    "the bearer of bad news; basic training; an author's authorization",
    "checks passing: 3, passed=true, compass=north, passage: 4",
    "http://odroid8:4646/v1/jobs user@example.com git@github.example:a/b.git http://h:80/a@b",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "monkey=3 hotkey: ctrl-c donkey = 4 public_key=abc",
    "eyJ is how a JSON object begins in base64",
    "-----BEGIN of something else",
    "tokens=5 max_tokens: 7",
    "pass=3/4 tests",
    "pass: 3, fail: 1, pass=12 fail=0, pass=99.5%",
    "first pass: scanning the files",
    "--- PASS: TestRedact (0.00s)",
    "PASS: everything",
    "pass=first next_pass=2 bypass=all",
    r'bypass="always" trespass=\"x\" compass: "north"',
    "mysql -plugin-dir=/usr/lib -protocol=tcp -path x",
    "passing=3 passport: abc compass: north trespass=x",
    "auth: failed for user user1234567 from 10.0.0.1:4646",
    "auth=scram-sha-256 auth: oauth2provider author: somebody1 oauth: x12345678",
    "the cookie: none, cookie=disabled, cookies: 5",
    "requirepass is not set, so no password protects it",
    "curl http://h:80/x -o out; docker run -u 1000:1000 image",
    "connected to db@tcp(db:3306)/x",
    "http://odroid8:4646/v1/jobs/a@b http://[::1]:8500/v1/kv/a@b",
    "design=abc config=1 signature of the method",
    "password: |",
    "SigningKeyID=7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
]


OVER_LINES = {
    "JSON": ["{", '  "password":', f'    "{SECRET}",', '  "next": "kept"'],
    "JSON after something else": ['level=info config={"token":', f'"{SECRET}"', "kept"],
    "YAML": ["  password:", f"    {SECRET}", "  next: kept"],
    "YAML's block": ["- db_password: |", f"    {SECRET}", "", f"    {SECRET} x", "next: kept"],
    "YAML's folded block": ["  pass: >-", f"    {SECRET}", "  next: kept"],
    "arguments": ["nomad", "-token", SECRET, "kept"],
}


@pytest.mark.parametrize("case", OVER_LINES)
def test_a_secret_on_the_line_after_its_name_is_gone_and_nothing_else(case: str) -> None:
    lines = OVER_LINES[case]
    shown, counts = Redactor().counted(lines)
    assert not LEAKS.search(json.dumps(shown))
    assert [new for new, old in zip(shown, lines, strict=True) if SECRET not in old] == [old for old in lines if SECRET not in old]
    assert sum(counts.values()) == sum(SECRET in line for line in lines)
    assert Redactor().data(shown) == shown


NOT_OVER_LINES = [
    ["error: unexpected token:", "  at parse (x.js:3)"],
    ["reading the secret:", 'level=INFO msg="started"'],
    ["password:", "user: me"],
    ["token: null", "  next"],
    ["token:", "  null"],
    ["-v", "kept", "--token-file", "kept"],
    ["the first pass:", "kept"],
]


@pytest.mark.parametrize("lines", NOT_OVER_LINES)
def test_the_line_after_what_is_no_name_alone_stays(lines: list[str]) -> None:
    assert Redactor().data(lines) == lines


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().counted(text) == (text, {})


def test_equal_secrets_stay_equal_and_different_ones_different() -> None:
    one, same, other = (Redactor().text(f"password={value} x") for value in ("alpha-1", "alpha-1", "beta-22"))
    assert one == same != other
    assert "<redacted:named:" in one


def test_a_placeholder_does_not_depend_on_the_process() -> None:
    assert placeholder("own", "nomad-secret") == "<redacted:own:7eac>"


@pytest.mark.parametrize("key", ["password", "Token", "client_secret", "ND_PASSWORD", "X-Consul-Token", "apiKey", "SecretID", "db-passwd"])
def test_the_value_of_a_key_that_names_a_secret_is_one(key: str) -> None:
    assert Redactor().data({key: "anything at all"}) == {key: placeholder("named", "anything at all")}


@pytest.mark.parametrize(
    "key", ["key", "lease_keys", "next_token", "token_file", "accessor_id", "id", "session", "public_key", "passing", "checksum"]
)
def test_the_value_of_another_key_stays(key: str) -> None:
    assert Redactor().data({key: "anything at all"}) == {key: "anything at all"}


def test_a_secret_key_with_nothing_in_it_stays() -> None:
    value = {"token": "", "password": None, "secret": True, "credentials": {}, "api_key": [], "pwd": [None, {"a": ""}]}
    assert Redactor().data(value) == value


@pytest.mark.parametrize("value", [["Xk29fjq0"], [["Xk29fjq0"]], {"value": "Xk29fjq0"}, 12345678, 1.5, {"a": [1], "b": {"c": "Xk29fjq0"}}])
@pytest.mark.parametrize("key", ["password", "apiKey", "DB_PASS", "Authorization", "Set-Cookie"])
def test_all_that_a_key_that_names_a_secret_holds_is_one(key: str, value: object) -> None:
    shown = Redactor().data({key: value})
    assert not re.search(r"Xk29fjq0|12345678|1\.5|\b1\b", json.dumps(shown))
    assert Redactor().data(shown) == shown


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u2060", "\u2066", "\ufff9"])
def test_a_name_is_read_through_what_has_no_width(hidden: str) -> None:
    assert SECRET not in Redactor().text(f"pass{hidden}word={SECRET}")
    assert SECRET not in json.dumps(Redactor().data({f"pass{hidden}word": SECRET}))
    assert printable(clean(f"pass{hidden}word")) == "password"


def test_a_secret_that_is_broken_up_by_control_sequences_is_still_found() -> None:
    assert "hunter22" not in Redactor().text("pass\x1b[0mword=hun\u202eter22")
    assert "my-own-secret" not in Redactor(["my-own-secret"]).text("my-\x1b[1mown\0-secret")


def test_a_structure_without_end_is_cut_off() -> None:
    value: object = "password=hunter22"
    for _ in range(5000):
        value = [value]
    assert "hunter22" not in str(Redactor().data(value))[:100_000]

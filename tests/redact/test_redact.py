"""No secret stays, nothing else goes."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.redact import Redactor, clean, placeholder
from collector.redact.rules import PLACEHOLDER, RULES
from collector.render.clean import clean_text

SECRET = "Xk29fjq0Zr7w"
UUID = "7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB" + SECRET + "AoGCCqGSM49\nAwEHoUQDQgAE" + SECRET + "\n-----END EC PRIVATE KEY-----"
JWT = f"eyJhbGciOiJSUzI1NiJ9.eyJ{SECRET}pc3MiOiJub21hZCJ9.c2ln{SECRET}bmF0dXJl"

PLANTED = {
    "url": f'level=INFO msg="cannot connect to consul: Get \\"http://:{SECRET}@127.0.0.1:8500/v1/kv\\": refused"',
    "url with a user": f"postgres://navidrome:{SECRET}@db.example:5432/music",
    "url with an at sign in the password": f"amqp://me:p@{SECRET}@mq.example",
    "query": f"GET /v1/agent/self?token={SECRET}&pretty",
    "query in the middle": f"GET /rest/ping?u=me&apiKey={SECRET}&v=1",
    "query within a query": f"GET /login?next=%2Fapi%3Ftoken%3D{SECRET}%26x",
    "header": f"X-Nomad-Token: {SECRET}",
    "header in a dump": f"map[Accept:[*/*] X-Consul-Token:[{SECRET}]]",
    "bearer": f"Authorization: Bearer {SECRET}",
    "basic": f"authorization: Basic {base64.b64encode(SECRET.encode()).decode()}",
    "authorization in JSON": f'{{"Authorization": ["Bearer {SECRET}"]}}',
    "bearer in a sentence": f"sent bearer {SECRET} to the server",
    "logfmt": f"level=info password={SECRET} user=me",
    "logfmt in quotes": f'level=info password="a {SECRET} b" user=me',
    "logfmt with punctuation": f"password={SECRET},;&{SECRET} next=1",
    "an escaped quote": f'password="a\\"{SECRET}"',
    "a quote that is cut off": f'password="a {SECRET}',
    "JSON": f'{{"client_secret": "{SECRET}", "x": 1}}',
    "JSON within JSON": json.dumps(json.dumps({"token": SECRET, "x": "y"})),
    "a list in JSON": f'{{"password": ["{SECRET}"], "x": 1}}',
    "a mapping in JSON": f'{{"db": {{"password": {{"value": "{SECRET}"}}}}}}',
    "a number in JSON": '{"password": 7116427, "x": 1}',
    "YAML": f"  password: correct {SECRET} horse",
    "YAML in single quotes": f"- db_password: 'a {SECRET}'",
    "HCL": f'encrypt = "{SECRET}=="\nencrypt_key = "{SECRET}"'.split("\n")[1],
    "environment": f"ND_SPOTIFY_SECRET={SECRET}",
    "camel case": f'"secretAccessKey":"{SECRET}"',
    "Go map": f"SecretID:{SECRET} Name:x",
    "Nomad's table": f"Secret ID    = {UUID}",
    "a token in a sentence": f"ACL token {UUID} not found",
    "flag": f"nomad job run -token {SECRET} job.hcl",
    "flag with an equals sign": f"consul members -token={SECRET}",
    "API key": f"api-key: {SECRET}",
    "PEM": f"loaded {PEM} from disk",
    "PEM that is cut off": PEM[: PEM.index("-----END")],
    "PEM of which the end is left": f"{SECRET}{SECRET}MHcCAQEEIB\n{SECRET}{SECRET}AwEHoU==\n-----END RSA PRIVATE KEY-----",
    "two PEM blocks, one without end": "-----BEGIN PRIVATE KEY-----\n" + SECRET * 3 + "\n" + PEM,
    "JWT": f"identity {JWT} rejected",
    "AWS": "key AKIAIOSFODNN7EXAMPLE used",
    "GitHub": "cloning with ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "the password of a setting": f"DB_PASS={SECRET}",
    "the password of a setting in YAML": f"SMTP_PASS: {SECRET}",
    "a setting in JSON": f'{{"smtpPass": "{SECRET} x"}}',
    "pass": f"user=me pass={SECRET} x=1",
    "pass in YAML": f"  pass: {SECRET}",
    "pass in a query": f"POST /login?u=me&pass={SECRET}&v=1",
    "Redis": f"requirepass {SECRET}",
    "a replica of Redis": f'masterauth "{SECRET}"',
    "sshpass": f"sshpass -p {SECRET} ssh n2",
    "auth": f"auth: {SECRET}",
    "a master key": f"MasterKey={SECRET}",
    "Rails": f"SECRET_KEY_BASE={SECRET}",
    "a numbered password": f"REDIS_PASSWORD_2: {SECRET}",
    "OpenID": f"client_secret_post={SECRET}",
    "Go's MySQL": f"cannot open user:{SECRET}@tcp(db:3306)/music",
    "Go's MySQL with signs": f"cannot open user:a/b:c@{SECRET}@tcp(db:3306)/music",
    "curl": f"exec curl -s -u admin:{SECRET} http://h/x",
    "curl, in words of JSON": json.dumps(["curl", "--user", f"admin:{SECRET}", "http://h/x"]),
    "url with a slash in the password": f"postgres://u:pa/{SECRET}@db.example/music",
    "cookie": f"Cookie: theme=dark1; session={SECRET}",
    "cookie that is set": f"Set-Cookie: sid={SECRET}; HttpOnly",
    "a signed URL": f"GET https://store.example/a?sv=2020&sig={SECRET}",
    "a signed URL of AWS": f"X-Amz-Signature={SECRET}",
    "a signed request of AWS": f"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature={SECRET}{SECRET}",
    "a block of YAML": f"user: me\n  password: |\n    one {SECRET}\n\n    two {SECRET}\n  host: h",
    "JSON over two lines": f'"password":\n            "{SECRET}",',
    "JWT after a dash": f"token-{JWT}",
    "Vault": "lookup of hvs.CAESIJlU02yTGrLbHyoqkZyCAtDnwyO0Zr7w failed",
}
LEAKS = re.compile(
    re.escape(SECRET) + f"|{UUID}|AKIAIOSFODNN7|7116427|16C7e42F|CAESIJlU02|" + re.escape(base64.b64encode(SECRET.encode()).decode())
)


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


OWN = 's3cr3t/t\u00f6ken+"x'


SIGNS = "pa&ss<w'o\"/r$d \u00e9\\!1\U0001f511"


def go_json(text: str) -> str:
    """As encoding/json writes it."""
    escaped = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e"}
    return "".join(escaped.get(character, character) for character in json.dumps(text, ensure_ascii=False))


SPELLINGS = {
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON within JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON within JSON within JSON": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "Go's JSON": go_json,
    "Go's JSON within JSON": lambda text: json.dumps(go_json(text)),
    "HTML": html.escape,
    "Go's HTML": lambda text: html.escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
    "HTML within HTML": lambda text: html.escape(html.escape(text)),
    "a form": quote_plus,
    "percent": lambda text: quote(text, safe=""),
    "percent, in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "percent, a path of Go's": lambda text: quote(text, safe="$&+=:@"),
    "percent, encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "percent within percent": lambda text: quote(quote(text, safe=""), safe=""),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, in upper case": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
}


@pytest.mark.parametrize("secret", [SIGNS, SECRET, UUID, "smtp/pass+word&42"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_known_secret_is_one_secret_in_every_spelling(spelling: str, secret: str) -> None:
    for before in ("", "a", "ab"):
        shown = Redactor([secret]).text(f"said {SPELLINGS[spelling](before + secret)} to you")
        assert placeholder("own", secret) in shown
        assert shown.startswith("said ")
        assert shown.endswith(" to you")


@pytest.mark.parametrize("at", range(1, len(SECRET)))
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_known_secret_that_a_log_wraps_is_gone(at: int, indent: str) -> None:
    lines = ["first", f"{indent}x {SECRET[:at]}", f"{indent}{SECRET[at:]} y", "last"]
    assert Redactor([SECRET]).data(lines) == ["first", f"{indent}x {placeholder('own', SECRET)}", " y", "last"]
    assert placeholder("own", SECRET) in Redactor([SECRET]).text("\n".join(lines))


def test_a_known_secret_over_many_lines_is_gone() -> None:
    lines = ["x", *SECRET, "y"] * 3
    shown = Redactor([SECRET]).data(lines)
    assert shown.count(placeholder("own", SECRET)) == 3
    assert "".join(shown) == f"x{placeholder('own', SECRET)}y" * 3


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "y", "yz"])
def test_a_known_secret_is_found_however_it_is_written(before: str, after: str) -> None:
    text = f"{before}{OWN}{after}"
    forms = [
        text,
        quote(text, safe=""),
        json.dumps(text),
        base64.b64encode(text.encode()).decode(),
        base64.urlsafe_b64encode(text.encode()).decode(),
    ]
    for form in forms:
        shown = Redactor([OWN]).text(f"<{form}>")
        assert placeholder("own", OWN) in shown


def test_a_known_secret_is_found_in_keys_and_across_types() -> None:
    value = {f"x-{OWN}": [1, None, True, 2.5, OWN], "n": float("inf")}
    shown = Redactor([OWN]).data(value)
    assert OWN not in str(shown)
    assert next(iter(shown.values()))[:4] == [1, None, True, 2.5]


def test_the_longer_of_two_known_secrets_wins() -> None:
    assert Redactor(["secret-1", "secret-1-and-more"]).text("secret-1-and-more") == placeholder("own", "secret-1-and-more")


def test_a_known_value_that_is_hardly_a_secret_is_not_looked_for() -> None:
    assert Redactor(["", "a", "nomad"]).text("a nomad cluster") == "a nomad cluster"


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
    assert clean_text(clean(f"pass{hidden}word")) == "password"


def test_the_users_patterns_take_out_their_group_or_all_of_the_match() -> None:
    redactor = Redactor(patterns=[r"card=(\d+)", r"user-\w+"])
    assert redactor.text("card=1234 user-jane") == f"card={placeholder('custom', '1234')} {placeholder('custom', 'user-jane')}"
    assert redactor.counted("card=1 card=2")[1] == {"custom": 2}


def test_the_users_patterns_cannot_break_a_placeholder() -> None:
    redactor = Redactor(["my-secret"], [r"[a-z]+", r"\d", r"x*"])
    once = redactor.text("my-secret 12")
    assert placeholder("own", "my-secret") in once
    assert redactor.text(once) == once


@pytest.mark.parametrize("pattern", ["(my-secret", "[my-secret", "*", "(?P<n>my-secret)(?P<n>b)", "my-secret{99999999999}"])
def test_a_pattern_that_is_none_is_refused_and_not_quoted(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a regular expression: ") as refused:
        Redactor(patterns=[pattern])
    assert "my-secret" not in str(refused.value)


def test_a_pattern_that_takes_for_ever_costs_that_text_and_no_other() -> None:
    redactor = Redactor(patterns=[r"card=(\d+)", "(a+)+$"])
    slow = "a" * 60 + "!"
    data, counts = redactor.counted({"lines": [slow, "card=12 a", slow + "?", slow], "name": "odroid7"})
    withheld, other = placeholder("unchecked", slow), placeholder("unchecked", slow + "?")
    assert data["lines"] == [withheld, f"card={placeholder('custom', '12')} {placeholder('custom', 'a')}", other, withheld]
    assert data["name"] == "odroid7"
    assert counts["unchecked"] == 3
    assert dict(redactor.withheld) == {1: 3}
    assert redactor.data(data) == data


def test_a_secret_that_is_broken_up_by_control_sequences_is_still_found() -> None:
    assert "hunter22" not in Redactor().text("pass\x1b[0mword=hun\u202eter22")
    assert "my-own-secret" not in Redactor(["my-own-secret"]).text("my-\x1b[1mown\0-secret")


def test_a_structure_without_end_is_cut_off() -> None:
    value: object = "password=hunter22"
    for _ in range(5000):
        value = [value]
    assert "hunter22" not in str(Redactor().data(value))[:100_000]


WORDS = st.sampled_from(
    [
        *(
            "password",
            "token",
            "secret",
            "authorization",
            "Bearer ",
            "=",
            ":",
            ": ",
            '"',
            "'",
            "\\",
            " ",
            "\n",
            "://",
            "@",
            "?",
            "&",
            ",",
            "}",
            "-",
        ),
        *("-----BEGIN A-----", "-----END A-----", "eyJaaaaaaaa.bbbbbbbb.c", "AKIAIOSFODNN7EXAMPLE", UUID, "abc"),
        *("<redacted:named:12ab>", "<redacted:", "<", ">", "\x1b[", "\x1e"),
    ]
)


@given(st.lists(WORDS | st.text(max_size=4), max_size=14).map("".join))
@settings(max_examples=300)
def test_redacting_is_idempotent(text: str) -> None:
    redactor = Redactor(["abcpassword"], ["a(b)c"])
    once = redactor.text(text)
    assert redactor.text(once) == once


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(WORDS).map("".join),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(JSON)
def test_data_keeps_its_shape_and_is_idempotent(value: object) -> None:
    redactor = Redactor()
    once = redactor.data(value)
    assert redactor.data(once) == once
    json.dumps(once).encode()

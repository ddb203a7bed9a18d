"""Every word, form and prefix in the rules is needed: each one removes a secret that no other rule removes."""

from __future__ import annotations

from itertools import product

import pytest

from collector.redact import Redactor

SECRET = "Xk29fjq0Zr7wPq81"
UUID = "7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
PLAIN = ["token", "password", "passwd", "passphrase", "pwd", "secret", "credential", "credentials"]
KEYS = [
    f"{kind}{joint}key"
    for kind, joint in product(
        ["api", "access", "secret", "private", "encrypt", "encryption", "gossip", "account", "master", "shared"], ["_", "-", ""]
    )
]
ENDINGS = ["_id", "-value", "_hash", "ID", "_post", "_base", "_base64", "-data", "_old", "_new", "_1", "_12"]
ENDED = [f"{word}{end}" for word, end in product(["secret", "access_key", "password"], ENDINGS)]
WORDS = [*PLAIN, *KEYS, *ENDED]
FORMS = {
    "assigned": "level=info {word}={secret} next=1",
    "in HCL": '{word} = "{secret}"',
    "in Go": "{word} := {secret}",
    "in Ruby": "'{word}' => '{secret}'",
    "in JSON": '{{"{word}": "{secret}"}}',
    "in JSON within JSON": '"{{\\"{word}\\": \\"{secret}\\"}}"',
    "in YAML": "  {word}: a {secret} b",
    "in YAML, quoted key": "  '{word}': {secret} b",
    "in a URL": "/v1/x?{word}={secret}&pretty",
    "as an option": "run --{word} {secret} job.hcl",
    "as the first option": "-{word} {secret}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("word", WORDS)
def test_every_word_names_a_secret_in_every_form(word: str, form: str) -> None:
    shown = Redactor().text(form.format(word=word, secret=SECRET))
    assert SECRET not in shown
    assert shown.startswith(form.format(word=word, secret="\0").split("\0")[0].rstrip("a "))


PREFIXED = {
    **{f"GitHub {kind}": f"gh{kind}_" + SECRET * 2 for kind in "pousr"},
    "GitHub, fine-grained": "github_pat_" + SECRET * 2,
    "GitLab": "glpat-" + SECRET * 2,
    **{f"Slack {kind}": f"xox{kind}-" + SECRET for kind in "abeoprs"},
    **{f"Vault {kind}": f"hv{kind}." + SECRET * 2 for kind in "sbr"},
    "Google": "AIza" + SECRET * 3,
    **{f"Stripe {kind} {mode}": f"{kind}_{mode}_" + SECRET for kind in ("sk", "rk") for mode in ("live", "test")},
    "npm": "npm_" + SECRET * 2,
    "AWS": "AKIA" + SECRET.upper(),
    "AWS, temporary": "ASIA" + SECRET.upper(),
}


@pytest.mark.parametrize("text", PREFIXED.values(), ids=PREFIXED)
def test_a_text_that_tells_what_it_is_needs_no_word_beside_it(text: str) -> None:
    shown = Redactor().text(f"using {text}, which works")
    assert text not in shown
    assert shown.startswith("using <redacted:")
    assert shown.endswith(">, which works")


@pytest.mark.parametrize(
    "kind", ["1", "2a$05", "2b$05", "2y$05", "5", "6", "y$j9T", "apr1", "argon2", "argon2i", "argon2d", "argon2id$v=19"]
)
def test_every_hash_of_a_password_is_known_by_its_kind(kind: str) -> None:
    shown = Redactor().text(f"me:${kind}${SECRET}{SECRET}:0")
    assert shown.startswith("me:<redacted:hash:")
    assert shown.endswith(">:0")


@pytest.mark.parametrize("scheme", ["Bearer ", "Basic ", "Digest ", "Token ", "Negotiate ", ""])
def test_the_header_keeps_its_scheme(scheme: str) -> None:
    shown = Redactor().text(f"Authorization: {scheme}{SECRET} sent")
    assert SECRET not in shown
    assert shown.startswith(f"Authorization: {scheme}<redacted:")
    assert shown.endswith("> sent")


@pytest.mark.parametrize("text", ["bearer abcdefghijklmnopqrstuvwxyz", "bearer abc4efgh"])
def test_a_bearer_is_told_by_its_length_or_a_digit(text: str) -> None:
    assert Redactor().text(text).startswith("bearer <redacted:bearer:")


@pytest.mark.parametrize("before", ["token ", "secret ", "token id: ", "tokenid (", "token is ", "secret was ", "the token of ", 'token "'])
def test_a_uuid_that_is_called_a_token_is_one(before: str) -> None:
    assert Redactor().text(f"{before}{UUID} now") == f"{before}{Redactor().text(f'token {UUID}').removeprefix('token ')} now"


@pytest.mark.parametrize("value", ["true", "false", "null", "none", "nil", "True", "${SECRET}", "$(cat x)", "{{ key }}", "$env_name"])
@pytest.mark.parametrize("form", ["token={}", 'password: "{}"', "--secret {}", "authorization: {}", "a?token={}&b"])
def test_a_value_that_stands_for_another_or_for_nothing_stays(value: str, form: str) -> None:
    assert Redactor().text(form.format(value)) == form.format(value)


@pytest.mark.parametrize(
    "text",
    [
        "--password --force",
        "next-token=abc",
        "nextToken: abc",
        "xmpp://h:1/a-b@c",
        "AKIAX",
        "a monkey=1",
        "bearer certificates",
        "aoken=1x awd=1x aecret=1x aredentials=1x tpi_key=1x ghared_key=1x trivate_key=1x ancrypt_key=1x tossip_key=1x easter_key=1x",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert Redactor().counted(text) == (text, {})


def test_a_key_whose_head_is_cut_off_and_whose_breaks_are_escaped_is_gone() -> None:
    assert SECRET not in Redactor().text(f"short\\n{SECRET}{SECRET}\\n{SECRET}{SECRET}==\\n-----END RSA PRIVATE KEY-----")


@pytest.mark.parametrize("before", ["Secret ID    = ", "secret hash: ", "access_key value="])
def test_words_of_a_name_may_stand_apart(before: str) -> None:
    shown = Redactor().text(before + SECRET)
    assert SECRET not in shown


BESIDE = [
    "/v1/x?token={}&pretty",
    "/v1/x?my-token={}#top",
    "x&token={}&y",
    "?a=b&x.token={}#z",
    "POST /login?pass={}&v=1",
    "GET /rest/ping?p={}&u=me",
    "http://u:{}@h/mail?to=a@b.example",
    "/x?q=%7B%22password%22%20%3A%20%22{}%22%2C%22a%22%3A1%7D",
    "/x?q=%7B%22password%22+%3A+%22{}%22%7D",
    '[["Name":"DB_PASSWORD","Value":"{}"],["Name":"a","Value":"b"]]',
    '"Name" : "DB_PASSWORD" , "Value" : "{}"',
    "db_password: |\n  {}\nhost: h",
    "smtp:\n  pass: |\n    {}\n  host: h",
    'pass = "{}" x=1',
    'pass := "{}" x=1',
    'db-pass="{}" x=1',
    "'pass' => '{}' x=1",
    'smtppass="{}" x=1',
    '"pass" : "{}", "x": 1',
    r"\"pass\": \"{}\", \"x\": 1",
    r"\"dbpass\":\"{}\",\"x\":1",
    r"pass = \"{}\" x=1",
    r"pass=\"{}\" x=1",
    '"pass": {} x=1',
    '"pass":{} x=1',
    '"pass" : {} x=1',
    '"auth":"{}"',
    "mariadb -uroot -p{} music",
    "IDENTIFIED BY '{}' COMMENT 'of the team'",
]


@pytest.mark.parametrize("text", BESIDE)
def test_what_stands_around_it_stays(text: str) -> None:
    before, after = text.split("{}")
    shown = Redactor().text(text.format(SECRET))
    assert SECRET not in shown
    assert shown.startswith(before)
    assert shown.endswith(after)


@pytest.mark.parametrize(
    "text",
    [
        "/x?signature=Xk29fjq0&v=1",
        "auth=1abcdefghi x",
        "auth=12abcdefghi x",
        "Cookie: a=Xk29fjq0;b=abcdefghi",
        "password: |\n  one Xk29fjq0\n  two Xk29fjq0\nhost: h",
        "-----BEGIN RSA PRIVATE KEY-----\nXk29fjq0\n-----BEGIN RSA PRIVATE KEY-----\nabcdefghi\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_is_short_or_on_two_lines_is_one_secret(text: str) -> None:
    shown, counts = Redactor().counted(text)
    assert sum(counts.values()) == 1
    assert "Xk29fjq0" not in shown
    assert "abcdefghi" not in shown


@pytest.mark.parametrize("text", ['{{"password":["{}"],"x":1}}', '{{"password": {{"value": "{}"}}, "x":1}}'])
def test_a_list_or_a_mapping_is_one_secret_with_its_brackets(text: str) -> None:
    shown, counts = Redactor().counted(text.format(SECRET))
    assert SECRET not in shown
    assert shown.startswith('{"password":')
    assert shown.endswith('"x":1}')
    assert counts == {"named": 1}


@pytest.mark.parametrize(
    "text",
    [
        "run --consul-http-token {}", "  my.db_password: a {} b", '"{{\\"token\\": \\"a {} b', 'pass="a {} b', r'pass=\"a {} b',
        r'pass="a\"{} b"', "pass={}",
    ],
)  # fmt: skip
def test_a_word_may_have_more_before_it_and_a_value_no_end(text: str) -> None:
    assert SECRET not in Redactor().text(text.format(SECRET))


def test_a_single_letter_is_a_secret_too() -> None:
    assert Redactor().text("password: x") == f"password: {Redactor().data({'password': 'x'})['password']}"


def test_a_value_ends_where_a_placeholder_begins() -> None:
    redactor = Redactor(["my-own-secret"])
    once = redactor.text(f"password={SECRET}my-own-secret x")
    assert SECRET not in once
    assert "><redacted:own:" in once
    assert once.endswith("> x")
    assert redactor.text(once) == once

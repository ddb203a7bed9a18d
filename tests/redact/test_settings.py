"""Short names of secrets that are also ordinary words: each form removes a secret, and similar text is kept."""

from __future__ import annotations

import pytest

from collector.redact import Redactor

SECRET = "Xk29fjq0Zr7wPq81"
SHORT = ["db_pass", "db.pass", "smtp-pass", "DBPASS", "sqlpass", "smtppass", "userpass", "pass"]
FORMS = {
    "assigned": "x {name}={secret} n",
    "with blanks": "x {name} = {secret} n",
    "quoted": 'x {name}="{secret}" n',
    "quoted, with a blank": "x {name}='{secret} y' n",
    "in Go": "x {name} := {secret} n",
    "in Ruby": "x '{name}' => '{secret}' n",
    "in JSON": '{{"{name}": "{secret}"}}',
    "in JSON within JSON": '"{{\\"{name}\\": \\"{secret}\\"}}"',
    "escaped for a URL": "x {name}%3D{secret} n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SHORT)
def test_a_setting_that_ends_in_pass_is_a_password(name: str, form: str) -> None:
    text = FORMS[form].format(name=name, secret=SECRET)
    shown = Redactor().text(text)
    assert SECRET not in shown
    assert shown.startswith(text.split(SECRET)[0])
    assert shown.endswith(text.split(SECRET)[1].removeprefix(" y"))


WORDS = [
    "ok",
    "yes",
    "no",
    "on",
    "off",
    "first",
    "second",
    "third",
    "last",
    "final",
    "failed",
    "3",
    "12/14",
    "99.5%",
    "7,",
    "8;",
    "9)",
    "1]",
]


COUNTED = ["x pass={} n", "x pass={}", "x first_pass={}", 'x pass="{}" n', '"{{\\"pass\\": \\"{}\\"}}"', "  pass: {}", "- Pass: {}"]


@pytest.mark.parametrize("value", WORDS)
@pytest.mark.parametrize("form", COUNTED)
def test_a_count_or_an_outcome_of_a_pass_stays(value: str, form: str) -> None:
    assert Redactor().text(form.format(value)) == form.format(value)


@pytest.mark.parametrize(
    "form", ["auth={}", "auth: {}", 'x auth="{}" n', "{{'auth': '{}'}}", "auth => {}, n", '"{{\\"auth\\": \\"{}\\"}}"', "auth%3D{} n"]
)
def test_what_stands_after_auth_is_one_where_it_is_no_word(form: str) -> None:
    assert SECRET not in Redactor().text(form.format(SECRET))


MECHANISMS = [
    "scram-sha-256",
    "sha512crypt",
    "md5hash12",
    "oauth2provider",
    "hmac-sha1-96",
    "aes128gcm1",
    "rsa4096key",
    "user123456",
    "node-7ab9bf19",
]


@pytest.mark.parametrize("value", [*MECHANISMS, "x509cert1", "krb5-realm1", "short1", "12345678", "ldapserver", "a1b2c3d4 e.g"])
@pytest.mark.parametrize("form", ["auth={}", "the author={}"])
def test_how_one_authenticates_is_no_secret(value: str, form: str) -> None:
    value = value if form.startswith("the") or value != "a1b2c3d4 e.g" else "short2"
    assert Redactor().text(form.format(value)) == form.format(value)


FLAGS = {
    "Redis": "requirepass {secret}",
    "Redis, quoted": 'requirepass "{secret}"',
    "Redis's replica": "masterauth {secret}",
    "sshpass": "sshpass -p {secret} ssh h",
    "sshpass, joined": "sshpass -p{secret} ssh h",
    "sshpass as a list": '["sshpass", "-p", "{secret}", "ssh"]',
    "curl": "curl -s -u joe:{secret} http://h",
    "curl, in full": "curl --user joe:{secret} http://h",
    "curl's proxy": "curl --proxy-user=joe:{secret} http://h",
    "MySQL over TCP": "joe:{secret}@tcp(db:3306)/x",
    "MySQL over TCP6": "joe:{secret}@tcp6(db:3306)/x",
    "MySQL over a socket": "joe:{secret}@unix(/run/db.sock)/x",
    "a database over UDP": "joe:{secret}@udp(db:3306)/x",
    "a query": "/x?pass={secret}&a=1",
    "a signed query": "/x?a=1&sig={secret}",
    "a signature": "/x?signature={secret}",
    "Amazon's": "X-Amz-Signature={secret}",
    "Google's": "x-goog-signature%3D{secret}",
    "one in a text": "signature={secret} of it",
    "a cookie": "Cookie: sid={secret}; theme=dark",
    "a cookie that is set": "set-cookie2: sid={secret}; Path=/",
}


@pytest.mark.parametrize("case", FLAGS)
def test_a_secret_is_known_by_whose_argument_it_is(case: str) -> None:
    text = FLAGS[case].format(secret=SECRET)
    shown = Redactor().text(text)
    assert SECRET not in shown
    assert shown.startswith(text.split(SECRET)[0].split("sid=")[0])


@pytest.mark.parametrize(
    "text",
    [
        *(f"requirepass {word} set" for word in ("is", "was", "not", "option", "directive")),
        "masterauth was set",
        "signature=short",
        "curl http://h:80 -o out; tool --user a:b",
        "curl x | tool -u a:b",
        "x.y:z@tcpdump(1)",
        "?compass=north&sigma=3",
    ],
)
def test_an_argument_that_is_a_sentence_or_another_program_s_stays(text: str) -> None:
    assert Redactor().text(text) == text

"""Known secrets are found in every spelling, in keys, across types and over lines."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from collector.redact import Redactor, placeholder
from tests.redact.planted import SECRET, UUID

OWN = 's3cr3t/t\u00f6ken+"x'
SIGNS = "pa&ss<w'o\"/r$d \u00e9\\!1\U0001f511"


def go_json(text: str) -> str:
    """Encode like Go's encoding/json."""
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


ODD = {
    "percent, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, every byte, in upper case": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "hexadecimal escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "JSON escapes, every letter": lambda text: "".join(
        f"\\u{int.from_bytes(text.encode('utf-16-be')[at : at + 2], 'big'):04x}" for at in range(0, len(text.encode("utf-16-be")), 2)
    ),
    "octal escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "entities, every letter": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "hexadecimal entities": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "hexadecimal with colons": lambda text: text.encode().hex(":"),
    "base32": lambda text: base64.b32encode(text.encode()).decode().rstrip("="),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "hexadecimal of UTF-16": lambda text: text.encode("utf-16-le").hex(),
}


@pytest.mark.parametrize("secret", [SIGNS, SECRET, UUID, "smtp/pass+word&42"])
@pytest.mark.parametrize("spelling", ODD)
def test_a_known_secret_that_is_escaped_more_than_it_need_be(spelling: str, secret: str) -> None:
    shown = Redactor([secret]).text(f"said {ODD[spelling](secret)} to you")
    assert re.fullmatch(f"said {placeholder('own', secret)}=* to you", shown)


@pytest.mark.parametrize("secret", [UUID, "Zk29fjq0Zr7wPl8Q"])
def test_a_long_known_secret_in_another_case(secret: str) -> None:
    hidden = placeholder("own", secret)
    assert Redactor([secret]).text(f"{secret.upper()} {secret.lower()}") == f"{hidden} {hidden}"


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

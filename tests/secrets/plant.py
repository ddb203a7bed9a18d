"""Distinct secrets planted wherever a cluster may have some."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

SHAPES: dict[str, Callable[[str], str]] = {
    "logfmt": lambda secret: f'level=info msg="x" password={secret} user=me',
    "logfmt in quotes": lambda secret: f'db_password="a {secret} b"',
    "JSON": lambda secret: json.dumps({"client_secret": secret, "x": 1}),
    "YAML": lambda secret: f"\n  password: {secret}\n",
    "URL with a password": lambda secret: f"postgres://navidrome:{secret}@db.example:5432/music",
    "LiteFS's whole Consul URL": lambda secret: f'msg="connecting" url=http://:{secret}@127.0.0.1:8500/litefs',
    "query": lambda secret: f"GET /v1/kv/x?token={secret}&pretty",
    "bearer": lambda secret: f"Authorization: Bearer {secret}",
    "basic": lambda secret: f"Authorization: Basic {base64.b64encode(('me:' + secret).encode()).decode()}",
    "header": lambda secret: f"X-Consul-Token: {secret}",
    "flag": lambda secret: f"exec: consul members -token={secret} -detailed",
    "PEM": lambda secret: f"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI{secret}AoGCCqGSM49\nAwEHoUQDQ{secret}\n-----END EC PRIVATE KEY-----",
    "JWT": lambda secret: f"eyJhbGciOiJIUzI1NiJ9.eyJ{secret}InN1YiI6.c2ln{secret}bmF0",
    "environment": lambda secret: f"ND_SPOTIFY_SECRET={secret}",
    "setting's password": lambda secret: f"DB_PASS={secret}",
    "setting's password in YAML": lambda secret: f"\n  SMTP_PASS: {secret}\n",
    "pass": lambda secret: f"user=me pass={secret} ok",
    "Go's MySQL": lambda secret: f"dsn navidrome:{secret}@tcp(db.example:3306)/music",
    "URL with a slash in the password": lambda secret: f"postgres://navidrome:a/{secret}@db.example/music",
    "curl": lambda secret: f"exec: curl -s -u admin:{secret} http://127.0.0.1/x",
    "sshpass": lambda secret: f"exec: sshpass -p {secret} ssh n2",
    "Redis": lambda secret: f"requirepass {secret}",
    "auth": lambda secret: f"auth: {secret}",
    "cookie": lambda secret: f"Cookie: theme=dark1; session={secret}",
    "cookie that is set": lambda secret: f"Set-Cookie: sid={secret}; HttpOnly",
    "signed URL": lambda secret: f"https://store.example/a?sv=1&sig={secret}",
    "signed URL of AWS": lambda secret: f"https://store.example/a?X-Amz-Signature={secret}",
    "OpenID": lambda secret: f"client_secret_post={secret}",
    "master key": lambda secret: f"MasterKey={secret}",
    "block of YAML": lambda secret: f"\n  password: |\n    one {secret}\n    two {secret}\n  next: x\n",
    "JSON over lines": lambda secret: f'{{\n  "password":\n    "{secret}"\n}}',
    "JSON number of letters": lambda secret: json.dumps({"password": [secret], "db": {"password": {"value": secret}}}),
    "AWS-like": lambda secret: f"aws_secret_access_key = {secret}",
}
"""How a secret looks where it lies around."""

ECHOES: tuple[Callable[[str], str], ...] = (
    str,
    lambda known: quote(known, safe=""),
    lambda known: base64.b64encode(known.encode()).decode(),
    lambda known: quote(known, safe="").replace("%2F", "%2f"),
    html.escape,
    lambda known: json.dumps(json.dumps(known)),
    lambda known: known.replace("&", "\\u0026"),
    lambda known: known.encode().hex(),
    lambda known: base64.b64encode(base64.b64encode(known.encode())).decode(),
    lambda known: f"{known[:5]}\n{known[5:]}",
)
"""How a server may echo a secret that the environment holds."""

FREE = re.compile(
    r"Output|Notes|.*Description|DisplayMessage|Message|.*Reason|.*Error|EmbeddedTmpl|Env|args|Meta|ServiceMeta|.*Token|Value|Details",
    re.IGNORECASE,
)
"""Keys below which a text says something and identifies nothing."""
BASE64 = "Value"
KEY = "LockIndex"
MARK = "xK9wVb3T"
"""How every planted secret ends."""


@dataclass
class Planter:
    """Creates secrets and records where each went. `own` are also planted, unchanged."""

    own: tuple[str, ...] = ()
    planted: dict[str, str] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _shapes: Iterator[str] = field(default_factory=lambda: itertools.cycle(SHAPES))

    def piece(self, where: str) -> str:
        """Return a text with a new secret, and one with a known secret."""
        number, shape = next(self._count), next(self._shapes)
        secret = f"Zq{number:06d}{MARK}"
        self.planted[secret] = f"{where} ({shape})"
        known = self.own[number % len(self.own)] if self.own else ""
        echoed = ECHOES[number % len(ECHOES)](known)
        return f" {SHAPES[shape](secret)} {echoed} "

    def body(self, path: str, body: str) -> str:
        """Return an answer with a secret in every informative string; a log has one in every other line."""
        try:
            value = json.loads(body)
        except ValueError:
            return "\n".join(line if number % 2 else line + self.piece(f"{path} line") for number, line in enumerate(body.split("\n")))
        return json.dumps(self._value(value, path, free=False))

    def everywhere(self, path: str, body: str) -> str:
        """Return an answer with a secret in every string."""
        try:
            value = json.loads(body)
        except ValueError:
            return self.body(path, body)
        return json.dumps(self._value(value, path, free=True))

    def _value(self, value: Any, path: str, *, free: bool) -> Any:
        if isinstance(value, dict):
            kept = KEY in value
            return {key: self._member(key, part, f"{path} {key}", free=free, kept=kept) for key, part in value.items()}
        if isinstance(value, list):
            return [self._value(part, path, free=free) for part in value]
        return value + self.piece(path) if isinstance(value, str) and free else value

    def _member(self, key: str, part: Any, path: str, *, free: bool, kept: bool) -> Any:
        if kept:
            return self._kept(key, part, path)
        return self._value(part, path, free=free or bool(FREE.fullmatch(key)))

    def _kept(self, key: str, part: Any, path: str) -> Any:
        """Consul's keys: the value is base64 of a text, or of LiteFS's own JSON, which gets one member more."""
        if key != BASE64 or not isinstance(part, str):
            return part
        text = base64.b64decode(part).decode("utf-8", "replace")
        try:
            changed = json.dumps({**json.loads(text), "api_token": self.piece(path).split()[0], "note": self.piece(path)})
        except (ValueError, TypeError):
            changed = text
        return base64.b64encode(changed.encode()).decode()


def forms(secret: str) -> Iterator[bytes]:
    """Return the ways in which a secret may be written."""
    quoted = quote(secret, safe="")
    for text in {secret, quoted, quoted.lower(), json.dumps(secret)[1:-1], html.escape(secret), secret.encode().hex(), secret[::-1]}:
        yield text.encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        yield coded[(0, 2, 3)[shift] : len(coded) - bool((shift + len(secret)) % 3)].encode()

"""Settings from the environment: where Nomad and Consul are, how to connect to them, how to send mail.

The only code that reads environment variables. Names and meaning are those of the `nomad` and `consul` command lines, not of the Python
SDKs, which read some of them differently (docs/settings.md lists where). As for the CLIs, an empty variable counts as unset.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from collector.errors import SettingsError
from collector.settings.address import parse_address
from collector.settings.environment import Environment

NOMAD_ADDRESS = "http://127.0.0.1:4646"
CONSUL_ADDRESS = "127.0.0.1:8500"
CONSUL_PORT = 8500
SMTP_PORTS: Mapping[str, int] = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


SECRETS = ("NOMAD_TOKEN", "CONSUL_HTTP_TOKEN", "COLLECTOR_SMTP_PASSWORD", "NOMAD_HTTP_AUTH", "CONSUL_HTTP_AUTH")
"""Variables whose value is a secret; in the last two, the part after the colon."""


class Tls(NamedTuple):
    """TLS settings. Paths were readable when the settings were made.

    `ca_file` takes precedence over `ca_path`; with neither, the system's certificate authorities are trusted (as in Go's rootcerts).
    `variables` is the prefix of the environment variables, for messages.
    """

    variables: str
    ca_file: str = ""
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    server_name: str = ""
    verify: bool = True


class Api(NamedTuple):
    """How to reach one HTTP API. `address` is `scheme://host:port`, perhaps with a path prefix, without user and password.

    `namespace` and `region` are for Nomad, and empty for Consul; empty means the server's default.
    """

    address: str
    tls: Tls
    token: str = ""
    auth: tuple[str, str] | None = None
    namespace: str = ""
    region: str = ""

    def __repr__(self) -> str:
        """Return a representation without token and password."""
        return f"Api({self.address!r})"


class MailSettings(NamedTuple):
    """The outgoing mail server. `security` is plain, STARTTLS or TLS."""

    host: str
    port: int
    security: Literal["plain", "starttls", "tls"]
    user: str = ""
    password: str = ""
    sender: str = ""

    def __repr__(self) -> str:
        """Return a representation without the password."""
        return f"MailSettings({self.host!r}, {self.port}, {self.security!r})"


class Settings(NamedTuple):
    """What comes from the environment, and `workers`, the number of connections kept (`--forks`).

    `proxy` is `http://host:port` or empty; no other proxy is ever used. `spare` are secrets in the environment that are not in use: a token
    overridden by a token file, a mail password without a mail server. `unset` are the address variables that are not set, so that the
    default applies.
    """

    nomad: Api
    consul: Api
    mail: MailSettings | None = None
    proxy: str = ""
    path: str = ""
    home: str = ""
    lang: str = ""
    no_color: bool = False
    workers: int = 32
    spare: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a representation without secrets."""
        return f"Settings({self.nomad!r}, {self.consul!r}, {self.mail!r})"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **overrides: Any) -> "Settings":
        """Read the environment; `overrides` are fields of `Settings` and take precedence.

        Raises `SettingsError` that names the invalid variable.
        """
        environment = Environment(environ)
        settings = cls(
            nomad=_nomad(environment),
            consul=_consul(environment),
            mail=_mail(environment),
            proxy=_proxy(environment),
            path=environment.text("PATH"),
            home=environment.text("HOME"),
            lang=environment.text("LANG"),
            no_color=bool(environment.text("NO_COLOR")),
            spare=tuple(_secret_of(environment, name) for name in SECRETS),
            unset=tuple(name for name in ("NOMAD_ADDR", "CONSUL_HTTP_ADDR") if not environment.text(name)),
        )
        return settings._replace(**overrides)

    def describe(self) -> dict[str, str]:
        """Describe the servers for the bundle and the report, without secrets."""
        return {"nomad": self.nomad.address, "consul": self.consul.address}

    def tokens_for(self) -> str:
        """Return the systems for which a token or user is set, joined by commas."""
        return ", ".join(name for name, server in (("nomad", self.nomad), ("consul", self.consul)) if server.token or server.auth)

    def secret_values(self) -> tuple[str, ...]:
        """Return every secret in these settings, for the redactor."""
        values = [self.nomad.token, self.consul.token, parse_address("COLLECTOR_PROXY", self.proxy).password if self.proxy else ""]
        values += [auth[1] for auth in (self.nomad.auth, self.consul.auth) if auth]
        values += [self.mail.password] if self.mail else []
        values += self.spare
        return tuple(value for value in values if value)

    def child_environment(self) -> dict[str, str]:
        """Return the complete environment for the `nomad` command: what it needs to reach the same server the same way, nothing else.

        The token is passed here and not in arguments, which every user of the machine can read.
        """
        nomad, tls = self.nomad, self.nomad.tls
        variables = {
            "PATH": self.path,
            "HOME": self.home,
            "LANG": self.lang,
            "TERM": "dumb",
            "NOMAD_CLI_NO_COLOR": "1",
            "NOMAD_ADDR": nomad.address,
            "NOMAD_TOKEN": nomad.token,
            "NOMAD_HTTP_AUTH": ":".join(nomad.auth or ()),
            "NOMAD_NAMESPACE": nomad.namespace,
            "NOMAD_REGION": nomad.region,
            "NOMAD_CACERT": tls.ca_file,
            "NOMAD_CAPATH": tls.ca_path,
            "NOMAD_CLIENT_CERT": tls.client_cert,
            "NOMAD_CLIENT_KEY": tls.client_key,
            "NOMAD_TLS_SERVER_NAME": tls.server_name,
            "NOMAD_SKIP_VERIFY": "" if tls.verify else "true",
            "HTTP_PROXY": self.proxy,
            "HTTPS_PROXY": self.proxy,
        }
        return {name: value for name, value in variables.items() if value}


def _secret_of(environment: Environment, name: str) -> str:
    """Return the secret in a variable; for `user:password` that is the password."""
    value = environment.text(name)
    return value.partition(":")[2] if name.endswith("_AUTH") else value


def _nomad(environment: Environment) -> Api:
    address = parse_address("NOMAD_ADDR", environment.text("NOMAD_ADDR") or NOMAD_ADDRESS)
    return Api(
        address=address.url,
        tls=_tls(environment, "NOMAD", verify=not environment.flag("NOMAD_SKIP_VERIFY", default=False)),
        token=environment.header("NOMAD_TOKEN"),
        auth=environment.user_and_password("NOMAD_HTTP_AUTH") or address.auth,
        namespace=environment.text("NOMAD_NAMESPACE"),
        region=environment.text("NOMAD_REGION"),
    )


def _consul(environment: Environment) -> Api:
    """Consul's address may lack a scheme, and `CONSUL_HTTP_SSL` turns any address into https.

    A token file takes precedence over the token (Consul's api/api.go, NewClient); an empty file does not.
    """
    scheme = "https" if environment.flag("CONSUL_HTTP_SSL", default=False) else "http"
    text = environment.text("CONSUL_HTTP_ADDR") or CONSUL_ADDRESS
    if scheme == "https" and text.startswith("http://"):
        text = f"https://{text.removeprefix('http://')}"
    address = parse_address("CONSUL_HTTP_ADDR", text, bare=scheme, bare_port=CONSUL_PORT)
    return Api(
        address=address.url,
        tls=_tls(environment, "CONSUL", verify=environment.flag("CONSUL_HTTP_SSL_VERIFY", default=True)),
        token=environment.header_file("CONSUL_HTTP_TOKEN_FILE") or environment.header("CONSUL_HTTP_TOKEN"),
        auth=environment.user_and_password("CONSUL_HTTP_AUTH") or address.auth,
    )


def _tls(environment: Environment, prefix: str, *, verify: bool) -> Tls:
    """A certificate without its key, or the reverse, is an error, as for both CLIs."""
    certificate, key = environment.file(f"{prefix}_CLIENT_CERT"), environment.file(f"{prefix}_CLIENT_KEY")
    if bool(certificate) != bool(key):
        missing = f"{prefix}_CLIENT_{'KEY' if certificate else 'CERT'}"
        raise SettingsError(f"{missing}: a client certificate and its key come together; set it too, or unset the other one")
    return Tls(
        variables=prefix,
        ca_file=environment.file(f"{prefix}_CACERT"),
        ca_path=environment.directory(f"{prefix}_CAPATH"),
        client_cert=certificate,
        client_key=key,
        server_name=environment.text(f"{prefix}_TLS_SERVER_NAME"),
        verify=verify,
    )


def _proxy(environment: Environment) -> str:
    value = environment.text("COLLECTOR_PROXY")
    if not value:
        return ""
    address = parse_address("COLLECTOR_PROXY", value)
    if address.scheme != "http" or address.prefix:
        raise SettingsError("COLLECTOR_PROXY: must be a forward proxy of the form http://host:port")
    return address.url_with_auth


def _mail(environment: Environment) -> MailSettings | None:
    url = environment.text("COLLECTOR_SMTP_URL")
    if not url:
        return None
    address = parse_address("COLLECTOR_SMTP_URL", url, schemes=SMTP_PORTS)
    security: dict[str, Literal["plain", "starttls", "tls"]] = {"smtp": "plain", "smtp+starttls": "starttls", "smtps": "tls"}
    password = environment.secret_file("COLLECTOR_SMTP_PASSWORD_FILE") or environment.text("COLLECTOR_SMTP_PASSWORD") or address.password
    return MailSettings(
        address.host, address.port, security[address.scheme], address.user, password, environment.text("COLLECTOR_MAIL_FROM")
    )

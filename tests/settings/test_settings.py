"""Environment variables have the same meaning as for the Nomad and Consul command lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SettingsError
from collector.settings import MailSettings, Settings
from collector.settings.environment import FALSE, TRUE


def settings(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def refused(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(**environ)
    assert caught.value.exit_code == 78
    return str(caught.value)


def test_an_empty_environment_asks_the_local_agents() -> None:
    assert settings().describe() == {"nomad": "http://127.0.0.1:4646", "consul": "http://127.0.0.1:8500"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"NOMAD_TOKEN": "t"}, "nomad"),
        ({"CONSUL_HTTP_TOKEN": "t"}, "consul"),
        ({"NOMAD_TOKEN": "t", "CONSUL_HTTP_TOKEN": "u"}, "nomad, consul"),
    ],
)
def test_the_report_says_which_systems_have_a_token_but_not_the_token(given, told) -> None:
    assert settings(**given).tokens_for() == told
    assert settings().nomad.tls.verify
    assert settings().consul.tls.verify
    assert settings().mail is None
    assert settings().proxy == ""


def test_a_default_that_was_taken_for_an_address_is_known() -> None:
    assert Settings.from_environment({"NOMAD_ADDR": ""}).unset == ("NOMAD_ADDR", "CONSUL_HTTP_ADDR")
    assert Settings.from_environment({"NOMAD_ADDR": "http://n:1", "CONSUL_HTTP_ADDR": "c"}).unset == ()


def test_an_empty_variable_counts_as_unset() -> None:
    names = ("NOMAD_ADDR", "NOMAD_SKIP_VERIFY", "NOMAD_CACERT", "CONSUL_HTTP_ADDR", "CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY")
    assert (
        settings(**dict.fromkeys((*names, "CONSUL_HTTP_TOKEN_FILE", "COLLECTOR_PROXY", "COLLECTOR_SMTP_URL", "NO_COLOR"), "")) == settings()
    )


NOMAD_ADDRESSES = {
    "http://odroid6:4646": "http://odroid6:4646",
    "https://10.0.0.1:4646/": "https://10.0.0.1:4646",
    "http://[fe80::1]:4646": "http://[fe80::1]:4646",
    "https://nomad.example": "https://nomad.example:443",
    "http://nomad.example/prefix/": "http://nomad.example:80/prefix",
    "HTTP://Nomad.Example:1": "http://nomad.example:1",
}
CONSUL_ADDRESSES = {
    "odroid6:8500": "http://odroid6:8500",
    "odroid6": "http://odroid6:8500",
    "10.0.0.1": "http://10.0.0.1:8500",
    "::1": "http://[::1]:8500",
    "[::1]": "http://[::1]:8500",
    "[::1]:8501": "http://[::1]:8501",
    "http://odroid6:8500": "http://odroid6:8500",
    "https://consul.example": "https://consul.example:443",
    "https://consul.example/ui/..": "https://consul.example:443/ui/..",
}


@pytest.mark.parametrize("text", NOMAD_ADDRESSES)
def test_nomads_address(text: str) -> None:
    assert settings(NOMAD_ADDR=text).nomad.address == NOMAD_ADDRESSES[text]


@pytest.mark.parametrize("text", CONSUL_ADDRESSES)
def test_consuls_address(text: str) -> None:
    assert settings(CONSUL_HTTP_ADDR=text).consul.address == CONSUL_ADDRESSES[text]


CONSUL_TLS = {
    "odroid6:8501": "https://odroid6:8501",
    "http://odroid6:8501": "https://odroid6:8501",
    "https://odroid6:8501": "https://odroid6:8501",
}


@pytest.mark.parametrize("text", CONSUL_TLS)
def test_consul_http_ssl_makes_any_address_https(text: str) -> None:
    assert settings(CONSUL_HTTP_ADDR=text, CONSUL_HTTP_SSL="1").consul.address == CONSUL_TLS[text]
    assert settings(CONSUL_HTTP_ADDR=text, CONSUL_HTTP_SSL="0").consul.address.partition(":")[0] == ("https" if "https" in text else "http")


WRONG_ADDRESSES = [
    ("NOMAD_ADDR", "127.0.0.1:4646", "must start with http:// or https://"),
    ("NOMAD_ADDR", "localhost", "must start with"),
    ("NOMAD_ADDR", "unix:///var/run/nomad.sock", "unix sockets are not supported"),
    ("CONSUL_HTTP_ADDR", "unix:///var/run/consul.sock", "unix sockets are not supported"),
    ("CONSUL_HTTP_ADDR", "ftp://consul:1", "not with 'ftp'"),
    ("CONSUL_HTTP_ADDR", "a:b:c", "port"),
    ("CONSUL_HTTP_ADDR", "host:99999", "port"),
    ("CONSUL_HTTP_ADDR", ":8500", "no host"),
    ("NOMAD_ADDR", "http://", "no host"),
    ("NOMAD_ADDR", "http://[::1", "must look like"),
    ("NOMAD_ADDR", "http://a b", "space"),
    ("NOMAD_ADDR", "http://a\nb", "control character"),
    ("NOMAD_ADDR", "http://a/?x=1", "query"),
    ("COLLECTOR_PROXY", "https://proxy:1", "http://host:port"),
    ("COLLECTOR_PROXY", "http://proxy:1/path", "http://host:port"),
    ("COLLECTOR_PROXY", "socks5://proxy:1", "COLLECTOR_PROXY"),
    ("COLLECTOR_SMTP_URL", "mail.example:25", "smtp:// or smtp+starttls:// or smtps://"),
    ("COLLECTOR_SMTP_URL", "http://mail.example", "smtp://"),
    ("COLLECTOR_SMTP_URL", "smtp://a..b:25", "no name that can be looked up"),
    ("COLLECTOR_SMTP_URL", "smtp://.example", "no name that can be looked up"),
    ("COLLECTOR_SMTP_URL", f"smtp://{'x' * 64}.example", "no name that can be looked up"),
    ("COLLECTOR_SMTP_URL", "smtp://b\u00fccher..example", "no name that can be looked up"),
    ("CONSUL_HTTP_ADDR", "consul..example:8500", "no name that can be looked up"),
]


@pytest.mark.parametrize(("variable", "text", "words"), WRONG_ADDRESSES)
def test_an_address_that_makes_no_sense_is_named(variable: str, text: str, words: str) -> None:
    message = refused(**{variable: text})
    assert message.startswith(f"{variable}: ")
    assert words in message


@pytest.mark.parametrize("password", ["s3cret\u2100word", "[s3cretword]", "s3cret[word", "s3cretword]"])
def test_an_address_that_is_no_url_is_refused_without_its_password(password: str) -> None:
    message = refused(NOMAD_ADDR=f"http://user:{password}@host:4646")
    assert "s3cret" not in message
    assert "is no URL" in message


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_settings_error(text: str) -> None:
    for variable in ("NOMAD_ADDR", "CONSUL_HTTP_ADDR", "COLLECTOR_PROXY", "COLLECTOR_SMTP_URL"):
        for value in (text, f"http://{text}", f"smtp://{text}"):
            try:
                settings(**{variable: value})
            except SettingsError as error:
                assert str(error).startswith(variable)  # noqa: PT017 - either outcome is right


FLAGS = [("NOMAD_SKIP_VERIFY", True), ("CONSUL_HTTP_SSL_VERIFY", False)]


@pytest.mark.parametrize(("variable", "turns_off"), FLAGS)
def test_flags_are_read_as_go_reads_them(variable: str, turns_off: bool) -> None:
    for word in TRUE | FALSE:
        made = settings(**{variable: word})
        tls = made.nomad.tls if variable.startswith("NOMAD") else made.consul.tls
        assert tls.verify is ((word in TRUE) is not turns_off)


@pytest.mark.parametrize("variable", ["NOMAD_SKIP_VERIFY", "CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY"])
@pytest.mark.parametrize("word", ["yes", "on", "tRuE", "2", " true"])
def test_an_invalid_flag_is_an_error_and_not_guessed(variable: str, word: str) -> None:
    assert refused(**{variable: word}).startswith(f"{variable}: ")


def test_the_token_file_wins_unless_it_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("\n of-the-file \n")
    assert settings(CONSUL_HTTP_TOKEN="of-the-variable", CONSUL_HTTP_TOKEN_FILE=str(file)).consul.token == "of-the-file"
    file.write_text("\n")
    assert settings(CONSUL_HTTP_TOKEN="of-the-variable", CONSUL_HTTP_TOKEN_FILE=str(file)).consul.token == "of-the-variable"


def test_users_and_passwords() -> None:
    assert settings(CONSUL_HTTP_AUTH="me:pa:ss").consul.auth == ("me", "pa:ss")
    assert settings(CONSUL_HTTP_AUTH="me").consul.auth == ("me", "")
    assert settings(NOMAD_HTTP_AUTH="me:pass").nomad.auth == ("me", "pass")
    assert settings(NOMAD_ADDR="http://me:p%40ss@nomad:4646").nomad.auth == ("me", "p@ss")
    assert settings(NOMAD_ADDR="http://me:p%40ss@nomad:4646").nomad.address == "http://nomad:4646"


FILES = ["NOMAD_CACERT", "NOMAD_CAPATH", "CONSUL_CACERT", "CONSUL_CAPATH", "CONSUL_HTTP_TOKEN_FILE"]


@pytest.mark.parametrize("variable", FILES)
def test_a_file_that_cannot_be_read_is_named(variable: str, tmp_path: Path) -> None:
    message = refused(**{variable: str(tmp_path / "absent")})
    assert message.startswith(f"{variable}: ")
    assert "absent" in message
    assert "No such file" in message


def test_a_directory_is_no_file_and_a_file_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(NOMAD_CACERT=str(tmp_path)).startswith("NOMAD_CACERT: ")
    assert refused(NOMAD_CAPATH=str(tmp_path / "file")).startswith("NOMAD_CAPATH: ")


def test_a_token_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert refused(CONSUL_HTTP_TOKEN_FILE=str(tmp_path / "token")).startswith("CONSUL_HTTP_TOKEN_FILE: ")


@pytest.mark.parametrize(("given", "missing"), [("CLIENT_CERT", "CLIENT_KEY"), ("CLIENT_KEY", "CLIENT_CERT")])
@pytest.mark.parametrize("prefix", ["NOMAD", "CONSUL"])
def test_a_certificate_and_its_key_come_together(prefix: str, given: str, missing: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(**{f"{prefix}_{given}": str(tmp_path / "file")}).startswith(f"{prefix}_{missing}: ")


@pytest.mark.parametrize("variable", ["NOMAD_TOKEN", "CONSUL_HTTP_TOKEN", "CONSUL_HTTP_AUTH"])
@pytest.mark.parametrize("value", ["line\nbreak", "t\u00f6ken", "nul\0"])
def test_a_secret_that_no_header_can_carry_is_refused_without_showing_it(variable: str, value: str) -> None:
    message = refused(**{variable: value})
    assert message.startswith(f"{variable}: ")
    assert value not in message


MAIL = {
    "smtp://mail.example": ("mail.example", 25, "plain", ""),
    "smtp+starttls://me@mail.example": ("mail.example", 587, "starttls", "me"),
    "smtps://me%40home@mail.example:2465": ("mail.example", 2465, "tls", "me@home"),
}


@pytest.mark.parametrize("url", MAIL)
def test_the_mail_server(url: str) -> None:
    mail = settings(COLLECTOR_SMTP_URL=url, COLLECTOR_MAIL_FROM="collector@home.example").mail
    host, port, security, user = MAIL[url]
    assert mail == MailSettings(host, port, security, user, "", "collector@home.example")  # type: ignore[arg-type]


def test_the_mail_password_comes_from_the_file_then_the_variable_then_the_url(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("fr\u00f6m the file\n")
    everywhere = {"COLLECTOR_SMTP_URL": "smtp://me:from-url@mail", "COLLECTOR_SMTP_PASSWORD": "from-variable"}
    for environ, password in (
        (everywhere | {"COLLECTOR_SMTP_PASSWORD_FILE": str(tmp_path / "password")}, "fr\u00f6m the file"),
        (everywhere, "from-variable"),
        ({"COLLECTOR_SMTP_URL": "smtp://me:from-url@mail"}, "from-url"),
    ):
        mail = settings(**environ).mail
        assert mail is not None
        assert mail.password == password


SECRETS: dict[str, str] = {
    "NOMAD_TOKEN": "secret-nomad",
    "CONSUL_HTTP_TOKEN": "secret-consul",
    "NOMAD_HTTP_AUTH": "me:secret-nomad-auth",
    "CONSUL_HTTP_AUTH": "me:secret-consul-auth",
    "COLLECTOR_SMTP_URL": "smtp://me@mail",
    "COLLECTOR_SMTP_PASSWORD": "secret-mail",
    "COLLECTOR_PROXY": "http://me:secret-proxy@proxy:3128",
}


def test_no_secret_is_shown_and_all_are_known_to_the_redactor() -> None:
    made = settings(**SECRETS)
    assert "secret" not in repr(made)
    assert "secret" not in str(made.describe())
    assert set(made.secret_values()) == {
        "secret-nomad",
        "secret-consul",
        "secret-nomad-auth",
        "secret-consul-auth",
        "secret-mail",
        "secret-proxy",
    }


@pytest.mark.parametrize("name", ["NOMAD_TOKEN", "CONSUL_HTTP_TOKEN", "COLLECTOR_SMTP_PASSWORD"])
def test_a_secret_with_a_colon_in_it_is_one_secret(name: str) -> None:
    assert set(settings(**{name: "first:second"}).secret_values()) == {"first:second"}


def test_the_nomad_command_gets_the_resolved_settings_and_nothing_of_consul_or_mail() -> None:
    environ = SECRETS | {
        "PATH": "/bin",
        "HOME": "/h",
        "LANG": "C.UTF-8",
        "NOMAD_NAMESPACE": "media",
        "NOMAD_REGION": "home",
        "HTTP_PROXY": "http://x",
        "EDITOR": "vi",
    }
    assert settings(**environ).child_environment() == {
        "PATH": "/bin",
        "HOME": "/h",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "NOMAD_CLI_NO_COLOR": "1",
        "NOMAD_ADDR": "http://127.0.0.1:4646",
        "NOMAD_TOKEN": "secret-nomad",
        "NOMAD_HTTP_AUTH": "me:secret-nomad-auth",
        "NOMAD_NAMESPACE": "media",
        "NOMAD_REGION": "home",
        "HTTP_PROXY": "http://me:secret-proxy@proxy:3128",
        "HTTPS_PROXY": "http://me:secret-proxy@proxy:3128",
    }


OVERRIDES: list[tuple[str, Any]] = [("workers", 4), ("no_color", True), ("proxy", "http://other:1")]


@pytest.mark.parametrize(("name", "value"), OVERRIDES)
def test_an_override_wins(name: str, value: Any) -> None:
    assert getattr(Settings.from_environment({"COLLECTOR_PROXY": "http://proxy:1"}, **{name: value}), name) == value


def test_an_unknown_override_is_a_bug() -> None:
    with pytest.raises((TypeError, ValueError)):
        Settings.from_environment({}, tokne="x")


def test_no_color_is_on_with_any_text() -> None:
    assert settings(NO_COLOR="0").no_color
    assert not settings().no_color

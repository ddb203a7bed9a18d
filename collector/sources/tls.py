"""TLS as in the Nomad and Consul CLIs, which differs from requests' defaults."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

from collector.errors import SettingsError
from collector.settings import Tls


@cache
def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the context for all connections to one API. Raises `SettingsError` naming the variable whose file has no usable certificate.

    As in Go: TLS 1.2 or later; configured authorities replace the system's; any of their certificates is a trust anchor, including
    intermediates; names are matched against subjectAltName only.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _trust(context, tls)
    if tls.client_cert:
        try:
            context.load_cert_chain(tls.client_cert, tls.client_key, password=_no_password)
        except (OSError, ValueError) as error:
            variables = f"{tls.variables}_CLIENT_CERT, {tls.variables}_CLIENT_KEY"
            raise SettingsError(f"{variables}: not a certificate with its unencrypted key in PEM form: {error}") from None
    return context


def _trust(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.ca_file:
        _load(context, Path(tls.ca_file), f"{tls.variables}_CACERT")
    elif tls.ca_path:
        for path in sorted(path for path in Path(tls.ca_path).rglob("*") if path.is_file()):
            _load(context, path, f"{tls.variables}_CAPATH")
    else:
        context.load_default_certs()


def _load(context: ssl.SSLContext, path: Path, variable: str) -> None:
    """Load every file of CAPATH, whatever its name (as Go's rootcerts); OpenSSL would only find hashed names."""
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:
        raise SettingsError(f"{variable}: {str(path)!r} holds no certificate authority in PEM form: {error}") from None


def _no_password() -> str:
    """Return an empty password for an encrypted key: OpenSSL would otherwise prompt on the terminal."""
    return ""

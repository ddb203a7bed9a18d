"""TLS as the Nomad and Consul CLIs do it, which differs from what requests would do."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

from collector.errors import SettingsError
from collector.settings import Tls


@cache
def tls_context(tls: Tls) -> ssl.SSLContext:
    """The context for all connections to one API. Raises `SettingsError` naming the variable whose file holds no usable certificate.

    As Go does: TLS 1.2 at least; given authorities replace the system's; any certificate given as an authority is an anchor, an
    intermediate too; names are looked for in subjectAltName alone.
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
    """Every file of CAPATH is read, whatever its name (Go's rootcerts); OpenSSL alone would only see hashed names."""
    try:
        context.load_verify_locations(cafile=path)
    except OSError as error:
        raise SettingsError(f"{variable}: {str(path)!r} holds no certificate authority in PEM form: {error}") from None


def _no_password() -> str:
    """OpenSSL would ask on the terminal for an encrypted key's password; the empty one makes it fail instead."""
    return ""

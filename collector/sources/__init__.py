"""The boundary to the outside world: takes a `Request`, returns a `Reply`.

Modules below are imported on first use: the SDKs take a fifth of a second, which `--version` need not spend.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from collector.model import Dial, Exec, Http, Reply, Request
from collector.redact import Redactor
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.sources.command import NomadCommand


class Sources:
    """Performs requests. Thread-safe.

    TLS files are read in the constructor, so that a file without a certificate is a `SettingsError` before the run.
    """

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self._settings = settings
        self._redactor = redactor
        self._lock = threading.Lock()
        self._nomad: NomadCommand | None = None
        _check_tls(settings)
        from collector.sources.web import Web  # noqa: PLC0415 - see the module's docstring

        self._web = Web(settings, redactor)

    def perform(self, request: Request, deadline: float) -> Reply:
        """Perform one request; returns by the monotonic time `deadline` or shortly after.

        Never raises for anything that a server, a network, a command or a name does. Only a name lookup may exceed the deadline. Raises
        ValueError for a path that is not a known read, and `CollectorError` if an installed SDK is not the expected one.
        """
        started, at = time.monotonic(), time.time()
        reply = self._perform(request, deadline)
        return reply._replace(seconds=time.monotonic() - started, at=at)

    def close(self) -> None:
        """Close connections and kill running commands."""
        for source in (self._web, self._nomad):
            if source is not None:
                source.close()

    def _perform(self, request: Request, deadline: float) -> Reply:
        match request:
            case Http():
                return self._web.get(request, deadline)
            case Exec():
                return self._open_nomad().run(request, deadline)
            case Dial():
                from collector.sources.dial import dial  # noqa: PLC0415 - see the module's docstring

                return dial(request, self._settings.proxy, deadline, self._redactor)

    def _open_nomad(self) -> NomadCommand:
        with self._lock:
            if self._nomad is None:
                from collector.sources.command import NomadCommand  # noqa: PLC0415 - see the module's docstring

                self._nomad = NomadCommand(self._settings, self._redactor)
            return self._nomad


def _check_tls(settings: Settings) -> None:
    for tls in (settings.nomad.tls, settings.consul.tls):
        if tls.ca_file or tls.ca_path or tls.client_cert:
            from collector.sources.tls import tls_context  # noqa: PLC0415 - see the module's docstring

            tls_context(tls)

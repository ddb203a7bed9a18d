"""The boundary to the outside world: a `Request` goes in, a `Reply` comes out.

Everything below here is imported when it is first needed: the SDKs cost a fifth of a second, which `--version` need not pay.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from collector.model import Dial, Exec, Http, Reply, Request
from collector.redact import Redactor
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.sources.command import Nomad


class Sources:
    """Performs requests. Safe to use from several threads.

    TLS files are read at once, so that one that holds no certificate is a `SettingsError` here and not somewhere in a run.
    """

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self._settings = settings
        self._redactor = redactor
        self._lock = threading.Lock()
        self._nomad: Nomad | None = None
        _check_tls(settings)
        from collector.sources.web import Web  # noqa: PLC0415 - see the module's docstring

        self._web = Web(settings, redactor)

    def perform(self, request: Request, deadline: float) -> Reply:
        """Do one request and say what came of it, before the monotonic time `deadline` or a moment after.

        Never raises for anything that a server, a network, a command or a name does. Only a name lookup may take longer than the deadline.
        Raises ValueError for a path that is no known read, and `CollectorError` when an SDK is not the one that was installed.
        """
        started, at = time.monotonic(), time.time()
        reply = self._perform(request, deadline)
        return reply._replace(seconds=time.monotonic() - started, at=at)

    def close(self) -> None:
        """Drop connections and kill commands that still run."""
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

    def _open_nomad(self) -> Nomad:
        with self._lock:
            if self._nomad is None:
                from collector.sources.command import Nomad  # noqa: PLC0415 - see the module's docstring

                self._nomad = Nomad(self._settings, self._redactor)
            return self._nomad


def _check_tls(settings: Settings) -> None:
    for tls in (settings.nomad.tls, settings.consul.tls):
        if tls.ca_file or tls.ca_path or tls.client_cert:
            from collector.sources.tls import tls_context  # noqa: PLC0415 - see the module's docstring

            tls_context(tls)

"""The sample application: writes to SQLite in the LiteFS mount where it may, and serves its health path.

    app.py MOUNT HOST PORT MODE DATABASE

MODE is `ok`, or what is wrong with it: see MODES. It never outlives the process that started it.
"""

from __future__ import annotations

import http.server
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

MODES = ("ok", "ok-wal", "crash", "exit-zero", "error", "slow", "deaf", "write-on-replica", "write-on-replica-wal")


def say(level: str, message: str, **fields: object) -> None:
    """Log one line on stderr, in logfmt."""
    words = "".join(f' {name}="{value}"' for name, value in fields.items())
    sys.stderr.write(f'level={level} msg="{message}"{words}\n')
    sys.stderr.flush()


def is_primary(mount: Path) -> bool:
    """True on a primary, which has no `.primary` file and no lag.

    A replica that lost its primary has no such file either, but a growing lag.
    """
    return not (mount / ".primary").exists() and int((mount / ".lag").read_text(encoding="ascii")) == 0


def write(database: Path, mode: str) -> None:
    """Run a transaction if this node is the primary; in the modes that ignore this, one that must fail."""
    primary = is_primary(database.parent)
    if not (primary or mode.startswith("write-on-replica")):
        return
    connection = sqlite3.connect(database, timeout=2, isolation_level=None)
    try:
        if primary:
            connection.execute(f"PRAGMA journal_mode={'wal' if mode.endswith('-wal') else 'delete'}")
            create(connection)
        connection.execute("INSERT INTO plays VALUES (?)", (time.time(),))
    finally:
        connection.close()


def create(connection: sqlite3.Connection) -> None:
    """Create two tables: one that every transaction changes, one of some pages that never change."""
    connection.execute("CREATE TABLE IF NOT EXISTS plays (at REAL)")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'songs'").fetchone():
        connection.execute("CREATE TABLE songs AS SELECT randomblob(64 << 10) AS cover")


def keep_writing(database: Path, mode: str, every: float) -> None:
    """Write until the process or the mount ends; SQLite's errors are logged, as by an application."""
    while True:
        try:
            write(database, mode)
        except sqlite3.Error as error:
            say("error", "Error saving play count", error=error)
        except OSError:
            os._exit(1)
        time.sleep(every)


def mourn(parent: int) -> None:
    """Exit with the process that started us."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def handler(mode: str) -> type[http.server.BaseHTTPRequestHandler]:
    """Return the request handler of that mode."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if mode == "slow":
                time.sleep(60)
            self.send_response(500 if mode == "error" else 200)
            self.end_headers()
            self.wfile.write(b'{"error":"database is locked"}' if mode == "error" else b".")

        def log_message(self, *_: object) -> None:
            return

    return Answer


def serve(host: str, port: int, mode: str) -> None:
    """Answer requests until the process is killed."""
    try:
        server = http.server.ThreadingHTTPServer((host, port), handler(mode))
    except OSError as error:
        say("fatal", "Error starting server", error=f"listen tcp {host}:{port}: bind: {str(error.strerror).lower()}")
        sys.exit(1)
    say("info", "Server is ready", address=f"{host}:{port}")
    server.serve_forever()


def main(mount: str, host: str, port: str, mode: str, database: str) -> None:
    """Start, or fail, as `mode` says."""
    if mode == "crash":
        say("fatal", "Error opening database", error="unable to open database file: no such table: property")
        sys.exit(1)
    if mode == "exit-zero":
        say("info", "Nothing to do")
        return
    threading.Thread(target=mourn, args=(os.getppid(),), daemon=True).start()
    if mode == "deaf":
        say("info", "Waiting for the library scan")
        threading.Event().wait()
    threading.Thread(target=keep_writing, args=(Path(mount) / database, mode, 1.0), daemon=True).start()
    serve(host, int(port), mode)


if __name__ == "__main__":
    main(*sys.argv[1:])

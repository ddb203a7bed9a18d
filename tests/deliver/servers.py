"""Mail and ping servers on loopback: real ones (aiosmtpd, http.server), and ones that misbehave in one way each."""

import contextlib
import http.server
import socket
import ssl
import threading
import time

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "robot", "s3cr3t-mail"


class Box:
    """An aiosmtpd handler that keeps accepted mails; `answers` are returned first, one per RCPT."""

    def __init__(self, answers=(), refuse=()):
        self.letters = []
        self.answers = list(answers)
        self.refuse = refuse
        self.attempts = 0

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        self.attempts += 1
        if address in self.refuse:
            return "550 5.1.1 no such user"
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.letters.append(envelope)
        return "250 OK"


def _authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


# aiosmtpd cannot express implicit TLS, so AUTH is allowed without TLS; pytest would turn its warning into an error.
AUTH_WARNING = "ignore:Requiring AUTH while not requiring TLS:UserWarning"
AUTH = {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": False}


@contextlib.contextmanager
def mail_server(box, **options):
    """Yield the port of a real SMTP server on 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class Authority:
    """A private certificate authority in a file, and a server context for a name that it certifies."""

    def __init__(self, directory):
        self.ca = trustme.CA()
        self.file = directory / "ca.pem"
        self.ca.cert_pem.write_to_path(self.file)

    def context(self, name="127.0.0.1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name).configure_cert(context)
        return context


@contextlib.contextmanager
def rude_server(talk):
    """Yield (port, connections) of a server that passes every connection to `talk`."""
    server = socket.create_server(("127.0.0.1", 0))
    connections = []
    over = threading.Event()

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=_talk, args=(talk, connection, over), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1], connections
    finally:
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in connections:
            connection.close()
        thread.join(5)


def _talk(talk, connection, over):
    with contextlib.suppress(OSError):
        talk(connection, over)
    connection.close()


def silent(_connection, over):
    over.wait()


def dripping(connection, over):
    while not over.wait(0.05):
        connection.sendall(b"2")


def hanging_up(_connection, _over):
    pass


def busy(connection, _over):
    connection.sendall(b"421 4.3.2 too busy, come back later\r\n")


def banned(connection, _over):
    connection.sendall(b"554 5.7.1 you are on a list\r\n")


def dying_in_data(connection, _over):
    """Accept everything up to the message, then close the connection in the middle of it."""
    stream = connection.makefile("rb")
    connection.sendall(b"220 hello\r\n")
    while line := stream.readline():
        if line.upper().startswith(b"DATA"):
            connection.sendall(b"354 go on\r\n")
            stream.readline()
            return
        connection.sendall(b"250 fine\r\n")


def closing_after_one_recipient(connection, _over):
    """Answer the first recipient with 421, which ends the conversation."""
    stream = connection.makefile("rb")
    connection.sendall(b"220 hello\r\n")
    while line := stream.readline():
        connection.sendall(b"421 4.7.0 too many\r\n" if line.upper().startswith(b"RCPT") else b"250 fine\r\n")


class Pings(http.server.BaseHTTPRequestHandler):
    """A dead-man service: records (method, path, body), answers with the server's status."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.told.append((self.command, self.path, body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - http.server's name

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def ping_server(status=200):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pings) as server:
        server.told, server.status = [], status
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Stopwatch:
    def __enter__(self):
        self.start = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.start

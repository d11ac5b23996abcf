"""The HTTP client under peers that take their time: one deadline for everything."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.envelope import pki
from gateway.errors import ConfigError
from gateway.zustellung.http import ReplyTooLarge, SendError, Trust, get, post

TIMEOUT = 0.3
HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def peer(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Takes one connection and behaves as `talk` says until the client is gone."""
    gone = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                talk(connection, gone)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            gone.set()
            thread.join()


def hangs(_: socket.socket, gone: threading.Event) -> None:
    gone.wait(5)


def drips(start: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def talk(connection: socket.socket, gone: threading.Event) -> None:
        connection.recv(1 << 16)
        connection.sendall(start)
        while not gone.wait(0.05):
            connection.sendall(drop)

    return talk


def reads_slowly(connection: socket.socket, gone: threading.Event) -> None:
    while not gone.wait(0.02):
        connection.recv(1 << 12)


@pytest.mark.parametrize(
    "talk",
    [
        hangs,
        reads_slowly,
        drips(b"", b"H"),
        drips(HEAD, b"X-More: x\r\n"),
        drips(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["hangs", "reads slowly", "status line", "headers", "body", "chunks", "continue"],
)
def test_whatever_a_peer_does_it_holds_nobody_longer_than_the_deadline(
    talk: Callable[[socket.socket, threading.Event], None],
) -> None:
    with peer(talk) as url:
        begin = time.monotonic()
        with pytest.raises(SendError, match="timed out") as caught:
            post(url, b"x" * 20_000_000, timeout=TIMEOUT) if talk is reads_slowly else get(
                url, headers={}, timeout=TIMEOUT
            )
        assert time.monotonic() - begin < TIMEOUT + 2
        assert (caught.value.late, caught.value.sent) == (True, True)


def test_headers_are_the_callers_and_the_query_is_sent() -> None:
    heard = []

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heard.append(connection.recv(1 << 16))
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")

    with peer(talk) as url:
        reply = get(url + "a?b=c", headers={"Accept": "application/json"})
    assert (reply.status, reply.body) == (200, b"ok")
    assert heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert b"Accept: application/json\r\n" in heard[0]
    assert b"SOAPAction" not in heard[0]


def test_a_long_reply_is_cut_off() -> None:
    with (
        peer(drips(HEAD + b"Content-Length: 100000\r\n\r\n", b"x" * 2000)) as url,
        pytest.raises(ReplyTooLarge, match="more than 1000 bytes"),
    ):
        get(url, headers={}, max_reply=1000)


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5\r\n\r\nabcd", b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"]
)
def test_a_reply_that_is_cut_short_is_none(framing: bytes) -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(1 << 16)
        connection.sendall(HEAD + framing)

    with peer(talk) as url, pytest.raises(SendError) as caught:
        get(url, headers={}, timeout=5)
    assert (caught.value.late, caught.value.sent) == (False, True)


def test_a_nobody_is_said_to_be_one() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(SendError, match="Connection refused") as caught:
            get(f"http://localhost:{unused.getsockname()[1]}/", headers={}, timeout=TIMEOUT)
    assert (caught.value.late, caught.value.sent) == (False, False)


def test_what_a_peer_says_instead_of_http_is_not_quoted() -> None:
    def talk(connection: socket.socket, _: threading.Event) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"Erika Mustermann\r\n\r\n")

    with peer(talk) as url, pytest.raises(SendError) as caught:
        post(url, b"<a/>", timeout=2)
    assert str(caught.value) == f"{url} does not answer: BadStatusLine"


def test_who_is_trusted_is_read_again_when_the_file_changes(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old, new = pki.make_ca("old", now), pki.make_ca("new", now)
    ca, *files = (tmp_path / name for name in ("ca.pem", "server.key", "server.pem"))
    pki.save(pki.issue_tls_server(new, now), *files)

    def talk(connection: socket.socket, _: threading.Event) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files[1], files[0])
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1 << 16)
            secure.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")

    def ask() -> bytes:
        with peer(talk) as url:
            address = url.replace("http:", "https:")
            return get(address, headers={}, trust=Trust(ca, beside_system=False), timeout=5).body

    pki.replace_file(ca, old.certificate_pem)
    with pytest.raises(SendError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        ask()
    assert not caught.value.sent
    pki.replace_file(ca, new.certificate_pem)
    assert (ask(), ask()) == (b"ok", b"ok")
    ca.unlink()
    with pytest.raises(ConfigError, match="TLS files"):
        get("https://127.0.0.1:9/", headers={}, trust=Trust(ca, beside_system=False))

"""An HTTP connection that has one deadline for everything: connecting, handshake, sending, waiting and reading.

http.client knows a timeout for each single operation only: whoever drips could hold us for ever.
"""

import http.client
import io
import socket
import ssl
import time
from functools import partial
from typing import Any

#: Bytes that are sent under one look at the clock: a TLS record.
_SLICE = 1 << 14


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds, more than 0. Raises TimeoutError."""
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining


class Connection(http.client.HTTPConnection):
    """Over TLS where there is a context. Only the resolver's time is its own.

    `connected`: as long as it is False, the other side has read nothing of what was to be sent.
    """

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext | None, deadline: Deadline) -> None:
        self.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        super().__init__(host, port)
        self._context = context
        self._deadline = deadline
        self.connected = False
        self.response_class = partial(_Response, deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        """Tries the host's addresses, each with its share of what remains. Raises OSError."""
        addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for left in range(len(addresses), 0, -1):
            address = addresses[-left][4][:2]
            try:
                sock = socket.create_connection((str(address[0]), int(address[1])), self._deadline.remaining() / left)
                break
            except OSError:
                if left == 1:
                    raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context:
            sock.settimeout(self._deadline.remaining())
            sock = self._context.wrap_socket(sock, server_hostname=self.host)
        self.sock = sock
        self.connected = True

    def send(self, data: Any) -> None:
        """See http.client; `data` is bytes here."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _SLICE):
            self.sock.settimeout(self._deadline.remaining())
            self.sock.sendall(data[start : start + _SLICE])


class _Response(http.client.HTTPResponse):
    def __init__(self, deadline: Deadline, sock: socket.socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, deadline))


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open for as long as there is something to read
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
